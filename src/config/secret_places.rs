//! Where a secret can come from, which place wins, and whether what is there can be a secret at all.

use std::io;
use std::path::{Path, PathBuf};

use super::desk::Desk;
use super::report::Problem;
use super::settings::Secret;

/// Longest secret; whoever points at something bigger points at the wrong file.
const SECRET_BYTES_MAX: usize = 16 * 1024;

/// The account's password or API token.
pub(super) const API_TOKEN: Places = Places {
    what: "API token",
    expected: "the password or API token",
    variable: "CONFLUENCE_API_TOKEN",
    file_variable: "CONFLUENCE_API_TOKEN_FILE",
    credentials: [
        "confluence-api-token",
        "confluence-attachment-proxy_confluence-api-token",
    ],
};

/// A personal access token of Data Center, which needs no account name.
pub(super) const PERSONAL_TOKEN: Places = Places {
    what: "personal token",
    expected: "the personal access token",
    variable: "CONFLUENCE_PERSONAL_TOKEN",
    file_variable: "CONFLUENCE_PERSONAL_TOKEN_FILE",
    credentials: [
        "confluence-personal-token",
        "confluence-attachment-proxy_confluence-personal-token",
    ],
};

/// The places of one secret.
pub(super) struct Places {
    /// What it is called where it is given twice.
    pub what: &'static str,
    /// What should be there.
    pub expected: &'static str,
    /// The variable that holds it.
    pub variable: &'static str,
    /// The variable that names its file.
    pub file_variable: &'static str,
    /// Its names among systemd's credentials. The one loaded under its own name is a drop-in of the operator's: it
    /// stands first and wins over the other, which comes from the shipped directory.
    credentials: [&'static str; 2],
}

/// A place that holds a secret, and what it holds.
pub(super) struct Found {
    /// The variable that problems name.
    pub name: &'static str,
    /// The place in the operator's words.
    pub place: String,
    /// The file it is in; none if it is in the variable.
    file: Option<PathBuf>,
    text: io::Result<String>,
}

/// A secret that can be sent.
pub(super) struct Chosen {
    pub secret: Secret,
    /// The file it comes from; none if it comes from a variable.
    pub file: Option<PathBuf>,
}

impl Places {
    /// Every place that holds the secret, the one that wins first.
    pub fn find(&self, desk: &mut Desk<'_>) -> Vec<Found> {
        let mut found = Vec::new();
        found.extend(self.in_named_file(desk));
        if let Some(directory) = desk.foreign_path("CREDENTIALS_DIRECTORY") {
            for file in self.credentials {
                found.extend(self.in_credential(desk, directory.join(file), file));
            }
        }
        if let Some(text) = desk.raw_text(self.variable) {
            found.push(Found {
                name: self.variable,
                place: self.variable.to_owned(),
                file: None,
                text: Ok(text),
            });
        }
        found
    }

    /// Whether a variable of this secret is set to something that cannot be read; the problem is noted.
    pub fn are_broken(&self, desk: &Desk<'_>) -> bool {
        let names = [self.variable, self.file_variable];
        names.iter().any(|name| desk.has_problem(name))
    }

    /// Takes the secret from the first place and warns of the others.
    pub fn choose(&self, desk: &mut Desk<'_>, winner: Found, losers: &[Found]) -> Option<Chosen> {
        for loser in losers {
            desk.warn(format!(
                "the {} is given twice: {} is used, {} is not; remove one",
                self.what, winner.place, loser.place
            ));
        }
        let Found {
            name, place, file, ..
        } = winner;
        let text = match winner.text {
            Ok(text) => text,
            Err(error) => {
                let text = format!(
                    "{place} cannot be read ({error}): expected a text file that this service may read"
                );
                desk.problem(Problem::hidden(name, text));
                return None;
            }
        };
        let secret = without_newline(&text);
        if let Some(flaw) = self.flaw(secret) {
            desk.problem(Problem::hidden(name, format!("{place} {flaw}")));
            return None;
        }
        if secret.starts_with(' ') || secret.ends_with(' ') {
            desk.warn(format!(
                "{place} begins or ends with a space, which is sent as well; remove it if it is not part of the token"
            ));
        }
        let secret = Secret::new(secret);
        Some(Chosen { secret, file })
    }

    fn in_named_file(&self, desk: &mut Desk<'_>) -> Option<Found> {
        let name = self.file_variable;
        let path = desk.optional_text(name)?;
        let place = format!("{name}={path:?}");
        let text = desk.read_file(Path::new(&path)).map(|file| {
            if file.world_readable {
                desk.warn(format!(
                    "{place} may be read by everybody on this machine; chmod 600 it"
                ));
            }
            file.text
        });
        Some(Found {
            name,
            place,
            file: Some(path.into()),
            text,
        })
    }

    /// One of systemd's credentials; a missing one is nothing special. Its directory is closed to others, whatever the
    /// mode of the file.
    fn in_credential(&self, desk: &Desk<'_>, path: PathBuf, file: &str) -> Option<Found> {
        let text = desk.read_file(&path).map(|file| file.text);
        if matches!(&text, Err(error) if error.kind() == io::ErrorKind::NotFound) {
            return None;
        }
        Some(Found {
            name: self.variable,
            place: format!("the systemd credential {file}"),
            file: Some(path),
            text,
        })
    }

    /// Why a secret cannot be the right one.
    fn flaw(&self, secret: &str) -> Option<String> {
        let expected = self.expected;
        if secret.is_empty() {
            return Some(format!("is empty: expected {expected}"));
        }
        if SECRET_BYTES_MAX < secret.len() {
            return Some(format!(
                "is longer than 16KiB: expected {expected} and nothing else"
            ));
        }
        if secret.contains(char::is_control) {
            return Some(format!(
                "contains a line break or another control character: expected {expected} on one line"
            ));
        }
        None
    }
}

/// Editors and `echo` end a file with one newline.
fn without_newline(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
