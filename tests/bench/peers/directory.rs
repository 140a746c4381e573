//! A server's directory in memory, so that no disk is measured.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Directories made so far: each has a name of its own.
static MADE: AtomicU32 = AtomicU32::new(0);

/// It goes, with all that is in it, when it is dropped.
pub struct Directory(PathBuf);

impl Directory {
    /// An empty one that any account may enter: servers started by root work as another.
    pub fn new() -> io::Result<Directory> {
        let shared = Path::new("/dev/shm");
        let parent = if shared.is_dir() {
            shared.to_owned()
        } else {
            std::env::temp_dir()
        };
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("bench-of-hits.{}.{number}", std::process::id()));
        fs::create_dir(&path)?;
        let directory = Directory(path);
        fs::set_permissions(&directory.0, fs::Permissions::from_mode(0o755))?;
        Ok(directory)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it and returns its path.
    pub fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0); // whatever stays is small, and in memory
    }
}
