//! A sample Confluence on an address of a real network, for `tests/faults/run` and `packaging/test-install`.
//!
//!     sample_confluence HOST:PORT FILE [FILM]
//!
//! Page 7 has 0.png, 1.png and so on, all with the bytes of FILE, and film.mp4 with those of FILM. Runs until it is
//! killed.

use std::net::SocketAddr;

use confluence_attachment_proxy::demo::{File, Options, SampleConfluence};

/// Files of the same bytes, so that there is always one that nobody has asked for: more than a minute of questions.
const FILES: usize = 5000;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (address, file, film) = match &words[..] {
        [address, file] => (address, file, None),
        [address, file, film] => (address, file, Some(film)),
        _ => panic!("expected HOST:PORT FILE [FILM]"),
    };
    let address: SocketAddr = address.parse().expect("expected HOST:PORT");
    let bytes = std::fs::read(file).expect("expected a file that can be read");
    let confluence = SampleConfluence::start(Options {
        host: address.ip(),
        port: address.port(),
        ..Options::default()
    })
    .expect("the address is free");
    for number in 0..FILES {
        let name = format!("{number}.png");
        confluence.put(7, &name, File::new("image/png", bytes.clone()));
    }
    if let Some(film) = film {
        let bytes = std::fs::read(film).expect("expected a film that can be read");
        confluence.put(7, "film.mp4", File::new("video/mp4", bytes));
    }
    loop {
        std::thread::park(); // the sample Confluence has threads of its own
    }
}
