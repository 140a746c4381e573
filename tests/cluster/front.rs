//! HAProxy with the file that is shipped, on a host of its own.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Child;

use crate::lan::Lan;
use crate::support::tls;

/// What is tested.
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/haproxy/haproxy.cfg");

/// What every server has in it.
pub const WEIGHT: u64 = 256;

/// A running HAProxy. Dropping it kills it.
pub struct Front {
    /// Where it takes clients with TLS.
    pub address: SocketAddr,
    socket: PathBuf,
    process: Child,
}

/// What `show stat` says of one server of one backend, by the names of its columns.
pub struct Row(HashMap<String, String>);

impl Front {
    /// Starts the one with this number, counted from 1, and waits until it answers operators. `change` is made to the file.
    pub fn start(number: u8, lan: &Lan, directory: &Path, change: fn(String) -> String) -> Front {
        let host = format!("front{number}");
        let (file, certificate, socket) = (
            directory.join(format!("{host}.cfg")),
            directory.join("both.pem"),
            directory.join(format!("{host}.sock")),
        );
        let [pem, key] = ["elliptic.pem", "elliptic.key"].map(|name| {
            fs::read_to_string(tls::file(name)).expect("the certificates of the tests")
        });
        fs::write(&certificate, pem + &key).expect("a directory of its own");
        let address = match lan.has_hosts() {
            true => SocketAddr::from((lan.address(number), 443)),
            false => SocketAddr::from((lan.address(number), 8443)),
        };
        let mut text = lan.adapted(&fs::read_to_string(SHIPPED).expect("it is shipped"));
        for (shipped, here) in [
            ("/etc/ssl/files.example.com.pem", certificate.to_str()),
            ("/run/haproxy/admin.sock", socket.to_str()),
            ("log /dev/log local0", Some("log stderr local0")),
        ] {
            assert!(text.contains(shipped), "{shipped} is not in {SHIPPED}");
            text = text.replace(shipped, here.expect("a path in UTF-8"));
        }
        if !lan.has_hosts() {
            let plain = format!("bind {}:8080", address.ip());
            text = text.replace("bind :80\n", &(plain + "\n"));
            text = text.replace("bind :443 ", &format!("bind {address} "));
        }
        if !may_become_another_user() {
            text = text.replace("    user haproxy\n    group haproxy\n", "");
        }
        fs::write(&file, change(text)).expect("a directory of its own");
        let log = fs::File::create(directory.join(format!("{host}.log")));
        let mut command = lan.command(&host, "haproxy");
        command.args(["-db", "-f"]).arg(&file);
        command.stderr(log.expect("a directory of its own"));
        let front = Front {
            address,
            socket,
            process: command.spawn().expect("HAProxy is there"),
        };
        crate::until("HAProxy answers operators", || {
            UnixStream::connect(&front.socket).is_ok()
        });
        front
    }

    /// Has it do something that it has no words about.
    pub fn order(&self, command: &str) {
        assert_eq!(self.operate(command), "\n", "{command}");
    }

    /// What it answers to a command of an operator.
    fn operate(&self, command: &str) -> String {
        let mut socket = UnixStream::connect(&self.socket).expect("HAProxy runs");
        writeln!(socket, "{command}").expect("it reads");
        let mut text = String::new();
        socket.read_to_string(&mut text).expect("text");
        text
    }

    /// What it says of every server.
    pub fn servers(&self) -> Vec<Row> {
        let text = self.operate("show stat");
        let mut lines = text.trim_start_matches("# ").lines();
        let columns: Vec<&str> = lines.next().expect("a head").split(',').collect();
        let row = |line: &str| {
            let pairs = columns.iter().zip(line.split(','));
            Row(pairs
                .map(|(name, value)| (name.to_string(), value.to_owned()))
                .collect())
        };
        let rows = lines.filter(|line| !line.is_empty()).map(row);
        rows.filter(|row| row.text("svname").starts_with("node"))
            .collect()
    }

    /// A column of every server of a backend, by the servers' names.
    pub fn column(&self, backend: &str, column: &str) -> BTreeMap<String, u64> {
        let rows = self.servers().into_iter();
        let rows = rows.filter(|row| row.text("pxname") == backend);
        rows.map(|row| (row.text("svname").to_owned(), row.number(column)))
            .collect()
    }

    /// Requests that it has sent once more, to the same node or to another.
    pub fn resent(&self) -> usize {
        let rows = self.servers().into_iter();
        let counts = rows.map(|row| row.number("wretr") + row.number("wredis"));
        usize::try_from(counts.sum::<u64>()).expect("some thousands")
    }

    /// What it says of one of them.
    pub fn server(&self, backend: &str, name: &str) -> Row {
        let mut rows = self.servers().into_iter();
        let row = rows.find(|row| row.text("pxname") == backend && row.text("svname") == name);
        row.unwrap_or_else(|| panic!("no {backend}/{name}"))
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.process.kill(); // it may have ended
        let _ = self.process.wait();
    }
}

impl Row {
    pub fn text(&self, column: &str) -> &str {
        self.0.get(column).map_or("", String::as_str)
    }

    pub fn number(&self, column: &str) -> u64 {
        let text = self.text(column);
        text.parse()
            .unwrap_or_else(|_| panic!("{column} is {text:?}"))
    }

    /// Gets requests.
    pub fn is_up(&self) -> bool {
        self.text("status") == "UP"
    }

    /// Gets as many as its weight says, after the slow start, too.
    pub fn is_whole(&self) -> bool {
        self.is_up() && self.number("weight") == WEIGHT
    }

    pub fn is_down(&self) -> bool {
        self.text("status").starts_with("DOWN")
    }
}

/// Root may, unless in a user namespace that has no other user.
fn may_become_another_user() -> bool {
    let process = fs::metadata("/proc/self").expect("Linux has it");
    let users = fs::read_to_string("/proc/self/uid_map").expect("Linux has it");
    process.uid() == 0 && users.contains(&u32::MAX.to_string())
}
