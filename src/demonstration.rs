//! The command `demo`, as far as it is words and settings: what the two servers are told, and what the person who started
//! them is.

use std::ffi::OsString;

use confluence_attachment_proxy::attachment::encode_segment;
use confluence_attachment_proxy::config::{Config, Environment};
use confluence_attachment_proxy::demo::{SampleConfluence, samples};
use confluence_attachment_proxy::meters::Saved;
use confluence_attachment_proxy::web::{Exhibit, Showcase};

use crate::files::read_text_file;

/// The port of a demonstration unless told otherwise; another one if it is taken.
const PORT: u16 = 8080;

/// The settings an operator would write for the sample Confluence, read the way his would be.
pub fn config(
    url: &str,
    (username, token): &(String, String),
    port: Option<u16>,
) -> Result<Config, String> {
    let port = port.unwrap_or_else(free_port).to_string();
    let variables = [
        ("CONFLUENCE_URL", url),
        ("CONFLUENCE_USERNAME", username),
        ("CONFLUENCE_API_TOKEN", token),
        ("PROXY_HOST", "127.0.0.1"),
        ("PROXY_PORT", &port),
    ];
    let variables = variables.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let environment = Environment::new(variables, &read_text_file);
    Config::from_lookup(&environment)
        .map(|(config, _)| config)
        .map_err(|errors| errors.to_string())
}

/// The usual port, or 0 (any free one) if somebody has it.
fn free_port() -> u16 {
    match std::net::TcpListener::bind(("127.0.0.1", PORT)) {
        Ok(_) => PORT,
        Err(_) => 0,
    }
}

/// What the start page of the proxy shows.
pub fn showcase(confluence: &SampleConfluence) -> Showcase {
    let url = confluence.url();
    let exhibits = samples().iter().map(|sample| {
        let (page, name) = (sample.page, encode_segment(sample.name));
        Exhibit {
            path: format!("/{page}/{name}"),
            direct: format!("{url}/download/attachments/{page}/{name}?version=1&api=v2"),
            name: sample.name.into(),
            media_type: sample.media_type.into(),
            title_en: sample.title_en.into(),
            title_zh: sample.title_zh.into(),
        }
    });
    Showcase {
        exhibits: exhibits.collect(),
        switchboard: confluence.switchboard(),
    }
}

/// What is where. `base` is the address of the proxy's base path.
pub fn introduction(confluence: &SampleConfluence, base: &str) -> String {
    let (url, switchboard) = (confluence.url(), confluence.switchboard());
    let sample = samples().first().expect("the demonstration has samples");
    let (page, name) = (sample.page, encode_segment(sample.name));
    format!(
        "A sample Confluence runs at      {url}  (it wants a login)\n\
         The proxy in front of it runs at {base}/\n\n\
         Open in a browser:\n\
         \x20 {base}/\n\
         \x20     every sample, through the proxy and straight from Confluence\n\
         \x20 {base}/{page}/{name}\n\
         \x20     one picture, the short address\n\
         \x20 {base}/download/attachments/{page}/{name}?version=1&api=v2\n\
         \x20     the same, as Confluence's own link with its base replaced\n\
         \x20 {switchboard}\n\
         \x20     buttons that break Confluence: slow, down, wrong password, ... and what the proxy then does\n\n\
         Ctrl-C stops both."
    )
}

/// What there is to show for it in the end.
pub fn summary(saved: &Saved) -> String {
    let share = saved
        .ratio()
        .map_or(String::new(), |ratio| format!(" ({:.0} %)", 100.0 * ratio));
    let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    format!(
        "The demonstration is over. What Confluence was spared:\n\
         \x20 {:>9}  requests for files were answered,\n\
         \x20 {:>9}  of them{share} without a question to Confluence,\n\
         \x20 {:>9}  downloads from Confluence were needed;\n\
         \x20 {:>9}  went out to browsers,\n\
         \x20 {:>9}  came from Confluence,\n\
         \x20 {:>9}  it would have worked for the rest.",
        saved.requests,
        saved.spared,
        saved.downloads,
        megabytes(saved.sent),
        megabytes(saved.received),
        format!("{:.1} s", saved.time.as_secs_f64()),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_summary_is_readable_with_and_without_requests() {
        let saved = Saved {
            requests: 40,
            spared: 30,
            downloads: 9,
            sent: 12_340_000,
            received: 2_000_000,
            bytes: 10_340_000,
            time: Duration::from_millis(1234),
        };
        assert_eq!(
            summary(&saved),
            "The demonstration is over. What Confluence was spared:\n  \
             \x20      40  requests for files were answered,\n  \
             \x20      30  of them (75 %) without a question to Confluence,\n  \
             \x20       9  downloads from Confluence were needed;\n  \
             \x20 12.3 MB  went out to browsers,\n  \
             \x20  2.0 MB  came from Confluence,\n  \
             \x20   1.2 s  it would have worked for the rest."
        );
        let nothing = summary(&Saved::default());
        assert!(
            nothing.contains("0  of them without a question"),
            "{nothing}"
        );
    }
}
