//! What stands in front of the service, and how it says for whom it asks.

use super::desk::Desk;
use super::lookup::parsed;
use super::networks::{Networks, read_networks};
use super::report::Problem;

const TRUSTED: &str = "PROXY_TRUSTED_PROXIES";
const PROTOCOL: &str = "PROXY_PROTOCOL";

/// Reads which proxies are trusted, and whether those speak the PROXY protocol. `None`: the desk holds a problem.
pub(super) fn read_fronts(desk: &mut Desk<'_>) -> Option<(Networks, bool)> {
    let trusted = read_networks(desk, TRUSTED);
    let speaks = parsed(desk, PROTOCOL, parse_switch);
    let (trusted, speaks) = (trusted?, speaks?);
    if speaks && trusted.is_empty() {
        // Whoever may begin with such a header may say that it is anybody.
        let expected = "off, or the addresses of the proxies that send the header in PROXY_TRUSTED_PROXIES as well";
        desk.problem(Problem::value(PROTOCOL, "on", expected));
        return None;
    }
    Some((trusted, speaks))
}

fn parse_switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::desk::Environment;
    use super::*;

    #[track_caller]
    fn check(trusted: &str, protocol: &str, expected: Result<(&[&str], bool), &str>) {
        let variables = [(TRUSTED, trusted), (PROTOCOL, protocol)];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let no_file = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
        let environment = Environment::new(variables, &no_file);
        let mut desk = Desk::new(&environment);
        let fronts = read_fronts(&mut desk);
        match (desk.close(), expected) {
            (Ok(_), Ok((trusted, speak))) => {
                assert_eq!(fronts, Some((Networks::of(trusted), speak)))
            }
            (Err(found), Err(problem)) => assert!(found.to_string().contains(problem), "{found}"),
            (found, _) => panic!("{trusted} {protocol}: {found:?}"),
        }
    }

    #[test]
    fn the_protocol_is_spoken_by_trusted_proxies_only() {
        check("", "", Ok((&[], false)));
        check("", "off", Ok((&[], false)));
        check(
            "127.0.0.1, 10.0.0.0/8",
            "",
            Ok((&["127.0.0.1", "10.0.0.0/8"], false)),
        );
        check("::1", " On ", Ok((&["::1"], true)));
        check(
            "",
            "on",
            Err("addresses of the proxies that send the header in PROXY_TRUSTED_PROXIES"),
        );
        check(",", "on", Err("PROXY_PROTOCOL=\"on\""));
        check(
            "127.0.0.1",
            "v2",
            Err("PROXY_PROTOCOL=\"v2\": expected on or off"),
        );
        check(
            "here",
            "on",
            Err("PROXY_TRUSTED_PROXIES=\"here\": expected addresses and networks"),
        );
    }
}
