//! nginx with the file that is shipped, on a host of its own.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use crate::hot;
use crate::lan::Lan;
use crate::support::binary::{Binary, Settings};
use crate::support::tls;

/// What is tested.
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/nginx/nginx.conf");

/// The host that it is on: the second one that nodes take for a front.
const HOST: &str = "front2";
const LAST: u8 = 2;

/// A running nginx. Dropping it stops it.
pub struct Nginx {
    /// Where it takes clients with TLS.
    pub address: SocketAddr,
    process: Option<Binary>,
}

impl Nginx {
    /// Starts it and waits until it takes clients.
    pub fn start(lan: &Lan, directory: &Path) -> Nginx {
        let own = directory.join("nginx");
        fs::create_dir(&own).expect("a directory of its own");
        let mut text = lan.adapted(&fs::read_to_string(SHIPPED).expect("it is shipped"));
        for (shipped, here) in [
            ("/etc/ssl/files.example.com.pem", tls::file("elliptic.pem")),
            ("/etc/ssl/files.example.com.key", tls::file("elliptic.key")),
            // One process cannot have the sockets for more.
            ("max_conns=1300", "max_conns=500".to_owned()),
            ("clients 1000;", format!("clients {};", hot::MULTITUDE)),
        ] {
            assert!(text.contains(shipped), "{shipped} is not in {SHIPPED}");
            text = text.replace(shipped, &here);
        }
        let mut address = SocketAddr::from((lan.address(LAST), 443));
        if !lan.has_hosts() {
            address.set_port(8443);
            let of_all = |line: &&str| !line.contains("listen [::]:");
            let lines = text.lines().filter(of_all).map(|line| format!("{line}\n"));
            text = lines.collect();
            text = text.replace("listen 80;", &format!("listen {}:8080;", address.ip()));
            text = text.replace("listen 443 ", &format!("listen {address} "));
        }
        fs::write(own.join("site.conf"), text).expect("a directory of its own");
        fs::write(own.join("nginx.conf"), main_file(&own)).expect("a directory of its own");
        let mut check = lan.command(HOST, "nginx");
        check
            .args(["-t", "-e", "stderr", "-c"])
            .arg(own.join("nginx.conf"));
        let said = String::from_utf8(check.output().expect("nginx is there").stderr);
        let said = said.expect("text");
        assert!(
            said.contains("test is successful") && !said.contains("[warn]"),
            "{said}"
        );
        let mut command = lan.command(HOST, "nginx");
        command
            .args(["-e", "stderr", "-c"])
            .arg(own.join("nginx.conf"));
        let path = ("PATH", std::env::var("PATH").expect("the shell has one"));
        let settings: Settings = [(path.0.to_owned(), path.1)].into();
        let process = Some(Binary::spawn(command, &settings, false));
        crate::until("nginx takes clients", || {
            TcpStream::connect(address).is_ok()
        });
        Nginx { address, process }
    }
}

impl Drop for Nginx {
    /// By a signal that its workers see, too.
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop("TERM");
        }
    }
}

/// What the file that is shipped is included by: Debian's, with what the example wants of it. Two workers, so that it shows
/// what one does not know of the other.
fn main_file(own: &Path) -> String {
    let own = own.display();
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let paths = kinds.map(|kind| format!("{kind}_temp_path {own}/{kind};"));
    format!(
        "daemon off;\nuser root;\npid {own}/pid;\nerror_log stderr warn;\n\
         worker_processes 2;\nworker_rlimit_nofile 8192;\nevents {{ worker_connections 4096; }}\n\
         http {{\naccess_log off;\n{}\ninclude {own}/site.conf;\n}}\n",
        paths.join("\n")
    )
}
