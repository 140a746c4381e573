//! Every example of the READMEs is run, from top to bottom, by a reader who types what is there.
//!
//! The reader has a shell, the program, a Confluence with the files of the examples, and a service that runs already;
//! where an example starts one, the one before is stopped. What an example calls by a name of its own stands for what is
//! here ([`Reader::here`]). Only what needs a booted systemd is played ([`STAGE`]); that it holds is for the package to show.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use confluence_attachment_proxy::config::{Config, Environment, FileText};
use confluence_attachment_proxy::demo::{File, Options, SampleConfluence};

use crate::support::binary::{self, get};
use crate::support::source::{read, root};
use crate::support::{eventually, pattern};

const READMES: [&str; 2] = ["README.md", "README.zh-CN.md"];

/// The page of the examples.
const PAGE: u64 = 123456;

/// What a page that somebody has saved looks like, for `rewrite`.
const SAVED: &str = "<p><img src=\"https://wiki.example.com/download/attachments/123456/diagram.png?api=v2\"></p>\n";

/// Commands of the reader's machine that would change it, or need it to be another one. The package is built and installed
/// by steps of their own in the test command, and so is the program; here its files come from where it takes them.
const STAGE: &str = r#"
set -e -o pipefail
shopt -s expand_aliases
export LC_ALL=C
cargo() { [ "$*" = "build --release" ]; }
curl() { command curl --silent --show-error --fail-with-body "$@"; }
sudo() { "$@"; }
install() {
    local to=$ROOT${@: -1}
    if [ "$1" = -d ]; then mkdir -p "$to"; else command install "${@:1:$#-1}" "$to"; fi
}
tee() { if [ "$1" = -a ]; then command tee -a "$ROOT$2"; else command tee "$ROOT$1"; fi >/dev/null; }
rm() { command rm "$ROOT$1"; }
journalctl() { cat service.log; }
readonly ETC=/etc/confluence-attachment-proxy UNITS=/usr/lib/systemd/system
packaging/build-deb() { [ -x "$TREE/packaging/build-deb" ]; }
apt() {
    case "$*" in
    'install ./confluence-attachment-proxy_*.deb')
        mkdir -p "$ROOT$ETC/credentials" "$ROOT$UNITS" "$ROOT/etc/systemd/system"
        command install -m 0644 "$TREE"/systemd/* "$ROOT$UNITS"

        cp -n "$TREE/packaging/etc/confluence-attachment-proxy.env" "$ROOT$ETC"
        ;;
    'remove confluence-attachment-proxy' | 'purge confluence-attachment-proxy')
        [ -d "$ROOT$ETC" ] # and it is kept, for what follows
        ;;
    *) echo "apt $*?"; false ;;
    esac
}
systemd-creds() { [ "$1" = encrypt ] && [ -s "$3" ] && command install -m 0600 "$3" "$ROOT$4"; }
systemd-run() { while [[ $1 = --* ]]; do shift; done; "$@"; }
stop() { if [ -n "${service-}" ]; then kill "$service"; wait "$service"; service=; command rm service.log; fi; }
trap stop EXIT # also when an example fails
start() {
    stop
    (
        unset ${!CONFLUENCE_*} ${!PROXY_*}
        set -a
        . "$ROOT$ETC/confluence-attachment-proxy.env"
        PROXY_HOST=127.0.0.1 PROXY_PORT=0
        CREDENTIALS_DIRECTORY=$ROOT$ETC/credentials
        if grep -qs '^LoadCredentialEncrypted=confluence-api-token:' "$ROOT$DROPINS"/*.conf; then
            mkdir -p "$ROOT/run/credentials"
            CREDENTIALS_DIRECTORY=$ROOT/run/credentials
            cp "$ROOT$ETC/confluence-api-token.cred" "$ROOT/run/credentials/confluence-api-token"
        fi
        exec confluence-attachment-proxy
    ) >service.log 2>&1 &
    service=$!
}
readonly DROPINS=/etc/systemd/system/confluence-attachment-proxy.service.d
systemctl() {
    case "$*" in
    daemon-reload) grep -q '^\[Service\]' "$ROOT$DROPINS"/*.conf ;;
    'start confluence-attachment-proxy' | 'restart confluence-attachment-proxy') start ;;
    'stop confluence-attachment-proxy') stop ;;
    'enable --now confluence-attachment-proxy.socket' | 'disable --now confluence-attachment-proxy.socket') grep -q '^ListenStream=' "$ROOT$UNITS/confluence-attachment-proxy.socket" ;;
    'status confluence-attachment-proxy') [ -n "$service" ] ;;
    *) echo "systemctl $*?"; false ;;
    esac
}
"#;

/// What the shell says when it has done everything before.
const DONE: &str = "-- done --";

/// A fenced part of a README.
struct Block {
    line: usize,
    /// What stands before each of its lines, in a list for example.
    margin: usize,
    kind: String,
    text: String,
}

fn blocks(readme: &str) -> Vec<Block> {
    let text = read(readme);
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in text.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (None, Some(kind)) => {
                assert!(!kind.is_empty(), "{readme}:{}: of what kind?", number + 1);
                open = Some(Block {
                    line: number + 1,
                    margin: line.len() - line.trim_start().len(),
                    kind: kind.to_owned(),
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block
                    .text
                    .push_str(line.get(block.margin..).unwrap_or_default());
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{readme}: a block without end");
    blocks
}

#[test]
fn both_readmes_have_the_same_examples() {
    let [english, chinese] = READMES.map(|readme| {
        let blocks = blocks(readme);
        assert!(10 < blocks.len(), "{readme}: where are the examples?");
        let plain = |block: &Block| -> (String, String) {
            let lines = block.text.lines().map(|line| match line.split_once("  #") {
                Some((command, _comment)) => command.trim_end(),
                None => line,
            });
            (block.kind.clone(), lines.collect::<Vec<_>>().join("\n"))
        };
        blocks.iter().map(plain).collect::<Vec<_>>()
    });
    for (one, other) in english.iter().zip(&chinese) {
        assert_eq!(one, other);
    }
    assert_eq!(english.len(), chinese.len());
}

#[test]
fn every_example_does_what_it_says() {
    let mut reader = Reader::new();
    let mut count = 0;
    for block in blocks("README.md") {
        count += 1;
        match block.kind.as_str() {
            "sh" => reader.types(&block),
            "env" => reader.sets(&block),
            "text" => reader.opens(&block),
            "json" => {
                serde_json::from_str::<serde_json::Value>(&block.text)
                    .unwrap_or_else(|error| panic!("README.md:{}: {error}", block.line));
            }
            other => panic!("README.md:{}: what is {other:?}?", block.line),
        }
    }
    assert!(20 < count, "{count}");
    reader.leaves();
}

/// Somebody at a shell.
struct Reader {
    directory: PathBuf,
    origin: SampleConfluence,
    shell: Child,
    typed: ChildStdin,
    said: BufReader<ChildStdout>,
    /// Where the service is, as `host:port`.
    service: String,
}

impl Reader {
    fn new() -> Reader {
        let directory = std::env::temp_dir().join(format!("readme-{}", std::process::id()));
        let options = Options {
            username: "attachment-reader".into(),
            ..Options::default()
        };
        let origin = SampleConfluence::start(options.clone()).expect("a free port");
        origin.name_page(PAGE, "DOC", "Plans");
        let picture = include_bytes!("../../src/demo/samples/chart.png").to_vec();
        origin.put(PAGE, "diagram.png", File::new("image/png", picture));
        let plan = [b"%PDF-1.4\n".to_vec(), pattern(5000)].concat();
        origin.put(PAGE, "plan.pdf", File::new("application/pdf", plan));
        for below in ["bin", "home", "tmp", "var/log", "target"] {
            fs::create_dir_all(directory.join(below)).expect("a directory");
        }
        let link = |from: &Path, to: &str| {
            std::os::unix::fs::symlink(from, directory.join(to)).expect("a link");
        };
        link(binary::path(), "bin/confluence-attachment-proxy");
        link(&directory.join("bin"), "target/release");
        link(
            &directory.join("service.log"),
            "var/log/confluence-attachment-proxy.log",
        );
        let token = directory.join("home/confluence-api-token");
        fs::write(&token, &options.token).expect("a file");
        fs::set_permissions(&token, Permissions::from_mode(0o600)).expect("it is ours");
        let url = origin.url();
        let saved = SAVED.replace("https://wiki.example.com", &url);
        fs::write(directory.join("page.html"), saved).expect("a file");
        let mut shell = Command::new("bash")
            .args(["--noprofile", "--norc"])
            .current_dir(&directory)
            .env_clear()
            .env(
                "PATH",
                directory.join("bin").display().to_string() + ":/usr/bin:/bin:/usr/sbin:/sbin",
            )
            .env("HOME", directory.join("home"))
            .env("TMPDIR", directory.join("tmp"))
            .env("ROOT", &directory)
            .env("TREE", root())
            .env("PROXY_HOST", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash is there");
        let typed = shell.stdin.take().expect("a pipe");
        let said = BufReader::new(shell.stdout.take().expect("a pipe"));
        let mut reader = Reader {
            directory,
            origin,
            shell,
            typed,
            said,
            service: String::new(),
        };
        reader.enter("exec 2>&1", "to begin with");
        reader.enter(STAGE, "the stage");
        let settings = format!(
            "export CONFLUENCE_URL={url} CONFLUENCE_USERNAME={} CONFLUENCE_API_TOKEN_FILE=$HOME/confluence-api-token",
            options.username
        );
        reader.enter(&settings, "the settings");
        reader.start("confluence-attachment-proxy");
        reader
    }

    /// Words of the examples, as they are here.
    fn here(&self, text: &str) -> String {
        text.replace("https://wiki.example.com", &self.origin.url())
            .replace("127.0.0.1:8080", &self.service)
            .replace("YOUR-HOST:8080", &self.service)
            .replace(
                "https://files.example.com",
                &format!("http://{}", self.service),
            )
            .replace("192.0.2.11 192.0.2.12 192.0.2.13", &self.service)
            .replace("$node:8080", "$node")
            .replace(
                " /var/log/",
                &format!(" {}/var/log/", self.directory.display()),
            )
    }

    /// Types the commands of a block. One that would not end is the service: it runs from then on.
    fn types(&mut self, block: &Block) {
        let place = format!("README.md:{}", block.line);
        let commands = self.here(&block.text);
        let (before, last) = match commands.trim_end().rsplit_once('\n') {
            Some((before, last)) => (before, last),
            None => ("", commands.trim_end()),
        };
        let last = last.split("  #").next().unwrap_or_default().trim();
        let starts = matches!(
            last,
            "confluence-attachment-proxy" | "confluence-attachment-proxy demo"
        );
        if starts {
            self.enter(before, &place);
            self.start(last);
        } else {
            let begins = ["systemctl start", "systemctl restart"]
                .iter()
                .any(|begin| block.text.contains(begin));
            let said = self.enter(&commands, &place);
            if begins {
                self.meet_service();
                self.use_service();
            }
            for line in said.lines().filter(|line| line.starts_with("http://")) {
                self.open(line, &place);
            }
        }
    }

    /// Starts the service in the background, in place of the one that runs.
    fn start(&mut self, command: &str) {
        self.enter("stop", "to stop the service before");
        self.enter(
            &format!("PROXY_PORT=0 {command} >service.log 2>&1 &\nservice=$!"),
            command,
        );
        self.meet_service();
        if !command.ends_with("demo") {
            self.use_service();
        }
    }

    /// Opens a file, as users do, and waits until the log says so.
    fn use_service(&self) {
        let plan = format!("/proxy/{PAGE}/plan.pdf");
        let address = self.service.parse().expect("an address");
        assert_eq!(get(address, &plan).status, 200);
        eventually("the log says so", || self.log().contains("served key="));
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("service.log")).unwrap_or_default()
    }

    /// Waits until the service says where it is, and has other commands find it there.
    fn meet_service(&mut self) {
        let mut found = None;
        eventually("the service says where it is", || {
            let text = self.log();
            let mut lines = text.lines();
            let line = lines.find(|line| line.contains(" started "));
            found = line.map(|line| binary::value(line, "address").to_owned());
            found.is_some()
        });
        self.service = found.expect("it was found");
        let port = self.service.rsplit(':').next().expect("a port").to_owned();
        self.enter(&format!("export PROXY_PORT={port}"), "the port");
    }

    /// Enters lines and returns what was said until they are done.
    fn enter(&mut self, lines: &str, place: &str) -> String {
        let entered = writeln!(self.typed, "{lines}\necho '{DONE}'");
        entered.unwrap_or_else(|error| panic!("{place}: {error}"));
        let mut said = String::new();
        loop {
            let mut line = String::new();
            let count = self.said.read_line(&mut line).expect("it prints UTF-8");
            assert_ne!(count, 0, "{place}: {lines}\nfailed:\n{said}");
            if line.trim_end() == DONE {
                return said;
            }
            said.push_str(&line);
        }
    }

    /// Puts settings into a file for the service: each must be one that it understands.
    fn sets(&self, block: &Block) {
        let base = [
            ("CONFLUENCE_URL", "https://wiki.example.com"),
            ("CONFLUENCE_PERSONAL_TOKEN", "token"),
        ];
        let own = block.text.lines().map(|line| {
            line.split_once('=')
                .unwrap_or_else(|| panic!("README.md:{}: {line}", block.line))
        });
        let variables = base.into_iter().chain(own);
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let pem = |_: &Path| {
            Ok(FileText {
                text: "-----BEGIN".to_owned(),
                world_readable: false,
            })
        };
        match Config::from_lookup(&Environment::new(variables, &pem)) {
            Ok((_, warnings)) => assert!(warnings.is_empty(), "{}: {warnings:?}", block.line),
            Err(errors) => panic!("README.md:{}: {errors}", block.line),
        }
    }

    /// Opens the addresses of a block; other text is what something prints.
    fn opens(&self, block: &Block) {
        let text = self.here(&block.text);
        for line in text.lines().filter(|line| line.starts_with("http://")) {
            self.open(line, &format!("README.md:{}", block.line));
        }
    }

    fn open(&self, address: &str, place: &str) {
        let target = address
            .trim_end()
            .strip_prefix(&format!("http://{}", self.service))
            .unwrap_or_else(|| panic!("{place}: {address} is not here"));
        let answer = get(self.service.parse().expect("an address"), target);
        assert_eq!(answer.status, 200, "{place}: {address}");
    }

    /// Stops the service and the shell, each of which ends as it should.
    fn leaves(mut self) {
        self.enter("stop", "the end");
        drop(self.typed);
        let status = self.shell.wait().expect("it is ours");
        assert!(status.success(), "{status}");
        fs::remove_dir_all(&self.directory).expect("it is ours");
    }
}
