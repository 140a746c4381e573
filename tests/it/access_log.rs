//! The access log: a line for each request, as other programs read it, in a file that can be moved away.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use confluence_attachment_proxy::demo::{Behaviour, Latch};

use crate::support::binary::{self, Binary, get, origin, run, settings};
use crate::support::source::root;
use crate::support::{Client, Proxy, eventually};

/// A directory of its own for one test, gone when the test is over.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let name = format!("access-log-of-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a new directory");
        Directory(path)
    }

    fn file(&self, name: &str) -> String {
        let path = self.0.join(name);
        path.to_str().expect("a plain path").to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0); // what is left is harmless
    }
}

/// Waits until so many lines are there, and returns them.
fn lines(path: impl AsRef<Path>, count: usize) -> Vec<String> {
    let read = || fs::read_to_string(&path).unwrap_or_default();
    eventually(&format!("{count} lines"), || {
        count <= read().matches('\n').count()
    });
    let text = read();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert!(text.ends_with('\n') && lines.len() == count, "{text}");
    lines
}

/// The fields of a line of the Combined Log Format without its time, or nothing if one character of it is out of place:
/// `client - - [01/Jan/1970:00:00:00 +0000] "request" status bytes "referer" "user agent"`.
fn combined(line: &str) -> Option<[&str; 6]> {
    let (client, rest) = line.split_once(" - - [")?;
    let _: std::net::IpAddr = client.parse().ok()?;
    let (time, rest) = rest.split_once("] ")?;
    let shape: String = time
        .chars()
        .map(|c| match c {
            '0'..='9' => '9',
            'A'..='Z' => 'A',
            'a'..='z' => 'a',
            other => other,
        })
        .collect();
    if shape != "99/Aaa/9999:99:99:99 +9999" || !time.ends_with(" +0000") {
        return None;
    }
    let (request, rest) = quoted(rest)?;
    let mut words = rest.strip_prefix(' ')?.splitn(3, ' ');
    let (status, bytes, rest) = (words.next()?, words.next()?, words.next()?);
    if status.len() != 3 || ![status, bytes].iter().all(|text| is_number(text)) {
        return None;
    }
    let (referer, rest) = quoted(rest)?;
    let (user_agent, rest) = quoted(rest.strip_prefix(' ')?)?;
    rest.is_empty()
        .then_some([client, request, status, bytes, referer, user_agent])
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What stands in quotes at the front: printable ASCII, in which a backslash is always followed by `x` and two digits.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (inside, rest) = text.strip_prefix('"')?.split_once('"')?;
    let mut escapes = inside.split('\\').skip(1);
    let is_escape = |piece: &str| {
        let digits = piece.strip_prefix('x').and_then(|rest| rest.get(..2));
        digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let is_printable = inside.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    (is_printable && escapes.all(is_escape)).then_some((inside, rest))
}

#[test]
fn combined_lines_survive_whatever_clients_send() {
    let directory = Directory::new("combined");
    let path = directory.file("access.log");
    let proxy = Proxy::with(&[("PROXY_ACCESS_LOG", &path)]);
    proxy.put("a.png", 1000);
    let mut expected = Vec::new();
    for (agent, logged) in [
        (
            &b"Mozilla/5.0 (X11; Linux) \xe5\x9b\xbe"[..],
            r"Mozilla/5.0 (X11; Linux) \xE5\x9B\xBE",
        ),
        (
            b"a\" 200 1 \"x\" \"forged",
            r"a\x22 200 1 \x22x\x22 \x22forged",
        ),
        (b"back\\slash \\\" \\x22", r"back\x5Cslash \x5C\x22 \x5Cx22"),
        (b"tab\tand\x80\xff", r"tab\x09and\x80\xFF"),
        (b"-", "-"),
        (b"", ""),
    ] {
        let head = b"GET /proxy/7/a.png HTTP/1.1\r\nHost: a\r\nreferer: https://wiki/?a=\"b\r\nUser-Agent: ";
        let mut client = proxy.connect();
        client.send([&head[..], agent, b"\r\n\r\n"].concat());
        assert_eq!(client.response(false).status, 200);
        let referer = r"https://wiki/?a=\x22b";
        expected.push([
            "127.0.0.1",
            "GET /proxy/7/a.png HTTP/1.1",
            "200",
            "1000",
            referer,
            logged,
        ]);
        lines(&path, expected.len()); // a line is written behind its answer; the next one comes after it
    }
    for (request, status, bytes, logged) in [
        // The target as it was received, a HEAD without a body, a path that is nothing.
        (
            "HEAD /proxy//7/a%2epng?x=\"y HTTP/1.1\r\nHost: a\r\n\r\n",
            "400",
            Some("0"),
            r"HEAD /proxy//7/a%2epng?x=\x22y HTTP/1.1",
        ),
        (
            "GET /%E5%9B%BE HTTP/1.0\r\n\r\n",
            "404",
            None,
            "GET /%E5%9B%BE HTTP/1.0",
        ),
        // What the gate refuses: a method, a line that is none, no request at all.
        (
            "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n",
            "405",
            None,
            "BREW /pot HTTP/1.1",
        ),
        ("GET /a\tb\r\n\r\n", "400", None, r"GET /a\x09b"),
        ("\x16\x03\x01\r\n", "400", None, r"\x16\x03\x01"),
    ] {
        let mut client = proxy.connect();
        client.send(request).finish_sending();
        client.rest();
        let found = lines(&path, expected.len() + 1);
        let last = found.last().expect("counted");
        let fields = combined(last).unwrap_or_else(|| panic!("malformed: {last}"));
        assert_eq!((fields[1], fields[2]), (logged, status), "{last}");
        assert!(bytes.is_none_or(|bytes| bytes == fields[3]), "{last}");
        expected.push(["127.0.0.1", "", status, "", "-", "-"]);
    }
    for (line, expected) in lines(&path, expected.len()).iter().zip(&expected).take(6) {
        assert_eq!(combined(line).as_ref(), Some(expected), "{line}");
    }
    let mode = fs::metadata(&path)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o137, 0, "nobody but owner and group: {mode:o}");
}

