//! The service, started in this process on a free port, and stopped when the test lets go of it.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use confluence_attachment_proxy::account::Secrets;
use confluence_attachment_proxy::config::{Config, Environment, FileText};
use confluence_attachment_proxy::demo::{
    Behaviour, Exchange, File, Kind, Options, SampleConfluence,
};
use confluence_attachment_proxy::meters::Saved;
use confluence_attachment_proxy::server::{Server, Setup};
use confluence_attachment_proxy::systemd::Given;

use super::PATIENCE;
use super::client::{Client, Response};

/// The page that most tests hang their files on.
pub const PAGE: u64 = 7;

/// A running proxy and the Confluence behind it.
pub struct Proxy {
    server: Option<Server>,
    pub origin: SampleConfluence,
}

impl Proxy {
    /// With default settings.
    pub fn start() -> Proxy {
        Proxy::with(&[])
    }

    /// With these settings beside the necessary ones, written as an operator would.
    pub fn with(settings: &[(&str, &str)]) -> Proxy {
        Proxy::of(Options::default(), settings)
    }

    /// The same before Confluence Cloud.
    pub fn cloud(settings: &[(&str, &str)]) -> Proxy {
        let options = Options {
            kind: Kind::Cloud,
            context_path: "/wiki".into(),
            ..Options::default()
        };
        let settings = [&[("CONFLUENCE_KIND", "cloud")], settings].concat();
        Proxy::of(options, &settings)
    }

    /// Before an empty Confluence of this kind.
    pub fn of(options: Options, settings: &[(&str, &str)]) -> Proxy {
        let (username, token) = (options.username.clone(), options.token.clone());
        let origin = SampleConfluence::start(options).expect("a free port");
        Proxy::before(origin, &username, &token, settings)
    }

    /// Before a Confluence that the test has made.
    pub fn before(
        origin: SampleConfluence,
        username: &str,
        token: &str,
        settings: &[(&str, &str)],
    ) -> Proxy {
        let url = origin.url();
        let necessary = [
            ("CONFLUENCE_URL", url.as_str()),
            ("CONFLUENCE_USERNAME", username),
            ("CONFLUENCE_API_TOKEN", token),
            ("PROXY_HOST", "127.0.0.1"),
            ("PROXY_PORT", "0"),
        ];
        let variables = necessary
            .iter()
            .chain(settings)
            .map(|(name, value)| (name.into(), value.into()));
        let environment = Environment::new(variables, &read_file);
        let (config, _) = Config::from_lookup(&environment).expect("good settings");
        let secrets = Secrets::fixed(config.confluence.clone());
        Proxy::started(origin, config, secrets)
    }

    /// With settings that are read already, and a secret that may change.
    pub fn started(origin: SampleConfluence, config: Config, secrets: Secrets) -> Proxy {
        let knows_origin = config.confluence.url == origin.url();
        let directory = std::env::temp_dir();
        let server = Server::start(Setup {
            config,
            directory,
            showcase: None,
            secrets,
            reread_tls: Box::new(|| Ok((None, Vec::new()))),
            given: Given::default(),
        })
        .expect("a start");
        if knows_origin {
            // The login test of the start: what a test changes afterwards cannot meet it half-way.
            assert!(origin.wait_for_requests(1, PATIENCE), "no login test");
        }
        Proxy {
            server: Some(server),
            origin,
        }
    }

    /// Puts a file of this many bytes, all different from place to place, on [`PAGE`] and returns them.
    pub fn put(&self, name: &str, size: usize) -> Vec<u8> {
        let bytes = pattern(size);
        self.origin
            .put(PAGE, name, File::new("image/png", bytes.clone()));
        bytes
    }

    pub fn address(&self) -> SocketAddr {
        self.server.as_ref().expect("not stopped").address()
    }

    /// A new connection.
    pub fn connect(&self) -> Client {
        Client::connect(self.address())
    }

    /// One GET on a connection of its own, below the base path.
    pub fn get(&self, path: &str) -> Response {
        self.connect().get(&format!("/proxy{path}"))
    }

    /// Asks until the answer comes from the cache, and returns that answer. A download is kept a moment after its last
    /// byte has gone out; who asks in that moment shares the download instead.
    pub fn get_kept(&self, path: &str) -> Response {
        let until = Instant::now() + PATIENCE;
        let mut client = self.connect();
        loop {
            let response = client.get(&format!("/proxy{path}"));
            match response.field("X-Cache") {
                Some("HIT") => return response,
                Some("JOIN") => {}
                other => panic!("{path} is neither kept nor on its way: {other:?}"),
            }
            assert!(Instant::now() < until, "{path} is not kept");
        }
    }

    /// Sets how downloads of one file on [`PAGE`] behave from now on.
    pub fn script(&self, name: &str, behaviour: impl Into<Behaviour>) {
        self.origin.script(PAGE, name, behaviour);
    }

    /// What the proxy has asked Confluence, login tests aside. Others on this machine may knock at the same port: they
    /// do not count.
    pub fn asked(&self) -> Vec<Exchange> {
        let mut asked = self.asked_all();
        asked.retain(|exchange| !exchange.target.ends_with("/rest/api/user/current"));
        asked
    }

    /// The same with login tests.
    pub fn asked_all(&self) -> Vec<Exchange> {
        let mut journal = self.origin.journal();
        journal.retain(|exchange| {
            let agent = exchange.header("User-Agent");
            agent.is_some_and(|agent| agent.starts_with("confluence-attachment-proxy/"))
        });
        journal
    }

    /// The same as targets below the base address. Those of Cloud's media host are secrets, and are written `media`.
    pub fn targets(&self) -> Vec<String> {
        let url = self.origin.url();
        let authority = self.origin.address().to_string();
        let (_, context) = url.split_once(&authority).expect("it is in its address");
        let target = |exchange: Exchange| match exchange.media {
            true => "media".to_owned(),
            false => {
                let local = exchange.target.strip_prefix(context);
                local.expect("below the base address").to_owned()
            }
        };
        self.asked().into_iter().map(target).collect()
    }

    /// How often the login was tested.
    pub fn login_tests(&self) -> usize {
        self.asked_all().len() - self.asked().len()
    }

    /// What SIGHUP does.
    pub fn reload(&mut self) {
        self.server.as_mut().expect("not stopped").reload();
    }

    /// What Confluence was spared.
    pub fn saved(&self) -> Saved {
        self.server.as_ref().expect("not stopped").saved()
    }

    /// How many attachments the proxy has asked for.
    pub fn fetches(&self) -> usize {
        let mut asked = self.asked();
        asked.retain(|exchange| exchange.target.contains("/download/"));
        asked.len()
    }

    /// Stops the service and waits until it has.
    pub fn stop(&mut self) {
        drop(self.server.take());
    }
}

/// Bytes in which every stretch can be told from every other.
pub fn pattern(size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size + 8);
    let mut at: u64 = 0;
    while bytes.len() < size {
        at += 1;
        bytes.extend_from_slice(&at.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    }
    bytes.truncate(size);
    bytes
}

fn read_file(path: &Path) -> io::Result<FileText> {
    let (text, world_readable) = (fs::read_to_string(path)?, false);
    Ok(FileText {
        text,
        world_readable,
    })
}
