//! The two families of environments and applications: `Applications.Core` and `Radius.Core`.

/// Which family a command works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// `Applications.Core`, the default.
    Applications,
    /// `Radius.Core`, with `--preview`.
    Radius,
}

impl Flavour {
    /// Returns what `--preview` or, without it, `RADIUS_PREVIEW` asks for.
    pub fn from_flag(preview: Option<bool>) -> Self {
        let preview = preview
            .unwrap_or_else(|| std::env::var("RADIUS_PREVIEW").is_ok_and(|value| value.eq_ignore_ascii_case("true")));
        if preview { Self::Radius } else { Self::Applications }
    }

    /// The namespace of its types.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::Applications => "Applications.Core",
            Self::Radius => "Radius.Core",
        }
    }

    /// The API version of its types.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Applications => crate::client::NATIVE_VERSION,
            Self::Radius => "2025-08-01-preview",
        }
    }

    /// Returns the family that the type of an id belongs to.
    pub fn of_id(id: &str) -> Self {
        if id.to_ascii_lowercase().contains("/providers/radius.core/") { Self::Radius } else { Self::Applications }
    }
}

/// The flag that chooses the family.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct PreviewFlag {
    /// Works on Radius.Core instead of Applications.Core [env: RADIUS_PREVIEW]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    preview: Option<bool>,
}

impl PreviewFlag {
    /// The family that was chosen.
    pub fn flavour(self) -> Flavour {
        Flavour::from_flag(self.preview)
    }
}
