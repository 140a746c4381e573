//! HTTPS for clients: the files of the certificate and of its key.

use std::io;
use std::path::{Path, PathBuf};

use super::desk::Desk;
use super::report::{Problem, shown};
use super::settings::{Secret, TlsFiles};

const CERTIFICATE: &str = "PROXY_TLS_CERT_FILE";
const KEY: &str = "PROXY_TLS_KEY_FILE";

/// Reads both files. `None` if there are none, or if something was wrong; the desk then holds the problem.
pub(super) fn read_tls(desk: &mut Desk<'_>) -> Option<TlsFiles> {
    let (certificate, key) = (desk.text(CERTIFICATE), desk.text(KEY));
    for (name, given, other) in [(CERTIFICATE, &certificate, &key), (KEY, &key, &certificate)] {
        if given.is_none() && other.is_some() && !desk.has_problem(name) {
            desk.problem(Problem::hidden(
                name,
                "not set, expected the path of a PEM file: HTTPS needs certificate and key, so set both or neither",
            ));
        }
    }
    let certificate_pem = certificate
        .as_ref()
        .map(|path| read(desk, CERTIFICATE, path));
    let key_pem = key.as_ref().map(|path| read(desk, KEY, path));
    Some(TlsFiles {
        certificate: PathBuf::from(certificate?),
        certificate_pem: certificate_pem??,
        key: PathBuf::from(key?),
        key_pem: Secret::new(key_pem??),
    })
}

fn read(desk: &mut Desk<'_>, name: &'static str, path: &str) -> Option<String> {
    match desk.read_file(Path::new(path)) {
        Ok(file) => {
            if name == KEY && file.world_readable {
                desk.warn(format!(
                    "{name}={} may be read by everybody on this machine; chmod 600 it",
                    shown(path)
                ));
            }
            Some(file.text)
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            let expected =
                "a text file in PEM form: convert a binary one with openssl x509 or openssl pkey";
            desk.problem(Problem::value(name, path, expected));
            None
        }
        Err(error) => {
            let path = shown(path);
            let text = format!(
                "{path} cannot be read ({error}): expected a PEM file that this service may read"
            );
            desk.problem(Problem::hidden(name, text));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use crate::config::{Config, Environment, FileText, TlsFiles};

    const BOTH: [(&str, &str); 2] = [
        ("PROXY_TLS_CERT_FILE", "/tls/cert.pem"),
        ("PROXY_TLS_KEY_FILE", "/tls/key.pem"),
    ];

    fn file(path: &Path) -> io::Result<FileText> {
        let (text, world_readable) = match path.to_str() {
            Some("/tls/cert.pem") => ("certificate", true),
            Some("/tls/key.pem") => ("hush", false),
            Some("/tls/open.pem") => ("hush", true),
            Some("/tls/binary") => return Err(io::ErrorKind::InvalidData.into()),
            _ => return Err(io::ErrorKind::NotFound.into()),
        };
        let text = text.to_owned();
        Ok(FileText {
            text,
            world_readable,
        })
    }

    fn read(settings: &[(&str, &str)]) -> Result<(Option<TlsFiles>, Vec<String>), Vec<String>> {
        let variables = settings
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        match Config::tls_from_lookup(&Environment::new(variables, &file)) {
            Ok((files, warnings)) => {
                Ok((files, warnings.iter().map(ToString::to_string).collect()))
            }
            Err(errors) => Err(errors.problems.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn both_files_or_neither() {
        assert_eq!(read(&[]), Ok((None, vec![])));
        let (files, warnings) = read(&BOTH).expect("two good files");
        let files = files.expect("two files");
        assert_eq!(warnings, Vec::<String>::new());
        assert_eq!(files.certificate_pem, "certificate");
        assert_eq!(files.key_pem.expose(), "hush");
        assert!(!format!("{files:?}").contains("hush"));
        for (alone, missing) in [(0, "PROXY_TLS_KEY_FILE"), (1, "PROXY_TLS_CERT_FILE")] {
            let problems = read(&BOTH[alone..=alone]).expect_err("half of it");
            assert_eq!(problems.len(), 1, "{problems:?}");
            let expected = format!("{missing}: not set, expected the path of a PEM file");
            assert!(problems[0].starts_with(&expected), "{problems:?}");
        }
    }

    #[test]
    fn every_file_that_cannot_be_read_is_named() {
        let problems = read(&[
            ("PROXY_TLS_CERT_FILE", "/tls/none"),
            ("PROXY_TLS_KEY_FILE", "/tls/binary"),
        ])
        .expect_err("two bad files");
        assert_eq!(
            problems,
            [
                "PROXY_TLS_CERT_FILE: \"/tls/none\" cannot be read (entity not found): expected a PEM file that this service may read",
                "PROXY_TLS_KEY_FILE=\"/tls/binary\": expected a text file in PEM form: convert a binary one with openssl x509 or openssl pkey",
            ]
        );
    }

    #[test]
    fn a_key_for_everybody_is_worth_a_word() {
        let (_, warnings) =
            read(&[BOTH[0], ("PROXY_TLS_KEY_FILE", "/tls/open.pem")]).expect("good");
        assert_eq!(
            warnings,
            [
                "PROXY_TLS_KEY_FILE=\"/tls/open.pem\" may be read by everybody on this machine; chmod 600 it"
            ]
        );
    }
}
