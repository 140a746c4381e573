//! All files, asked for by many: the caches add up.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::thread;

use crate::Cluster;
use crate::client::{Client, Tally};
use crate::confluence::{self, Confluence};
use crate::front::Front;
use crate::node::{CACHE_MAX_ITEMS, Node};
use crate::support::tls;

/// Clients at once, each with a connection of its own.
const CLIENTS: usize = 4;

/// Times that each of them asks for every file.
const ROUNDS: usize = 2;

/// Every file is asked of Confluence once, whoever asks for it, by whichever version of HTTP and through whichever front.
pub fn every_file_is_fetched_once(cluster: &Cluster) {
    let (confluence, mark) = (&cluster.confluence, cluster.confluence.mark());
    let tally = all_files(cluster.front.address, confluence, ROUNDS);
    tally.all_are_whole();
    let downloads = confluence.downloads_since(mark).len();
    println!(
        "every file: {} requests over HTTP/1.1 for {} files, {downloads} downloads from Confluence, longest {:?}",
        tally.requests(),
        confluence.files,
        tally.longest
    );
    assert_eq!(downloads, confluence.files);
    for node in &cluster.nodes {
        tell_share(node, &cluster.front);
    }
    all_files_over_http_2(cluster);
    let second = Front::start(2, &cluster.lan, &cluster.directory, |shipped| shipped);
    let again = all_files(second.address, confluence, 1);
    let downloads = confluence.downloads_since(mark).len();
    println!(
        "every file: {} requests to another front, {} downloads more",
        again.requests(),
        downloads - confluence.files
    );
    again.all_are_whole();
    assert_eq!(downloads, confluence.files);
}

fn tell_share(node: &Node, front: &Front) {
    let (kept, evicted) = (
        node.metric("confluence_attachment_proxy_cache_items"),
        node.metric("confluence_attachment_proxy_cache_evictions_total{reason=\"room\"}"),
    );
    println!(
        "every file: {} answered {} times and keeps {kept} of at most {CACHE_MAX_ITEMS} files",
        node.name,
        front.server("owners", &node.name).number("stot"),
    );
    assert_eq!(evicted, 0, "{} was to keep all of its share", node.name);
}

/// Asks for all of them by curl, which speaks HTTP/2.
fn all_files_over_http_2(cluster: &Cluster) {
    let (front, confluence) = (&cluster.front.address, &cluster.confluence);
    let (list, received) = (cluster.directory.join("list"), cluster.directory.join("h2"));
    fs::create_dir(&received).expect("a directory of its own");
    let line = |number| {
        let (port, target) = (front.port(), confluence::target(number));
        let file = received.join(number.to_string());
        format!(
            "url=https://localhost:{port}{target}\noutput={}\n",
            file.display()
        )
    };
    fs::write(&list, (0..confluence.files).map(line).collect::<String>()).expect("a file");
    let before = confluence.mark();
    let said = Command::new("curl")
        .args(["-sS", "--parallel", "--http2", "-w", "%{http_version}\n"])
        .args([
            "--resolve",
            &format!("localhost:{}:{}", front.port(), front.ip()),
        ])
        .args(["--cacert", &tls::file("authority.pem"), "-K"])
        .arg(&list)
        .output()
        .expect("curl is there");
    let versions = String::from_utf8(said.stdout).expect("text");
    let of_two = versions.lines().filter(|version| *version == "2").count();
    let is_right = |number: &usize| {
        let file = fs::read(received.join(number.to_string()));
        file.is_ok_and(|bytes| bytes == confluence.bytes(*number))
    };
    let right = (0..confluence.files).filter(is_right).count();
    println!("every file: {right} right ones over HTTP/2");
    assert_eq!((right, of_two), (confluence.files, confluence.files));
    assert_eq!(confluence.downloads_since(before).len(), 0);
}

/// Has several clients ask for all files so many times, each beginning at another one.
pub fn all_files(front: SocketAddr, confluence: &Confluence, rounds: usize) -> Tally {
    thread::scope(|scope| {
        let ask_all = |first: usize| {
            let (mut client, mut tally) = (Client::new(front), Tally::default());
            for turn in 0..confluence.files {
                let number = (first + turn) % confluence.files;
                let bytes = confluence.bytes(number);
                tally.ask(&mut client, number, &confluence::target(number), &bytes);
            }
            tally
        };
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let first = client * confluence.files / CLIENTS;
                scope.spawn(move || {
                    let mut tally = Tally::default();
                    (0..rounds).for_each(|_| tally.add(ask_all(first)));
                    tally
                })
            })
            .collect();
        let mut all = Tally::default();
        for client in clients {
            all.add(client.join().expect("it counts and does not panic"));
        }
        all
    })
}
