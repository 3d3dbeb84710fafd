//! Rebuilds the crate when a migration or an embedded file is added: the macros that embed folders do not notice.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for folder in ["migrations", "../dashboard", "../manifests/builtin"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
