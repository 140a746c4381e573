//! Where the account's secret is read again. The doorway knows the files; this room only asks.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::config::ConfluenceConfig;

/// How often the files of the secret are looked at: soon enough for whoever has just changed one and waits for it.
const LOOK: Duration = Duration::from_secs(30);

/// The state of each file, to be compared: when it was changed, and how long it is. `None` for one that is not there.
pub type Stamp = Vec<Option<(SystemTime, u64)>>;

/// What was read again: the settings of the other side, and what is odd about them, one line each.
pub type Found = (ConfluenceConfig, Vec<String>);

/// Reads the settings again. What is wrong comes back as one line each.
type Reread = Box<dyn Fn() -> Result<Found, Vec<String>> + Send>;

/// Looks at files without reading them.
type Look = Box<dyn Fn(&[PathBuf]) -> Stamp + Send>;

/// How the keeper gets at the secret.
pub struct Secrets {
    pub(super) reread: Reread,
    pub(super) look: Look,
    pub(super) every: Duration,
}

impl Secrets {
    /// Files that are read again by `reread` and looked at by `look`, both on the keeper's thread.
    pub fn new(
        reread: impl Fn() -> Result<Found, Vec<String>> + Send + 'static,
        look: impl Fn(&[PathBuf]) -> Stamp + Send + 'static,
    ) -> Secrets {
        Secrets {
            reread: Box::new(reread),
            look: Box::new(look),
            every: LOOK,
        }
    }

    /// The same, looked at at another pace.
    pub fn every(mut self, pace: Duration) -> Secrets {
        self.every = pace;
        self
    }

    /// A secret that stays as it is.
    pub fn fixed(settings: ConfluenceConfig) -> Secrets {
        Secrets::new(move || Ok((settings.clone(), Vec::new())), |_| Stamp::new())
    }
}
