//! Varnish with storage in memory.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::Instant;

use super::Origin;
use super::directory::Directory;
use super::player::Line;
use super::process::{Process, free_port};
use super::running::Running;

/// Parameters that differ from Varnish's own, and why.
const PARAMETERS: [&str; 4] = [
    "thread_pools=1",       // one core
    "thread_pool_min=200", // more than clients in most rows: no thread is born while it is measured
    "thread_pool_max=2000", // a thread for each of 1,000 clients
    "timeout_idle=300",    // longer than the pauses between slices
];

/// Starts Varnish.
pub fn start(origin: &Origin, core: Option<usize>) -> io::Result<Running> {
    let directory = Directory::new()?;
    let port = free_port()?;
    let file = directory.write("default.vcl", &configuration(origin))?;
    let work = directory.path().join("work");
    let address = format!("127.0.0.1:{port}");
    let mut words: Vec<&OsStr> = vec![
        "-F".as_ref(),
        "-n".as_ref(),
        work.as_ref(),
        "-f".as_ref(),
        file.as_ref(),
        "-a".as_ref(),
        address.as_ref(),
        "-s".as_ref(),
        "malloc,256m".as_ref(),
    ];
    for parameter in PARAMETERS {
        words.extend([OsStr::new("-p"), OsStr::new(parameter)]);
    }
    let started = Instant::now();
    let process = Process::start(Path::new("varnishd"), &words, &[], core)?;
    Running::await_ready(process, port, Line::Plain, Some(directory), started)
}

fn configuration(origin: &Origin) -> String {
    let account = origin.authorization();
    let port = origin.confluence.address().port();
    format!(
        "vcl 4.1;
backend confluence {{ .host = \"127.0.0.1\"; .port = \"{port}\"; }}
sub vcl_recv {{
    if (req.url == \"/healthz\") {{ return (synth(200)); }}
    return (hash);
}}
sub vcl_backend_fetch {{
    set bereq.url = regsub(bereq.url, \"^/proxy/\", \"/download/attachments/\");
    set bereq.http.Authorization = \"{account}\";
}}
sub vcl_backend_response {{
    unset beresp.http.Set-Cookie;
    unset beresp.http.Cache-Control;
    unset beresp.http.Vary;
    set beresp.ttl = 1h;
    return (deliver);
}}
"
    )
}
