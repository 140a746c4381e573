//! The sample Confluence, and the files that are asked for.

use std::io;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use confluence_attachment_proxy::demo::{Behaviour, File, Options, SampleConfluence};

/// The page that all files hang on.
const PAGE: u64 = 7;

/// A running sample Confluence and its account.
pub struct Origin {
    /// The server, in this process, on the core of the load.
    pub confluence: SampleConfluence,
    /// The account's name.
    pub username: String,
    /// Its token.
    pub token: String,
}

/// A file and how to ask for it.
#[derive(Clone)]
pub struct Wanted {
    /// The whole request head.
    pub request: Arc<[u8]>,
    /// The same, with the wish that the server closes the connection behind its answer.
    pub request_to_close: Arc<[u8]>,
    /// What must come back.
    pub body: Arc<[u8]>,
}

impl Origin {
    /// Starts an empty one.
    pub fn start() -> io::Result<Origin> {
        let options = Options::default();
        let (username, token) = (options.username.clone(), options.token.clone());
        let confluence = SampleConfluence::start(options)?;
        Ok(Origin {
            confluence,
            username,
            token,
        })
    }

    /// Puts a file of `bytes` bytes there and says how to ask a proxy for it.
    pub fn put(&self, name: &str, bytes: usize) -> Wanted {
        self.put_body(name, pattern(bytes))
    }

    /// The same with bytes that other files may share.
    pub fn put_body(&self, name: &str, body: Arc<[u8]>) -> Wanted {
        let file = File::new("image/png", body.clone());
        self.confluence.put(PAGE, name, file);
        // As curl asks: a browser sends more, which no proxy here reads.
        let head = |more| {
            let head = format!(
                "GET /proxy/{PAGE}/{name} HTTP/1.1\r\nHost: files.example.com\r\nUser-Agent: bench\r\n\
                 Accept: */*\r\n{more}\r\n"
            );
            head.into_bytes().into()
        };
        Wanted {
            request: head(""),
            request_to_close: head("Connection: close\r\n"),
            body,
        }
    }

    /// How to ask this Confluence itself for a file that has been put there.
    pub fn direct(&self, name: &str, wanted: &Wanted) -> Wanted {
        let head = |more| {
            let authorization = self.authorization();
            let head = format!(
                "GET /download/attachments/{PAGE}/{name} HTTP/1.1\r\nHost: wiki\r\n\
                 Authorization: {authorization}\r\n{more}\r\n"
            );
            head.into_bytes().into()
        };
        Wanted {
            request: head(""),
            request_to_close: head("Connection: close\r\n"),
            body: wanted.body.clone(),
        }
    }

    /// The `Authorization` that it wants to see.
    pub fn authorization(&self) -> String {
        let account = STANDARD.encode(format!("{}:{}", self.username, self.token));
        format!("Basic {account}")
    }

    /// What a server that reads its settings from the environment is told: this Confluence, and its own port.
    pub fn environment(&self, port: u16) -> Vec<(&'static str, String)> {
        vec![
            ("CONFLUENCE_URL", self.confluence.url()),
            ("CONFLUENCE_USERNAME", self.username.clone()),
            ("CONFLUENCE_API_TOKEN", self.token.clone()),
            ("PROXY_PORT", port.to_string()),
        ]
    }

    /// Sets how downloads of a file behave.
    pub fn script(&self, name: &str, behaviour: Behaviour) {
        self.confluence.script(PAGE, name, behaviour);
    }

    /// How many downloads of a file have been asked for.
    pub fn downloads(&self, name: &str) -> usize {
        let path = format!("/download/attachments/{PAGE}/{name}");
        let journal = self.confluence.journal();
        let of_file = journal
            .iter()
            .filter(|exchange| exchange.target.split('?').next() == Some(&path));
        of_file.count()
    }
}

/// Bytes in which every stretch can be told from every other.
pub fn pattern(bytes: usize) -> Arc<[u8]> {
    (0..bytes as u64)
        .map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8)
        .collect()
}
