//! The account: by personal token, or by name and API token.

use std::path::PathBuf;

use super::desk::Desk;
use super::report::Problem;
use super::secret_places::{API_TOKEN, Chosen, Found, PERSONAL_TOKEN};
use super::settings::{Credentials, Kind};

/// An account that can be sent, and where its secret comes from.
pub(super) struct Account {
    pub credentials: Credentials,
    /// The file that holds the secret; none if a variable does.
    pub file: Option<PathBuf>,
}

/// Reads the account. `None` if something was wrong; the desk then holds the problem.
///
/// A personal token wins over an API token. `kind` is unknown where the address could not be read.
pub(super) fn read_account(desk: &mut Desk<'_>, kind: Option<Kind>) -> Option<Account> {
    let personal = PERSONAL_TOKEN.find(desk);
    let api = API_TOKEN.find(desk);
    match kind {
        Some(Kind::Cloud) => {
            refuse_personal_token(desk, personal.first());
            read_basic(desk, api)
        }
        Some(Kind::Server) | None if personal.is_empty() && !PERSONAL_TOKEN.are_broken(desk) => {
            read_basic(desk, api)
        }
        Some(Kind::Server) | None => read_bearer(desk, personal, &api),
    }
}

fn refuse_personal_token(desk: &mut Desk<'_>, found: Option<&Found>) {
    let Some(Found { name, place, .. }) = found else {
        return;
    };
    let text = format!(
        "{place} is a personal access token, which Atlassian Cloud does not take: remove it, and set CONFLUENCE_USERNAME to the account's e-mail address and CONFLUENCE_API_TOKEN_FILE to the file of its API token"
    );
    desk.problem(Problem::hidden(name, text));
}

fn read_bearer(desk: &mut Desk<'_>, personal: Vec<Found>, api: &[Found]) -> Option<Account> {
    let name = "CONFLUENCE_USERNAME";
    if desk.optional_text(name).is_some() {
        desk.warn(format!(
            "{name}: not used, since there is a personal token; remove it"
        ));
    }
    let mut personal = personal.into_iter();
    let winner = personal.next()?;
    for loser in api {
        desk.warn(format!(
            "a personal token and an API token are given: {} is used, {} is not; remove one",
            winner.place, loser.place
        ));
    }
    let Chosen { secret, file } = PERSONAL_TOKEN.choose(desk, winner, personal.as_slice())?;
    let credentials = Credentials::Bearer { token: secret };
    Some(Account { credentials, file })
}

