//! What the doorway reads from the disk: secrets and other small texts, and the log of `advise`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use confluence_attachment_proxy::account::Stamp;
use confluence_attachment_proxy::config::FileText;

/// Largest text file in bytes that is read. A token has some hundred; all the authorities of a system fill a quarter
/// megabyte.
const TEXT_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Of a file's mode: everybody may read it.
const READ_BY_OTHERS: u32 = 0o004;

/// Reads a secret or another small text file.
pub fn read_text_file(path: &Path) -> io::Result<FileText> {
    // Nobody may ever write into a pipe, and then opening or reading it would not end.
    if std::fs::metadata(path)?.file_type().is_fifo() {
        return Err(io::Error::other("it is a pipe"));
    }
    let file = File::open(path)?;
    let world_readable = file.metadata()?.mode() & READ_BY_OTHERS != 0; // of what was opened, not of what is there now
    let mut bytes = Vec::new();
    file.take(TEXT_FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if TEXT_FILE_BYTES_MAX < bytes.len() as u64 {
        return Err(io::Error::other("it is larger than 4MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text") // whose own error holds the bytes
    })?;
    Ok(FileText {
        text,
        world_readable,
    })
}

/// When files were changed and how long they are.
pub fn stamp(files: &[PathBuf]) -> Stamp {
    files
        .iter()
        .map(|file| {
            let found = std::fs::metadata(file).ok()?;
            Some((found.modified().ok()?, found.len()))
        })
        .collect()
}

/// Opens a log; `-` is standard input.
pub fn open_log(path: &Path) -> io::Result<Box<dyn BufRead>> {
    Ok(match path == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(BufReader::new(File::open(path)?)),
    })
}
