//! All links to a file lead to the node that keeps it, however they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use confluence_attachment_proxy::demo::File;

use crate::client::named;
use crate::confluence::{self, Confluence};
use crate::spellings::{self, Group};
use crate::support::tls;

/// The third version, escaped as nobody writes it.
pub const ESCAPED_NAME: &str = "?%76ersion=3";
pub const ESCAPED_NUMBER: &str = "?version=%33";

/// All links, and the files that they name.
pub struct Links {
    groups: Vec<Group>,
    list: PathBuf,
}

impl Links {
    /// Puts the files where the links lead. `list` is a file that nobody else has.
    pub fn new(confluence: &Confluence, list: PathBuf) -> Links {
        let sample = &confluence.sample;
        sample.name_page(spellings::PAGE, spellings::SPACE, spellings::TITLE);
        let (post, space) = (spellings::BLOG_POST, spellings::BLOG_SPACE);
        sample.name_blog_post(post, space, spellings::BLOG_DAY, spellings::BLOG_TITLE);
        let groups = spellings::groups();
        let names: BTreeSet<&str> = groups.iter().map(|it| it.key.name().as_str()).collect();
        for name in names {
            for version in 1..=spellings::VERSIONS {
                let file = File::new("image/png", confluence::bytes(version, 100));
                sample.put(spellings::PAGE, name, file.clone());
                sample.put(post, name, file);
            }
        }
        Links { groups, list }
    }

    /// Asks a front for all of them. `unseen` is what its file says that it does not see, and just that.
    pub fn meet(&self, front: &str, address: SocketAddr, confluence: &Confluence, unseen: &[&str]) {
        let mark = confluence.mark();
        let targets: Vec<&String> = self.groups.iter().flat_map(|it| &it.targets).collect();
        let [one, two] = [("--http1.1", "1.1"), ("--http2", "2")]
            .map(|(option, version)| self.ask(address, option, version, &targets));
        let mut homes = BTreeMap::new();
        let mut answers = one.iter().zip(&two);
        for group in &self.groups {
            let key = group.key.to_string();
            for target in &group.targets {
                let (one, two) = answers.next().expect("one for each");
                let home = homes.entry(key.clone()).or_insert(one);
                assert_eq!((one, two), (*home, *home), "{front}: {target} is {key}");
            }
        }
        let downloads = confluence.downloads_since(mark).len();
        let mut shares: BTreeMap<&str, usize> = BTreeMap::new();
        for home in homes.values() {
            *shares.entry(home).or_default() += 1;
        }
        println!(
            "links: {front} has {} of them for {} files, by both versions of HTTP: each file is at one node, {shares:?}; \
             {downloads} downloads",
            targets.len(),
            homes.len()
        );
        assert_eq!(homes.len(), self.groups.len(), "no two have one key");
        assert_eq!(downloads, homes.len());
        assert!(shares.values().all(|share| homes.len() / 5 < *share));
        for query in [ESCAPED_NAME, ESCAPED_NUMBER] {
            let astray = self.astray(address, &homes, query);
            println!("links: behind {front}, {astray} with {query} are astray");
            assert_eq!(0 < astray, unseen.contains(&query), "{query}");
        }
    }

    /// How many links with these parameters for the third version miss its node.
    fn astray(&self, address: SocketAddr, homes: &BTreeMap<String, &String>, query: &str) -> usize {
        let of_third = |group: &Group| {
            let (path, usual) = group.targets[0].split_once('?')?;
            (usual == "version=3").then(|| (group.key.to_string(), format!("{path}{query}")))
        };
        let (keys, targets): (Vec<_>, Vec<_>) = self.groups.iter().filter_map(of_third).unzip();
        let nodes = self.ask(address, "--http2", "2", &targets.iter().collect::<Vec<_>>());
        let pairs = keys.iter().zip(&nodes);
        pairs.filter(|(key, node)| homes[*key] != *node).count()
    }

    /// Asks for all of them by curl, over one connection; who has answered.
    fn ask(
        &self,
        address: SocketAddr,
        option: &str,
        version: &str,
        targets: &[&String],
    ) -> Vec<String> {
        let port = address.port();
        let line = |target: &&String| {
            format!("url = \"https://localhost:{port}{target}\"\noutput = /dev/null\n")
        };
        fs::write(&self.list, targets.iter().map(line).collect::<String>()).expect("a file");
        let said = Command::new("curl")
            .args(["-sS", "--globoff", "--path-as-is", option])
            .args(["-w", "%{http_version} %{http_code} %header{cache-status}\n"])
            .args(["--resolve", &format!("localhost:{port}:{}", address.ip())])
            .args(["--cacert", &tls::file("authority.pem"), "-K"])
            .arg(&self.list)
            .output()
            .expect("curl is there");
        let said = String::from_utf8(said.stdout).expect("text");
        assert_eq!(said.lines().count(), targets.len());
        let node = |(line, target): (&str, &&String)| {
            let field = line.strip_prefix(&format!("{version} 200 "));
            named(field.unwrap_or_else(|| panic!("{line}: {target}")))
        };
        said.lines().zip(targets).map(node).collect()
    }
}
