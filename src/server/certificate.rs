//! The certificate that clients are shown: read at the start, read again on SIGHUP.

use std::path::PathBuf;

use log::{error, info, warn};

use crate::config::{Config, TlsFiles};
use crate::gate::{Certificate, CertificateError, Gates};

/// The two files as they were found, `None` if no HTTPS is wanted, and what is odd about them; or what is wrong, one line
/// each.
pub type FoundTls = Result<(Option<TlsFiles>, Vec<String>), Vec<String>>;

/// Reads the files of the certificate again. The doorway knows them; this room only asks.
pub type RereadTls = Box<dyn Fn() -> FoundTls + Send + Sync>;

/// The file of the certificate that clients would be shown; `None` if no HTTPS is wanted.
///
/// # Errors
/// It cannot be used, as [`super::Server::start`] would say.
pub fn certificate_file(config: &Config) -> Result<Option<PathBuf>, CertificateError> {
    let Some(files) = &config.proxy.tls else {
        return Ok(None);
    };
    Certificate::new(files).map(|_| Some(files.certificate.clone()))
}

/// What is in force, and where it comes from.
pub(super) struct Certificates {
    in_force: Option<TlsFiles>,
    reread: RereadTls,
}

impl Certificates {
    pub(super) fn new(files: Option<TlsFiles>, reread: RereadTls) -> Certificates {
        Certificates {
            in_force: files,
            reread,
        }
    }

    /// The certificate for new gates; `None` if no HTTPS is wanted.
    pub(super) fn load(&self) -> Result<Option<Certificate>, CertificateError> {
        self.in_force.as_ref().map(Certificate::new).transpose()
    }

    /// Reads the files again, and shows what they hold to whoever connects from now on. Whatever is wrong with them, the
    /// certificate in force stays.
    pub(super) fn renew(&mut self, gates: &Gates) {
        let Some(in_force) = &mut self.in_force else {
            return; // HTTPS does not come or go while the service runs: clients would find another protocol
        };
        let (files, warnings) = match (self.reread)() {
            Ok((Some(files), warnings)) => (files, warnings),
            Ok((None, _)) => return,
            Err(problems) => {
                for problem in problems {
                    error!("reload: {problem}; the certificate in force stays");
                }
                return;
            }
        };
        if *in_force == files {
            info!("reload: the certificate has not changed");
            return; // clients can go on resuming their sessions
        }
        match Certificate::new(&files) {
            Ok(certificate) => {
                for warning in warnings {
                    warn!("reload: {warning}");
                }
                gates.renew(certificate);
                info!("reload: new connections are shown the new certificate");
                *in_force = files;
            }
            Err(error) => error!("reload: {error}; the certificate in force stays"),
        }
    }
}
