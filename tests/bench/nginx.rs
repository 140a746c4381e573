//! nginx with `proxy_cache`, set up for the same work as well as it can be.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::origin::Origin;
use super::process::{Process, free_port};
use super::service::{self, Running};

/// A running nginx and its files, which go when it is dropped.
pub struct Nginx {
    /// The server. It stands first: its process ends before its files go.
    pub running: Running,
    _directory: Directory,
}

/// Starts nginx before `origin` and waits until it answers.
pub fn start(origin: &Origin, core: Option<usize>) -> io::Result<Nginx> {
    let directory = Directory::new()?;
    let path = directory.0.display().to_string();
    let port = free_port()?;
    let file = directory.0.join("nginx.conf");
    fs::write(&file, configuration(&path, port, origin))?;
    let words: [&OsStr; 6] = [
        "-p".as_ref(),
        directory.0.as_ref(),
        "-c".as_ref(),
        file.as_ref(),
        "-e".as_ref(),
        "error.log".as_ref(),
    ];
    let started = Instant::now();
    let process = Process::start(Path::new("nginx"), &words, &[], core)?;
    Ok(Nginx {
        running: service::ready(process, port, "/healthz", started)?,
        _directory: directory,
    })
}

/// Everything that makes it faster is on. `tcp_nopush` is not: on the loopback interface it waits for delayed
/// acknowledgements, 40 ms for each answer of 100 KB.
fn configuration(directory: &str, port: u16, origin: &Origin) -> String {
    let account = STANDARD.encode(format!("{}:{}", origin.username, origin.token));
    let upstream = origin.confluence.url();
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
        listen 127.0.0.1:{port} backlog=4096;
        location = /healthz {{ return 200; }}
        location /proxy/ {{
            proxy_pass {upstream}/download/attachments/;
            proxy_set_header Authorization \"Basic {account}\";
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

/// A directory in memory, so that no disk is measured.
struct Directory(PathBuf);

impl Directory {
    fn new() -> io::Result<Directory> {
        let shared = Path::new("/dev/shm");
        let parent = if shared.is_dir() {
            shared.to_owned()
        } else {
            std::env::temp_dir()
        };
        let path = parent.join(format!("bench-of-hits.{}", std::process::id()));
        fs::create_dir(&path)?;
        let directory = Directory(path);
        // nginx started by root works as nobody.
        fs::set_permissions(&directory.0, fs::Permissions::from_mode(0o755))?;
        Ok(directory)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0); // whatever stays is small, and in memory
    }
}
