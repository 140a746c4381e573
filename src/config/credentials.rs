//! The account: which of three places the secret comes from, and whether it can be sent at all.

use std::io;
use std::path::{Path, PathBuf};

use super::desk::Desk;
use super::report::Problem;
use super::settings::{Credentials, Secret};

/// Name of the secret among systemd's credentials.
const CREDENTIAL: &str = "confluence-api-token";
/// The same when a whole directory was loaded under our name.
const CREDENTIAL_OF_DIRECTORY: &str = "confluence-attachment-proxy_confluence-api-token";
/// Longest secret; whoever points at something bigger points at the wrong file.
const SECRET_BYTES_MAX: usize = 16 * 1024;

/// A place that holds a secret, and what it holds.
struct Found {
    /// The variable that problems name.
    name: &'static str,
    /// The place in the operator's words.
    place: String,
    text: io::Result<String>,
}

/// Reads the account. `None` if something was wrong; the desk then holds the problem.
pub(super) fn read_credentials(desk: &mut Desk<'_>) -> Option<Credentials> {
    let username = read_username(desk);
    let token = read_token(desk);
    Some(Credentials::Basic {
        username: username?,
        token: token?,
    })
}

fn read_username(desk: &mut Desk<'_>) -> Option<String> {
    let name = "CONFLUENCE_USERNAME";
    let username = desk.text(name)?;
    if username.contains(':') {
        let expected = "an account name without a colon, which Basic Auth cannot carry";
        desk.problem(Problem::value(name, &username, expected));
        return None;
    }
    if username.contains(char::is_control) {
        let expected = "an account name without control characters";
        desk.problem(Problem::value(name, &username, expected));
        return None;
    }
    Some(username)
}

fn read_token(desk: &mut Desk<'_>) -> Option<Secret> {
    let mut found = places(desk).into_iter();
    let Some(winner) = found.next() else {
        // A variable that is not UTF-8 has been reported already.
        let names = ["CONFLUENCE_API_TOKEN", "CONFLUENCE_API_TOKEN_FILE"];
        if !names.iter().any(|name| desk.has_problem(name)) {
            desk.problem(Problem::hidden(
                "CONFLUENCE_API_TOKEN",
                "not set, expected the password or API token of the account: name its file in CONFLUENCE_API_TOKEN_FILE",
            ));
        }
        return None;
    };
    for loser in found {
        desk.warn(format!(
            "the API token is given twice: {} is used, {} is not; remove one",
            winner.place, loser.place
        ));
    }
    let text = match winner.text {
        Ok(text) => text,
        Err(error) => {
            let text = format!(
                "{} cannot be read ({error}): expected a text file that this service may read",
                winner.place
            );
            desk.problem(Problem::hidden(winner.name, text));
            return None;
        }
    };
    let secret = without_newline(&text);
    if let Some(flaw) = flaw(secret) {
        let text = format!("{} {flaw}", winner.place);
        desk.problem(Problem::hidden(winner.name, text));
        return None;
    }
    if secret.starts_with(' ') || secret.ends_with(' ') {
        desk.warn(format!(
            "{} begins or ends with a space, which is sent as well; remove it if it is not part of the token",
            winner.place
        ));
    }
    Some(Secret::new(secret))
}

/// Every place that holds a secret, the one that wins first.
fn places(desk: &mut Desk<'_>) -> Vec<Found> {
    let mut places = Vec::new();
    if let Some(path) = desk.text("CONFLUENCE_API_TOKEN_FILE") {
        places.push(Found {
            name: "CONFLUENCE_API_TOKEN_FILE",
            place: format!("CONFLUENCE_API_TOKEN_FILE={path:?}"),
            text: desk.read_file(Path::new(&path)),
        });
    }
    if let Some(directory) = desk.foreign_path("CREDENTIALS_DIRECTORY") {
        // The one loaded under its own name is a drop-in of the operator's: it wins over the shipped directory.
        for file in [CREDENTIAL, CREDENTIAL_OF_DIRECTORY] {
            places.extend(credential(desk, directory.join(file), file));
        }
    }
    if let Some(token) = desk.raw_text("CONFLUENCE_API_TOKEN") {
        places.push(Found {
            name: "CONFLUENCE_API_TOKEN",
            place: "CONFLUENCE_API_TOKEN".to_owned(),
            text: Ok(token),
        });
    }
    places
}

/// One of systemd's credentials; a missing one is nothing special.
fn credential(desk: &Desk<'_>, path: PathBuf, file: &str) -> Option<Found> {
    let text = desk.read_file(&path);
    if matches!(&text, Err(error) if error.kind() == io::ErrorKind::NotFound) {
        return None;
    }
    Some(Found {
        name: "CONFLUENCE_API_TOKEN",
        place: format!("the systemd credential {file}"),
        text,
    })
}

