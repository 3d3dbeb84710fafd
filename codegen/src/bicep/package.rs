//! Extension packages: tar archives, compressed, that come out the same every time (Bicep contract, part 2).

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};

/// Returns `types.tgz`: `index.json` first, then the files that it refers to.
///
/// # Errors
/// A name is longer than the archive format allows.
pub fn types_tgz(index: &str, files: &[(&str, &str)]) -> io::Result<Vec<u8>> {
    let entries = std::iter::once(("index.json", index.as_bytes()));
    tgz(entries.chain(files.iter().map(|(path, text)| (*path, text.as_bytes()))))
}

/// Returns the file that `bicepconfig.json` can name by its path: an archive that holds `types.tgz`.
///
/// # Errors
/// Never in practice: the archive is written to memory and its name is short.
pub fn local_package(types_tgz: &[u8]) -> io::Result<Vec<u8>> {
    tgz([("types.tgz", types_tgz)])
}

fn tgz<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> io::Result<Vec<u8>> {
    // Time stamp 0 and an unknown operating system keep the header the same on every machine.
    let gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::fast());
    let mut archive = tar::Builder::new(gzip);
    for (path, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, path, content)?;
    }
    let mut gzip = archive.into_inner()?;
    gzip.flush()?;
    gzip.finish()
}
