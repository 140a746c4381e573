//! nginx with `proxy_cache`, set up for the same work as well as it can be.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::Instant;

use super::Origin;
use super::directory::Directory;
use super::player::Line;
use super::process::{Process, free_port};
use super::running::Running;

/// Starts nginx.
pub fn start(origin: &Origin, core: Option<usize>, line: Line) -> io::Result<Running> {
    let directory = Directory::new()?;
    let path = directory.path().display().to_string();
    let port = free_port()?;
    let file = directory.write("nginx.conf", &configuration(&path, port, origin, line))?;
    let words: [&OsStr; 6] = [
        "-p".as_ref(),
        directory.path().as_ref(),
        "-c".as_ref(),
        file.as_ref(),
        "-e".as_ref(),
        "error.log".as_ref(),
    ];
    let started = Instant::now();
    let process = Process::start(Path::new("nginx"), &words, &[], core)?;
    Running::await_ready(process, port, line, Some(directory), started)
}

/// Everything that makes it faster is on. `tcp_nopush` is not: on the loopback interface it waits for delayed
/// acknowledgements, 40 ms for each answer of 100 KB.
fn configuration(directory: &str, port: u16, origin: &Origin, line: Line) -> String {
    let account = origin.authorization();
    let upstream = origin.confluence.url();
    let (ssl, security) = match line {
        Line::Plain => ("", String::new()),
        Line::Tls => (" ssl", security()),
    };
    format!(
        "daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log error;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush off;
    tcp_nodelay on;
    keepalive_timeout 300s;
    keepalive_requests 1000000000;
    open_file_cache max=1000 inactive=300s;
    open_file_cache_valid 300s;
    default_type application/octet-stream;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/temp;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    proxy_cache_path {directory}/cache levels=1:2 keys_zone=files:10m max_size=256m inactive=1h use_temp_path=off;
    server {{
        listen 127.0.0.1:{port}{ssl} backlog=4096;
{security}        location = /healthz {{ return 200; }}
        location /proxy/ {{
            proxy_pass {upstream}/download/attachments/;
            proxy_set_header Authorization \"{account}\";
            proxy_cache files;
            proxy_cache_key $uri;
            proxy_cache_lock on;
            proxy_cache_valid 200 1h;
            proxy_ignore_headers Set-Cookie Cache-Control Expires Vary;
            proxy_hide_header Set-Cookie;
        }}
    }}
}}
"
    )
}

/// TLS 1.3 with sessions that are resumed by tickets, as in this service, and encryption by the kernel where it can.
fn security() -> String {
    format!(
        "        ssl_certificate {};
        ssl_certificate_key {};
        ssl_protocols TLSv1.3;
        ssl_session_tickets on;
        ssl_session_cache shared:tls:10m;
        ssl_conf_command Options KTLS;
",
        Line::CERTIFICATE,
        Line::KEY,
    )
}