#[test]
fn json_lines_say_what_became_of_each_request() {
    let directory = Directory::new("json");
    let path = directory.file("access.log");
    let proxy = Proxy::with(&[
        ("PROXY_ACCESS_LOG", &path),
        ("PROXY_ACCESS_LOG_FORMAT", "json"),
    ]);
    proxy.put("a.png", 1000);
    proxy.put("cut.png", 100_000);
    let latch = Latch::default();
    let cut = Behaviour::Short { sent: 50_000 };
    proxy.script("cut.png", cut.held_at(50_000, &latch));

    proxy.get("/7/a.png");
    proxy.get_kept("/7/a.png");
    let mut client = proxy.connect();
    client.request(
        "GET",
        "/proxy/7/cut.png",
        &[("User-Agent", "\u{9b}2J\"图\u{202e}")],
    );
    client.exactly(50_000);
    latch.open();
    client.rest();
    eventually("the download has ended", || {
        fs::read_to_string(&path).is_ok_and(|text| text.contains("cut.png"))
    });
    proxy.connect().send("nonsense\u{1b}[2J\r\n\r\n").rest();
    eventually("the refusal is noted", || {
        fs::read_to_string(&path).is_ok_and(|text| text.contains("nonsense"))
    });
    let text = fs::read_to_string(&path).expect("it is there");
    let values: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is an object"))
        .collect();
    let find = |name: &str, wanted: &str| {
        let found = values.iter().find(|value| value[name] == wanted);
        found.unwrap_or_else(|| panic!("no {name}={wanted}: {text}"))
    };
    let hit = find("cache", "hit");
    for (name, expected) in [
        ("client", "127.0.0.1".into()),
        ("scheme", "http".into()),
        ("method", "GET".into()),
        ("target", "/proxy/7/a.png".into()),
        ("protocol", "HTTP/1.1".into()),
        ("status", 200.into()),
        ("bytes", 1000.into()),
        ("complete", true.into()),
        ("key", "confluence_attachment_7_a.png".into()),
        ("referer", serde_json::Value::Null),
        ("user_agent", serde_json::Value::Null),
    ] {
        assert_eq!(hit[name], expected, "{name}");
    }
    let broken = find("target", "/proxy/7/cut.png");
    assert_eq!(broken["complete"], false, "{text}");
    assert_eq!(broken["user_agent"], "\u{9b}2J\"图\u{202e}");
    assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text:?}");
    let refused = find("target", "nonsense\u{1b}[2J");
    assert_eq!(
        (&refused["status"], &refused["method"]),
        (&400.into(), &().into())
    );
    assert!(
        refused["reason"]
            .as_str()
            .is_some_and(|reason| reason.starts_with("the request line"))
    );
}

