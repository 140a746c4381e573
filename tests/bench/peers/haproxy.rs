//! HAProxy with its own small cache, and as the front that the examples make of it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use super::Origin;
use super::directory::Directory;
use super::player::Line;
use super::process::{Process, free_port};
use super::running::Running;

/// The example that ships.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/haproxy/haproxy.cfg");

/// Starts HAProxy as the example has it, with TLS, before a service.
pub fn start_front(service: SocketAddr, core: Option<usize>) -> io::Result<Running> {
    let directory = Directory::new()?;
    let port = free_port()?;
    let both = [Line::CERTIFICATE, Line::KEY].map(fs::read_to_string);
    let both = both.into_iter().collect::<io::Result<String>>()?;
    let pem = directory.write("both.pem", &both)?;
    let bind = format!(
        "    bind 127.0.0.1:{port} ssl crt {} alpn h2,http/1.1",
        pem.display()
    );
    let example = fs::read_to_string(EXAMPLE)?;
    let text = front(&example, &bind, &service.to_string());
    let file = directory.write("haproxy.cfg", &text)?;
    let words: [&OsStr; 3] = ["-db".as_ref(), "-f".as_ref(), file.as_ref()];
    let started = Instant::now();
    let process = Process::start(Path::new("haproxy"), &words, &[], core)?;
    Running::await_ready(process, port, Line::Tls, Some(directory), started)
}

/// The example on this machine: one port, one service for each node, this account, no log and nothing for operators.
fn front(example: &str, bind: &str, service: &str) -> String {
    let left_out = ["log ", "user ", "group ", "stats ", "bind :80"];
    let lines = example.lines().filter_map(|line| {
        let words = line.trim_start();
        if left_out.iter().any(|start| words.starts_with(start)) {
            None
        } else if words.starts_with("bind :443 ") {
            Some(bind.to_owned() + "\n")
        } else if words.starts_with("server ") {
            let mut words: Vec<&str> = words.split(' ').collect();
            words[2] = service;
            Some(words.join(" ") + "\n")
        } else {
            Some(line.to_owned() + "\n")
        }
    });
    lines.collect()
}

/// Starts HAProxy.
pub fn start(origin: &Origin, core: Option<usize>) -> io::Result<Running> {
    let directory = Directory::new()?;
    let port = free_port()?;
    let file = directory.write("haproxy.cfg", &configuration(port, origin))?;
    let words: [&OsStr; 3] = ["-db".as_ref(), "-f".as_ref(), file.as_ref()];
    let started = Instant::now();
    let process = Process::start(Path::new("haproxy"), &words, &[], core)?;
    Running::await_ready(process, port, Line::Plain, Some(directory), started)
}

/// The cache takes no request that carries an account, so it gets one behind the cache. It keeps no answer with
/// `Vary` or without a time, so it gets one of those, too.
fn configuration(port: u16, origin: &Origin) -> String {
    let account = origin.authorization().replace(' ', "\\ ");
    let upstream = origin.confluence.address();
    format!(
        "global
    nbthread 1
    maxconn 4096
defaults
    mode http
    timeout connect 5s
    timeout client 300s
    timeout server 60s
    timeout http-keep-alive 300s
cache files
    total-max-size 256
    max-object-size 100000000
    max-age 3600
frontend clients
    bind 127.0.0.1:{port} backlog 4096
    monitor-uri /healthz
    http-request cache-use files
    http-response del-header Set-Cookie
    http-response del-header Vary
    http-response set-header Cache-Control max-age=3600
    http-response cache-store files
    default_backend confluence
backend confluence
    http-request replace-path ^/proxy/(.*) /download/attachments/\\1
    http-request set-header Authorization {account}
    server confluence {upstream}
"
    )
}