fn read_basic(desk: &mut Desk<'_>, api: Vec<Found>) -> Option<Account> {
    let username = read_username(desk);
    let mut api = api.into_iter();
    let Some(winner) = api.next() else {
        // A variable that is not UTF-8 has been reported already.
        if !API_TOKEN.are_broken(desk) {
            desk.problem(Problem::hidden(
                API_TOKEN.variable,
                "not set, expected the password or API token of the account: name its file in CONFLUENCE_API_TOKEN_FILE",
            ));
        }
        return None;
    };
    let Chosen { secret, file } = API_TOKEN.choose(desk, winner, api.as_slice())?;
    let credentials = Credentials::Basic {
        username: username?,
        token: secret,
    };
    Some(Account { credentials, file })
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use crate::config::{Config, Credentials, Environment, FileText};

    const URL: (&str, &str) = ("CONFLUENCE_URL", "https://wiki");
    const CLOUD: (&str, &str) = ("CONFLUENCE_URL", "https://a.atlassian.net");
    const USERNAME: (&str, &str) = ("CONFLUENCE_USERNAME", "reader");
    const DIRECTORY: (&str, &str) = ("CREDENTIALS_DIRECTORY", "/run/cred");
    const FILE: (&str, &str) = ("CONFLUENCE_API_TOKEN_FILE", "/run/token");
    const PLAIN: (&str, &str) = ("CONFLUENCE_API_TOKEN", "plain");
    const OWN: &str = "/run/cred/confluence-api-token";
    const SHIPPED: &str = "/run/cred/confluence-attachment-proxy_confluence-api-token";
    const PERSONAL_FILE: (&str, &str) = ("CONFLUENCE_PERSONAL_TOKEN_FILE", "/run/personal");
    const PERSONAL: (&str, &str) = ("CONFLUENCE_PERSONAL_TOKEN", "plain");
    const PERSONAL_OWN: &str = "/run/cred/confluence-personal-token";
    const PERSONAL_SHIPPED: &str =
        "/run/cred/confluence-attachment-proxy_confluence-personal-token";

    /// What was read from good settings.
    struct Good {
        /// The account as the log shows it.
        account: String,
        token: String,
        files: Vec<String>,
        warnings: String,
    }

    /// A file that everybody may read has `/open/` in its path; one that holds `forbidden` cannot be read.
    fn read(variables: &[(&str, &str)], files: &[(&str, &str)]) -> Result<Good, String> {
        let all = [&URL].into_iter().chain(variables);
        let all = all.map(|(name, value)| (name.into(), value.into()));
        let read_file = |path: &Path| {
            let path = path.to_str().expect("a plain path");
            match files.iter().find(|(name, _)| path == *name) {
                Some((_, "forbidden")) => Err(io::ErrorKind::PermissionDenied.into()),
                Some((_, text)) => Ok(FileText {
                    text: (*text).to_owned(),
                    world_readable: path.contains("/open/"),
                }),
                None => Err(io::ErrorKind::NotFound.into()),
            }
        };
        let (config, warnings) = Config::from_lookup(&Environment::new(all, &read_file))
            .map_err(|errors| errors.to_string())?;
        let shown = format!("{config:?}");
        let confluence = config.confluence;
        let account = confluence.credentials.account().to_owned();
        let (Credentials::Basic { token, .. } | Credentials::Bearer { token }) =
            confluence.credentials;
        let token = token.expose().to_owned();
        assert!(!shown.contains(&format!("\"{token}")), "{shown}");
        let path = |path: &std::path::PathBuf| path.display().to_string();
        let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        Ok(Good {
            account,
            token,
            files: confluence.files.iter().map(path).collect(),
            warnings: warnings.join("; "),
        })
    }

    /// The variables, the number of files from the end of the list, the token, the file it is in, and the warning.
    type Row<'a> = (&'a [(&'a str, &'a str)], usize, &'a str, &'a str, &'a str);

    #[track_caller]
    fn check_places(files: &[(&str, &str)], account: &str, rows: &[Row<'_>]) {
        for (variables, count, token, file, warning) in rows {
            let files = &files[files.len() - count..];
            let good = read(variables, files).expect("a good account");
            assert_eq!(good.account, account, "{variables:?}");
            assert_eq!(good.token, *token, "{variables:?}");
            assert_eq!(good.files.join(" "), *file, "{variables:?}");
            let warnings = good.warnings;
            assert_eq!(warnings.is_empty(), warning.is_empty(), "{warnings}");
            assert!(warnings.contains(warning), "{warning}: {warnings}");
            assert!(
                !warnings.contains("own is") && !warnings.contains("\"plain"),
                "{warnings}"
            );
        }
    }

    #[test]
    fn the_file_wins_over_the_credential_and_that_over_the_variable() {
        check_places(
            &[(SHIPPED, "shipped"), (OWN, "own"), ("/run/token", "file")],
            "reader",
            &[
                (
                    &[USERNAME, FILE, DIRECTORY, PLAIN],
                    3,
                    "file",
                    "/run/token",
                    "CONFLUENCE_API_TOKEN_FILE=\"/run/token\" is used",
                ),
                (
                    &[USERNAME, FILE, PLAIN],
                    1,
                    "file",
                    "/run/token",
                    "the API token is given twice: CONFLUENCE_API_TOKEN_FILE=\"/run/token\" is used, CONFLUENCE_API_TOKEN is not",
                ),
                (
                    &[USERNAME, DIRECTORY, PLAIN],
                    3,
                    "own",
                    OWN,
                    "credential confluence-api-token is used",
                ),
                (&[USERNAME, DIRECTORY, PLAIN], 0, "plain", "", ""),
                (&[USERNAME, PLAIN], 3, "plain", "", ""),
            ],
        );
        check_places(
            &[(SHIPPED, "shipped")],
            "reader",
            &[(&[USERNAME, DIRECTORY], 1, "shipped", SHIPPED, "")],
        );
    }

    #[test]
    fn a_personal_token_has_the_same_places_and_needs_no_name() {
        check_places(
            &[
                (PERSONAL_SHIPPED, "shipped"),
                (PERSONAL_OWN, "own"),
                ("/run/personal", "file\n"),
            ],
            "personal token",
            &[
                (
                    &[PERSONAL_FILE, DIRECTORY, PERSONAL],
                    3,
                    "file",
                    "/run/personal",
                    "the personal token is given twice: CONFLUENCE_PERSONAL_TOKEN_FILE=\"/run/personal\" is used, the systemd credential confluence-personal-token is not",
                ),
                (
                    &[DIRECTORY, PERSONAL],
                    3,
                    "own",
                    PERSONAL_OWN,
                    "the systemd credential confluence-personal-token is used, CONFLUENCE_PERSONAL_TOKEN is not",
                ),
                (&[DIRECTORY, PERSONAL], 0, "plain", "", ""),
                (&[PERSONAL], 3, "plain", "", ""),
            ],
        );
    }

    #[test]
    fn a_personal_token_wins_over_an_api_token() {
        check_places(
            &[
                (PERSONAL_SHIPPED, "shipped"),
                (OWN, "hush"),
                ("/run/token", "hush"),
            ],
            "personal token",
            &[
                (
                    &[PERSONAL, PLAIN],
                    0,
                    "plain",
                    "",
                    "a personal token and an API token are given: CONFLUENCE_PERSONAL_TOKEN is used, CONFLUENCE_API_TOKEN is not; remove one",
                ),
                (
                    &[DIRECTORY, FILE],
                    3,
                    "shipped",
                    PERSONAL_SHIPPED,
                    "credential confluence-attachment-proxy_confluence-personal-token is used, the systemd credential confluence-api-token is not",
                ),
                (
                    &[USERNAME, PERSONAL],
                    0,
                    "plain",
                    "",
                    "CONFLUENCE_USERNAME: not used, since there is a personal token; remove it",
                ),
            ],
        );
        let odd = ("CONFLUENCE_USERNAME", "a:b");
        assert!(read(&[odd, PERSONAL], &[]).is_ok(), "a name is not sent");
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
            let good = read(&[USERNAME, FILE], &[("/run/token", text)]).expect("good");
            assert_eq!(good.token, expected, "{text:?}");
        }
        let good = read(&[USERNAME, ("CONFLUENCE_API_TOKEN", "hush ")], &[]).expect("good");
        assert_eq!(good.token, "hush ");
        assert!(
            good.warnings.contains("ends with a space") && !good.warnings.contains("hush"),
            "{}",
            good.warnings
        );
    }

    #[test]
    fn a_secret_file_that_everybody_may_read_is_a_warning() {
        for (variables, path, warned) in [
            (
                &[USERNAME, ("CONFLUENCE_API_TOKEN_FILE", "/open/t")][..],
                "/open/t",
                true,
            ),
            (
                &[("CONFLUENCE_PERSONAL_TOKEN_FILE", "/open/t")],
                "/open/t",
                true,
            ),
            (&[PERSONAL_FILE], "/run/personal", false),
            (
                &[USERNAME, ("CREDENTIALS_DIRECTORY", "/open")],
                "/open/confluence-api-token",
                false,
            ),
            (
                &[("CREDENTIALS_DIRECTORY", "/open/x")],
                "/open/x/confluence-personal-token",
                false,
            ),
        ] {
            let warnings = read(variables, &[(path, "hush")]).expect("good").warnings;
            let expected = format!("_FILE={path:?} may be read by everybody");
            assert_eq!(warnings.contains(&expected), warned, "{path}: {warnings}");
            assert_eq!(warnings.contains("chmod 600"), warned, "{path}: {warnings}");
            assert!(!warnings.contains("hush"), "{warnings}");
        }
    }

    #[test]
    fn atlassian_cloud_takes_no_personal_token() {
        for (variables, expected) in [
            (
                &[CLOUD, USERNAME, PLAIN, PERSONAL][..],
                &["CONFLUENCE_PERSONAL_TOKEN: "][..],
            ),
            (
                &[CLOUD, USERNAME, PLAIN, PERSONAL_FILE],
                &["CONFLUENCE_PERSONAL_TOKEN_FILE: "],
            ),
            (
                &[CLOUD, USERNAME, PLAIN, DIRECTORY],
                &["CONFLUENCE_PERSONAL_TOKEN: the systemd credential"],
            ),
            (
                &[("CONFLUENCE_KIND", "cloud"), PERSONAL],
                &[
                    "CONFLUENCE_PERSONAL_TOKEN: ",
                    "CONFLUENCE_USERNAME: not set",
                    "CONFLUENCE_API_TOKEN: not set",
                ],
            ),
        ] {
            let files = [("/run/personal", "hush"), (PERSONAL_OWN, "hush")];
            let problems = read(variables, &files).err().expect("a problem");
            let lines: Vec<&str> = problems.lines().collect();
            assert_eq!(lines.len(), expected.len(), "{problems}");
            for (line, start) in lines.iter().zip(expected) {
                assert!(line.starts_with(start), "{start}: {line}");
            }
            assert!(
                lines[0].contains("e-mail") && lines[0].contains("CONFLUENCE_API_TOKEN_FILE"),
                "{problems}"
            );
            assert!(!problems.contains("hush"), "{problems}");
        }
    }

    #[test]
    fn a_secret_that_cannot_be_right_is_a_problem_and_is_not_shown() {
        let long = "hush".repeat(5000);
        for (variables, files, expected) in [
            (&[USERNAME][..], &[][..], "CONFLUENCE_API_TOKEN: not set"),
            (
                &[USERNAME, ("CONFLUENCE_API_TOKEN_FILE", " ")],
                &[],
                "CONFLUENCE_API_TOKEN: not set",
            ),
            (&[PLAIN], &[], "CONFLUENCE_USERNAME: not set"),
            (
                &[USERNAME, FILE],
                &[],
                "CONFLUENCE_API_TOKEN_FILE: CONFLUENCE_API_TOKEN_FILE=\"/run/token\" cannot be read",
            ),
            (&[USERNAME, FILE, PLAIN], &[], "cannot be read"),
            (
                &[USERNAME, DIRECTORY, PLAIN],
                &[(OWN, "forbidden")],
                "credential confluence-api-token cannot be read (permission denied)",
            ),
            (
                &[PERSONAL_FILE, USERNAME, PLAIN],
                &[],
                "CONFLUENCE_PERSONAL_TOKEN_FILE: CONFLUENCE_PERSONAL_TOKEN_FILE=\"/run/personal\" cannot be read",
            ),
            (
                &[DIRECTORY],
                &[(PERSONAL_OWN, "\n")],
                "CONFLUENCE_PERSONAL_TOKEN: the systemd credential confluence-personal-token is empty: expected the personal access token",
            ),
            (
                &[("CONFLUENCE_PERSONAL_TOKEN", "hush\thush")],
                &[],
                "control character: expected the personal",
            ),
            (&[USERNAME, FILE], &[("/run/token", "\n")], "is empty"),
            (
                &[USERNAME, FILE],
                &[("/run/token", "hush\n\n")],
                "line break",
            ),
            (
                &[USERNAME, FILE],
                &[("/run/token", "hush\0")],
                "control character",
            ),
            (
                &[USERNAME, ("CONFLUENCE_API_TOKEN", "hu\u{85}sh")],
                &[],
                "control character",
            ),
            (
                &[USERNAME, FILE],
                &[("/run/token", long.as_str())],
                "longer than 16KiB",
            ),
        ] {
            let problems = read(variables, files).err().expect("a bad secret");
            assert!(problems.contains(expected), "{expected}: {problems}");
            assert!(!problems.contains("hu"), "{problems}");
            assert_eq!(problems.lines().count(), 1, "{problems}");
        }
    }
}
