//! `cargo xtask crashes`: a worker dies at every single point of a deployment of a hundred resources.

use anyhow::bail;

/// The test that tries some of these points in every run of the tests.
const TEST: &str = "a_hundred_resources_survive_a_death_at_any_point";

/// Lets a worker die at every point of a deployment of a hundred resources; takes long.
#[derive(clap::Args)]
pub struct Args {
    /// Steps between two points that are tried.
    #[arg(long, default_value_t = 1)]
    stride: u64,
}

/// Runs the test with all points.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments = ["test", "-p", "radii-runtime", "--test", "lifecycle", TEST, "--", "--nocapture"];
    let status = std::process::Command::new(cargo)
        .args(arguments)
        .env("RADII_CRASH_STRIDE", args.stride.to_string())
        .status()?;
    if !status.success() {
        bail!("a deployment did not survive the death of its worker; the point stands above");
    }
    Ok(())
}