/// Editors and `echo` end a file with one newline.
fn without_newline(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// Why a secret cannot be the right one.
fn flaw(secret: &str) -> Option<&'static str> {
    if secret.is_empty() {
        return Some("is empty: expected the password or API token");
    }
    if SECRET_BYTES_MAX < secret.len() {
        return Some("is longer than 16KiB: expected the password or API token and nothing else");
    }
    if secret.contains(char::is_control) {
        return Some(
            "contains a line break or another control character: expected the password or API token on one line",
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Credentials, Environment};

    const FILE: (&str, &str) = ("CONFLUENCE_API_TOKEN_FILE", "/run/token");
    const DIRECTORY: (&str, &str) = ("CREDENTIALS_DIRECTORY", "/run/cred");
    const PLAIN: (&str, &str) = ("CONFLUENCE_API_TOKEN", "plain");
    const OWN: &str = "/run/cred/confluence-api-token";
    const SHIPPED: &str = "/run/cred/confluence-attachment-proxy_confluence-api-token";

    /// The token and the warnings, or the problems.
    fn read(
        variables: &[(&str, &str)],
        files: &[(&str, &str)],
    ) -> Result<(String, String), String> {
        let base = [
            ("CONFLUENCE_URL", "https://wiki"),
            ("CONFLUENCE_USERNAME", "reader"),
        ];
        let variables = base.iter().chain(variables);
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let read_file = |path: &std::path::Path| {
            let found = files.iter().find(|(name, _)| path.to_str() == Some(*name));
            match found {
                Some((_, "forbidden")) => Err(std::io::ErrorKind::PermissionDenied.into()),
                Some((_, text)) => Ok((*text).to_owned()),
                None => Err(std::io::ErrorKind::NotFound.into()),
            }
        };
        let environment = Environment::new(variables, &read_file);
        let (config, warnings) =
            Config::from_lookup(&environment).map_err(|errors| errors.to_string())?;
        let Credentials::Basic { token, .. } = config.confluence.credentials;
        let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        Ok((token.expose().to_owned(), warnings.join("; ")))
    }

    #[test]
    fn the_file_wins_over_the_credential_and_that_over_the_variable() {
        let files = [("/run/token", "file"), (OWN, "own"), (SHIPPED, "shipped")];
        for (variables, files, expected, winner) in [
            (
                &[FILE, DIRECTORY, PLAIN][..],
                &files[..],
                "file",
                "CONFLUENCE_API_TOKEN_FILE=\"/run/token\" is used",
            ),
            (
                &[FILE, PLAIN],
                &files[..1],
                "file",
                "CONFLUENCE_API_TOKEN is not",
            ),
            (
                &[DIRECTORY, PLAIN],
                &files[1..],
                "own",
                "credential confluence-api-token is used",
            ),
            (&[DIRECTORY], &files[2..], "shipped", ""),
            (&[DIRECTORY, PLAIN], &[], "plain", ""),
            (&[PLAIN], &files, "plain", ""),
        ] {
            let (token, warnings) = read(variables, files).expect("a good account");
            assert_eq!(token, expected, "{variables:?}");
            assert_eq!(warnings.is_empty(), winner.is_empty(), "{warnings}");
            assert!(warnings.contains(winner), "{warnings}");
            assert!(
                !warnings.contains("own is") && !warnings.contains("\"plain"),
                "{warnings}"
            );
        }
    }

    #[test]
    fn one_newline_is_taken_off() {
        for (text, expected) in [
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a", "a"),
            ("a b", "a b"),
            ("pä:ß", "pä:ß"),
        ] {
            let token = read(&[FILE], &[("/run/token", text)]).map(|(token, _)| token);
            assert_eq!(token.as_deref(), Ok(expected), "{text:?}");
        }
        let (token, warnings) = read(&[("CONFLUENCE_API_TOKEN", "hush ")], &[]).expect("good");
        assert_eq!(token, "hush ");
        assert!(
            warnings.contains("ends with a space") && !warnings.contains("hush"),
            "{warnings}"
        );
    }

    #[test]
    fn a_secret_that_cannot_be_right_is_a_problem_and_is_not_shown() {
        let long = "hush".repeat(5000);
        for (variables, files, expected) in [
            (&[][..], &[][..], "CONFLUENCE_API_TOKEN: not set"),
            (
                &[("CONFLUENCE_API_TOKEN_FILE", " ")],
                &[],
                "CONFLUENCE_API_TOKEN: not set",
            ),
            (
                &[FILE],
                &[],
                "CONFLUENCE_API_TOKEN_FILE: CONFLUENCE_API_TOKEN_FILE=\"/run/token\" cannot be read",
            ),
            (&[FILE, PLAIN], &[], "cannot be read"),
            (
                &[DIRECTORY, PLAIN],
                &[(OWN, "forbidden")],
                "credential confluence-api-token cannot be read (permission denied)",
            ),
            (&[FILE], &[("/run/token", "\n")], "is empty"),
            (&[FILE], &[("/run/token", "hush\n\n")], "line break"),
            (&[FILE], &[("/run/token", "hush\0")], "control character"),
            (
                &[("CONFLUENCE_API_TOKEN", "hu\u{85}sh")],
                &[],
                "control character",
            ),
            (
                &[FILE],
                &[("/run/token", long.as_str())],
                "longer than 16KiB",
            ),
        ] {
            let problems = read(variables, files).expect_err("a bad secret");
            assert!(problems.contains(expected), "{expected}: {problems}");
            assert!(!problems.contains("hu"), "{problems}");
            assert_eq!(problems.lines().count(), 1, "{problems}");
        }
    }
}
