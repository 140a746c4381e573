//! The Confluence behind all nodes, which counts what it is asked.

use confluence_attachment_proxy::demo::{Behaviour, File, Options, SampleConfluence};

use crate::lan::Lan;

/// The host it is on, by its last number.
pub const HOST: u8 = 9;

/// Where it listens there.
const PORT: u16 = 8090;

/// What pictures begin with. What looks like no file would be taken for a login.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Files on a page.
const PER_PAGE: usize = 10;

/// The page of the others.
const NEWS_PAGE: u64 = 7;

/// Of the files that everything is about.
const BYTES: usize = 2000;

/// A sample Confluence with numbered files.
pub struct Confluence {
    pub sample: SampleConfluence,
    pub files: usize,
    news: usize,
}

/// A file that nobody has asked for yet.
pub struct New {
    pub target: String,
    pub bytes: Vec<u8>,
    name: String,
}

impl Confluence {
    /// Starts one with so many files.
    pub fn start(lan: &Lan, files: usize) -> Confluence {
        let options = Options {
            host: lan.address(HOST).into(),
            port: PORT,
            ..Options::default()
        };
        let sample = SampleConfluence::start(options).expect("the address is free");
        for number in 0..files {
            let file = File::new("image/png", bytes(number, BYTES));
            sample.put(page(number), &name(number), file);
        }
        Confluence {
            sample,
            files,
            news: 0,
        }
    }

    /// What a file has in it.
    pub fn bytes(&self, number: usize) -> Vec<u8> {
        bytes(number, BYTES)
    }

    /// Puts a file that nobody has asked for on a page of its own, and scripts its downloads.
    pub fn put_new(&mut self, length: usize, behaviour: Behaviour) -> New {
        self.news += 1;
        let (name, bytes) = (format!("new-{}.png", self.news), bytes(self.news, length));
        let file = File::new("image/png", bytes.clone());
        self.sample.put(NEWS_PAGE, &name, file);
        self.sample.script(NEWS_PAGE, &name, behaviour);
        New {
            target: format!("/proxy/{NEWS_PAGE}/{name}"),
            name,
            bytes,
        }
    }

    /// From here on [`Confluence::downloads_since`] counts.
    pub fn mark(&self) -> usize {
        self.sample.requests()
    }

    /// The names of the files that were downloaded since then, as often as they were.
    pub fn downloads_since(&self, mark: usize) -> Vec<String> {
        let since = self.sample.requests() - mark;
        let journal = self.sample.journal();
        assert!(
            since <= journal.len(),
            "{since} exchanges are more than are kept"
        );
        let exchanges = &journal[journal.len() - since..];
        let paths = exchanges
            .iter()
            .map(|it| it.target.split('?').next().expect("split yields one"));
        let files = paths.filter(|path| path.starts_with("/download/"));
        files
            .filter_map(|path| Some(path.rsplit_once('/')?.1.to_owned()))
            .collect()
    }

    /// How often a new file was downloaded since then.
    pub fn downloads_of(&self, new: &New, mark: usize) -> usize {
        let downloads = self.downloads_since(mark);
        downloads.iter().filter(|name| **name == new.name).count()
    }
}

/// The address of a file below the front.
pub fn target(number: usize) -> String {
    format!("/proxy/{}/{}", page(number), name(number))
}

fn page(number: usize) -> u64 {
    65_537 + (number / PER_PAGE) as u64 * 17
}

/// The name of a file, by which it is counted.
pub fn name(number: usize) -> String {
    format!("image-{number}.png")
}

/// A picture, to whoever looks at its beginning, and no two are the same.
pub fn bytes(number: usize, length: usize) -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    while bytes.len() < length {
        bytes.extend_from_slice(&(bytes.len() * 1_000_003 + number).to_be_bytes());
    }
    bytes.truncate(length);
    bytes
}