#[test]
fn a_file_that_was_moved_away_is_made_anew_on_usr1_and_no_line_is_lost() {
    let directory = Directory::new("reopening");
    let path = directory.file("access.log");
    let (confluence, _) = origin("a.png", 1000);
    let mut settings = settings(&confluence);
    settings.insert("PROXY_ACCESS_LOG".into(), path.clone());
    let (mut binary, address) = Binary::serving(&settings);
    let ask = |name: &str| assert_eq!(get(address, &format!("/{name}")).status, 404);
    ask("first");
    lines(&path, 1);

    let moved = directory.file("access.log.1");
    fs::rename(&path, &moved).expect("our own directory");
    ask("second");
    lines(&moved, 2);
    binary.signal("USR1");
    binary.line("access log reopened path=");
    ask("third");
    let found = lines(&path, 1);
    assert!(
        found[0].contains("\"GET /third HTTP/1.1\" 404 "),
        "{found:?}"
    );
    lines(&moved, 2);

    // Somebody has put a directory in its place: the open file is better than none.
    let kept = directory.file("access.log.2");
    fs::rename(&path, &kept).expect("our own directory");
    fs::create_dir(&path).expect("our own directory");
    binary.signal("USR1");
    binary.line("cannot reopen the access log");
    ask("fourth");
    lines(&kept, 2);
    let ended = binary.stop("TERM");
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stderr);
}

#[test]
fn on_stdout_it_is_the_only_thing_and_ends_with_the_last_request() {
    let (confluence, _) = origin("a.png", 1000);
    let mut settings = settings(&confluence);
    settings.insert("PROXY_ACCESS_LOG".into(), "-".into());
    let (binary, address) = Binary::serving(&settings);
    let mut client = Client::connect(address); // one connection, so that one gate writes all lines in order
    for number in 0..100 {
        assert_eq!(client.get(&format!("/{number}")).status, 404);
    }
    binary.signal("USR1"); // which it outlives
    let ended = binary.stop("TERM");
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stderr);
    assert_eq!(ended.stdout.len(), 100);
    for (number, line) in ended.stdout.iter().enumerate() {
        let fields = combined(line).unwrap_or_else(|| panic!("malformed: {line}"));
        assert_eq!(fields[1], format!("GET /{number} HTTP/1.1"));
    }
    assert_eq!(
        ended.lines("served path=/").len(),
        100,
        "the log stays as it is"
    );
}

#[test]
fn a_pipe_that_nobody_reads_costs_a_stop_its_patience_once() {
    let directory = Directory::new("stalling");
    let pipe = directory.file("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("a tool of every system").success());
    let mut both_ends = fs::OpenOptions::new();
    let both_ends = both_ends.read(true).write(true).open(&pipe);
    let _unread = both_ends.expect("our own pipe");
    let (confluence, _) = origin("a.png", 1000);
    let mut settings = settings(&confluence);
    settings.insert("PROXY_ACCESS_LOG".into(), "-".into());
    let mut command = Command::new("sh");
    let script = "exec \"$0\" serve > \"$1\"";
    command.args(["-c", script]).arg(binary::path()).arg(&pipe);
    let mut binary = Binary::spawn(command, &settings, false);
    let mut client = Client::connect(binary.address());
    let target = format!("/{}", "a".repeat(1000));
    for _ in 0..200 {
        assert_eq!(client.get(&target).status, 404); // together three times what the pipe takes
    }
    let ended = binary.stop("TERM");
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stderr);
    let late = |what: &str| ended.lines(what).len();
    assert_eq!(late("the last lines of the access log were not"), 1);
    assert_eq!(
        late("did not end in time"),
        0,
        "there was no download: {:#?}",
        ended.stderr
    );
}

#[test]
fn without_an_access_log_usr1_does_no_harm() {
    let (confluence, _) = origin("a.png", 1000);
    let (binary, address) = Binary::serving(&settings(&confluence));
    binary.signal("USR1");
    assert_eq!(get(address, "/proxy/7/a.png").status, 200);
    let ended = binary.stop("TERM");
    assert_eq!((ended.code, ended.stdout), (Some(0), Vec::new()));
}

