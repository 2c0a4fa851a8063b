//! Folders of this program: what lies in them (the journal, rescued secrets, the
//! cache, the configuration) is its owner's alone, so nobody else can even look
//! in. One place, so that none of them is the one that forgot it.

use std::fs::DirBuilder;
use std::io;
use std::path::Path;

/// Creates a folder, and those above it, that only its owner can enter.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
