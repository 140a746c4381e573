//! The profile for ufw lets the port pass on which the service listens.

use confluence_attachment_proxy::config::DEFAULT_PROXY_PORT;

use crate::support::source::read;

/// The format is that of ufw(8): a section for each application, with exactly these three keys.
#[test]
fn the_profile_has_the_port_of_the_service_and_nothing_else() {
    let name = env!("CARGO_PKG_NAME");
    let text = read(&format!("packaging/ufw/{name}"));
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(&*format!("[{name}]")));
    let pairs: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once('=')).collect();
    let keys: Vec<&str> = pairs.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, ["title", "description", "ports"]);
    assert!(
        pairs
            .iter()
            .all(|(_, value)| !value.is_empty() && value.trim() == *value)
    );
    assert_eq!(pairs[2].1, format!("{DEFAULT_PROXY_PORT}/tcp"));
    assert_eq!(text.lines().count(), 1 + pairs.len());
}