#[test]
fn what_cannot_be_opened_is_a_mistake_of_the_configuration() {
    let directory = Directory::new("mistakes");
    let (confluence, _) = origin("a.png", 1000);
    let mut settings = settings(&confluence);
    let pipe = directory.file("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("a tool of every system").success());
    for (path, expected) in [
        (
            directory.file("none/access.log"),
            "No such file or directory",
        ),
        (directory.file("."), "Is a directory"),
        (pipe, "it is a pipe"),
    ] {
        settings.insert("PROXY_ACCESS_LOG".into(), path.clone());
        let ended = run(&["serve"], &settings);
        assert_eq!(ended.code, Some(78), "{path}: {:#?}", ended.stderr);
        let line = ended.lines("PROXY_ACCESS_LOG=")[0];
        assert!(line.contains(expected) && line.contains(&path), "{line}");
    }
}

/// The writer may stand still for as long as it likes: nobody waits for it, and what is missing is told.
#[test]
fn a_log_that_nobody_reads_costs_lines_and_no_request() {
    let (confluence, _) = origin("a.png", 1000);
    let mut settings = settings(&confluence);
    settings.insert("PROXY_ACCESS_LOG".into(), "-".into());
    let directory = Directory::new("stalled");
    let pipe = directory.file("stdout");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("a tool of every system").success());
    // Open both ways, so that neither side waits for the other.
    let mut reader = fs::File::options();
    let mut reader = reader.read(true).write(true).open(&pipe).expect("a pipe");
    let mut command = Command::new("sh");
    command
        .args(["-c", "exec \"$0\" serve >\"$1\""])
        .arg(crate::support::binary::path())
        .arg(&pipe);
    let mut binary = Binary::spawn(command, &settings, false);
    let mut client = Client::connect(binary.address());
    let agent = "a".repeat(500);
    // What the pipe holds, one batch and what may wait, and then some.
    for _ in 0..6000 {
        let response = client.ask("GET", "/x", &[("User-Agent", &agent)]);
        assert_eq!(response.status, 404);
    }
    std::thread::spawn(move || {
        let mut buffer = [0; 64 * 1024];
        while reader.read(&mut buffer).is_ok_and(|count| 0 < count) {}
    });
    let line = binary.line("lines of the access log dropped");
    assert!(line.contains("WARN"), "{line}");
}

#[test]
fn logrotate_reads_the_shipped_file() {
    let Ok(found) = Command::new("logrotate").arg("--version").output() else {
        println!("SKIPPED: there is no logrotate here");
        return;
    };
    assert!(found.status.success(), "{found:?}");
    let directory = Directory::new("logrotate");
    let shipped = root().join("packaging/logrotate/confluence-attachment-proxy");
    let text = fs::read_to_string(shipped).expect("it is shipped");
    let log = directory.file("access.log");
    let text = text.replace(
        "/var/log/confluence-attachment-proxy/access.log {",
        &format!("{log} {{"),
    );
    let file = directory.file("rules");
    fs::write(&file, text).expect("our own directory");
    fs::write(&log, "a line\n").expect("our own directory");
    let output = Command::new("logrotate")
        .args([
            "--debug",
            "--force",
            "--state",
            &directory.file("state"),
            &file,
        ])
        .output()
        .expect("it ran above");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !said.contains("error:"),
        "{said}"
    );
    assert!(
        said.contains(&format!("renaming {log} to {log}.1")),
        "{said}"
    );
}

#[test]
fn a_client_that_leaves_while_it_waits_has_a_line_as_well() {
    let directory = Directory::new("left");
    let path = directory.file("access.log");
    let proxy = Proxy::with(&[("PROXY_ACCESS_LOG", &path)]);
    proxy.put("a.png", 1000);
    let latch = Latch::new();
    proxy.script("a.png", Behaviour::hold(&latch));
    let mut client = proxy.connect();
    client.request("GET", "/proxy/7/a.png", &[("User-Agent", "gone")]);
    eventually("it is asked for", || !proxy.asked().is_empty());
    client.reset();
    let line = &lines(&path, 1)[0];
    let expected = [
        "127.0.0.1",
        "GET /proxy/7/a.png HTTP/1.1",
        "499",
        "0",
        "-",
        "gone",
    ];
    assert_eq!(combined(line), Some(expected), "{line}");
    latch.open();
}
