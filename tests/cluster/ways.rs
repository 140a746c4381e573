//! The alternatives for the way to the nodes, which are comments in the file.

use crate::client::{Client, Ending};
use crate::confluence;
use crate::front::Front;
use crate::support::tls;
use crate::{Cluster, until};

/// The PROXY protocol, and HTTPS.
pub fn both_alternatives_work(cluster: &mut Cluster) {
    let proxy_protocol = [
        ("PROXY_PROTOCOL", "on"),
        ("PROXY_PUBLIC_URL", "https://files.example.com"),
    ];
    works(cluster, "PROXY protocol", &proxy_protocol, |shipped| {
        uncomment(&shipped, "#default-server send-proxy-v2")
    });
    let [certificate, key] = tls::pair("elliptic");
    let https = [
        ("PROXY_PROTOCOL", "off"),
        (certificate.0, certificate.1.as_str()),
        (key.0, key.1.as_str()),
    ];
    works(cluster, "HTTPS", &https, |shipped| {
        let line = "#default-server ssl ca-file @system-ca verifyhost files.example.com";
        let text = uncomment(&shipped, line);
        // The certificates of the tests are from another authority and for another host.
        text.replace("@system-ca", &tls::file("authority.pem"))
            .replace("verifyhost files.example.com", "verifyhost localhost")
    });
}

/// A front with this change before nodes with these settings finds all of them well, and people get their files.
fn works(
    cluster: &mut Cluster,
    way: &str,
    settings: &[(&str, &str)],
    change: fn(String) -> String,
) {
    for node in &mut cluster.nodes {
        node.start_with(settings);
    }
    let front = Front::start(2, &cluster.lan, &cluster.directory, change);
    until("all nodes have passed a check", || {
        let servers = front.servers();
        let mut owners = servers.iter().filter(|row| row.text("pxname") == "owners");
        owners.all(|row| row.text("check_status") == "L7OK")
    });
    let bytes = cluster.confluence.bytes(0);
    let (ending, _) = Client::new(front.address).get(&confluence::target(0), &bytes);
    println!("ways: {way}: all nodes are well, a file is {ending:?}");
    assert_eq!(ending, Ending::Whole);
}

fn uncomment(text: &str, line: &str) -> String {
    assert!(text.contains(line), "{line} is not in it");
    text.replace(line, &line[1..])
}
