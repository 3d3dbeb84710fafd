//! TypeSpec on disk: what the compiler may read.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use radii_diagnostics::SourceMap;
use typespec::{Compilation, Options, Registry, World};

/// The disk, read only.
pub struct Disk;

impl World for Disk {
    fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(path).ok()
    }

    fn is_file(&self, path: &str) -> bool {
        Utf8Path::new(path).is_file()
    }

    fn is_directory(&self, path: &str) -> bool {
        path.is_empty() || Utf8Path::new(path).is_dir()
    }

    fn real_path(&self, path: &str) -> String {
        Utf8Path::new(path).canonicalize_utf8().map_or_else(|_| path.to_owned(), Utf8PathBuf::into_string)
    }
}

/// Compiles a file, or the folder that it stands for, under the project's configuration.
///
/// The files join those that `sources` already holds.
pub fn compile(sources: SourceMap, entry: &Utf8Path, registry: &Registry) -> Compilation {
    compile_in(&Disk, sources, entry, registry)
}

/// As [`compile`], with files that need not be on disk as they are seen.
pub fn compile_in(world: &dyn World, sources: SourceMap, entry: &Utf8Path, registry: &Registry) -> Compilation {
    typespec::compile_after(sources, world, entry.as_str(), &Options::default(), registry)
}
