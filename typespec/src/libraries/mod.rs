//! The libraries that every `rad` brings along: texts, found by the name that an import gives.
//!
//! What a decorator of theirs does is written in [`crate::decorators`]; the texts only declare.

/// A library: TypeSpec files under the names by which they import each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Library {
    /// The name of the package, as imports write it.
    pub name: &'static str,
    /// The file that an import of the package loads.
    pub entry: &'static str,
    /// Every file: its path within the package, and its text.
    pub files: &'static [(&'static str, &'static str)],
}

impl Library {
    /// Returns the text of a file of the library.
    pub fn find_file(&self, path: &str) -> Option<&'static str> {
        self.files.iter().find(|(name, _)| *name == path).map(|(_, text)| *text)
    }
}

macro_rules! files {
    ($folder:literal: $($file:literal),*) => {
        &[$(($file, include_str!(concat!($folder, "/", $file)))),*]
    };
}

/// The standard library, which is part of every program.
pub static STANDARD: Library = Library {
    name: "@typespec/compiler",
    entry: "main.tsp",
    files: files!("standard": "main.tsp", "intrinsics.tsp", "prototypes.tsp", "reflection.tsp", "types.tsp",
        "decorators.tsp", "visibility.tsp"),
};

static IMPORTABLE: [Library; 7] = [
    Library { name: "@typespec/versioning", entry: "main.tsp", files: files!("versioning": "main.tsp") },
    Library { name: "@typespec/openapi", entry: "main.tsp", files: files!("openapi": "main.tsp") },
    Library { name: "@typespec/openapi3", entry: "main.tsp", files: files!("openapi3": "main.tsp") },
    Library { name: "@typespec/json-schema", entry: "main.tsp", files: files!("json-schema": "main.tsp") },
    Library {
        name: "@typespec/http",
        entry: "main.tsp",
        files: files!("http": "main.tsp", "decorators.tsp", "private.tsp", "responses.tsp", "authentication.tsp", "merge-patch.tsp"),
    },
    Library {
        name: "@typespec/rest",
        entry: "main.tsp",
        files: files!("rest": "main.tsp", "decorators.tsp", "resource.tsp"),
    },
    Library { name: "@radii/typespec", entry: "main.tsp", files: files!("../../../types/lib": "main.tsp") },
];

/// Whether one of the libraries declares a decorator of a name.
pub(crate) fn declares_decorator(name: &str) -> bool {
    let declared = format!("dec {name}(");
    all().flat_map(|library| library.files).any(|(_, text)| text.contains(&declared))
}

/// Finds the library that an import names.
///
/// The package of the compiler is there too: it may be imported by name although it is always loaded.
pub fn find(name: &str) -> Option<&'static Library> {
    all().find(|library| library.name == name)
}

/// All libraries, the standard one first.
pub fn all() -> impl Iterator<Item = &'static Library> {
    std::iter::once(&STANDARD).chain(&IMPORTABLE)
}
