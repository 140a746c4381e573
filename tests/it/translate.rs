//! The commands `link` and `rewrite`, from outside: what goes in, what comes out, and the exit codes.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread;

use crate::support::{PATIENCE, binary};

const SETTINGS: [(&str, &str); 2] = [
    ("CONFLUENCE_URL", "https://wiki.example.com/confluence"),
    ("PROXY_PUBLIC_URL", "http://files.example.com"),
];

/// What the links of a file and of its page are called with these settings.
const LINK: &str = "https://wiki.example.com/confluence/download/attachments/12/a+b.png?version=3&modificationDate=1&cacheVersion=1";
const OURS: &str = "http://files.example.com/proxy/download/attachments/12/a%20b.png?version=3";

fn command(words: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary::path());
    command.args(words).env_clear();
    command.envs(settings.iter().copied());
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs to the end with this on standard input.
fn run(mut command: Command, input: &[u8]) -> Output {
    let mut child: Child = command.spawn().expect("the program was built");
    let mut stdin = child.stdin.take().expect("a pipe");
    thread::scope(|scope| {
        scope.spawn(move || {
            let _ = stdin.write_all(input); // it may end before it has read all
        });
        child.wait_with_output().expect("it ends")
    })
}

#[track_caller]
fn check(words: &[&str], input: &str, expected: (i32, &str), explained: &[&str]) {
    let output = run(command(words, &SETTINGS), input.as_bytes());
    let stdout = String::from_utf8(output.stdout).expect("ASCII");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    let found = (output.status.code().expect("no signal"), &*stdout);
    assert_eq!(found, expected, "{words:?}: {stderr}");
    let lines: Vec<&str> = stderr.lines().collect();
    assert_eq!(lines.len(), explained.len(), "{words:?}: {stderr}");
    for (line, part) in lines.iter().zip(explained) {
        assert!(line.starts_with("confluence-attachment-proxy: "), "{line}");
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[test]
fn link_prints_what_links_are_called_here() {
    let title = "https://wiki.example.com/confluence/display/SPACE/Title";
    let page = "http://wiki.example.com/confluence/pages/viewpage.action?pageId=7";
    let ours = format!("{OURS}\n");
    check(&["link", LINK], "", (0, &ours), &[]);
    check(
        &["link", "-"],
        &format!("{LINK}\n\n![]({LINK})\n"),
        (0, &ours),
        &[],
    );
    check(
        &["link", OURS],
        "",
        (0, &ours),
        &["of this service already"],
    );
    check(
        &["link", page, LINK],
        "",
        (0, &format!("http://files.example.com/proxy/7\n{ours}")),
        &["a page, not a file"],
    );
    check(
        &["link", title, LINK, "-", "a\u{1b}b"],
        "http://other/",
        (65, &ours),
        &[
            "by its title",
            "of another host",
            "\"a\\u{1b}b\": this is no link",
        ],
    );
    check(&["link", "-"], "", (65, ""), &["this is no link"]);
}

#[test]
fn rewrite_copies_a_document_with_its_links_replaced() {
    let escaped = LINK.replace('&', "&amp;");
    let mut document = Vec::new();
    let mut expected = Vec::new();
    for number in 0..5_000_u32 {
        let junk = [b"\n<p>\xff\0 " as &[u8], &number.to_be_bytes()].concat();
        for (side, link) in [(&mut document, &*escaped), (&mut expected, OURS)] {
            side.extend_from_slice(&junk);
            side.extend_from_slice(format!("<img src=\"{link}\">").as_bytes());
        }
    }
    let output = run(command(&["rewrite"], &SETTINGS), &document);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout == expected);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr, "confluence-attachment-proxy: 5000 links replaced\n");
    check(&["rewrite"], "", (0, ""), &["0 links replaced"]);
}

#[test]
fn rewrite_leaves_alone_what_another_encoding_would_make_another_file() {
    let document =
        b"<meta charset=gbk><img src=\"/download/attachments/1/\xcd\xbc.png\"><p>\xb5\xc4</p>";
    let output = run(command(&["rewrite"], &SETTINGS), document);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout == document);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{stderr}");
    assert!(lines[0].ends_with("0 links replaced"), "{stderr}");
    assert!(lines[1].contains("1 link left as written"), "{stderr}");
    assert!(lines[1].contains("iconv -f GBK -t UTF-8"), "{stderr}");

    let units = format!("\u{feff}see {LINK}\r\n");
    for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let document: Vec<u8> = units.encode_utf16().flat_map(to_bytes).collect();
        let output = run(command(&["rewrite"], &SETTINGS), &document);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(65), "{stderr}");
        assert!(output.stdout.is_empty());
        assert!(stderr.contains("iconv -f UTF-16 -t UTF-8"), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

/// What was read so far is there before the document ends: a pipe is no place to wait in.
#[test]
fn rewrite_gives_back_what_is_certain_while_it_reads() {
    let mut child = command(&["rewrite"], &SETTINGS)
        .spawn()
        .expect("the program was built");
    let (mut stdin, mut stdout) = (
        child.stdin.take().expect("a pipe"),
        child.stdout.take().expect("a pipe"),
    );
    stdin.write_all(LINK.as_bytes()).expect("it reads");
    stdin
        .write_all(b" and what follows it\n")
        .expect("it reads");
    let (sender, receiver) = channel();
    let reader = thread::spawn(move || {
        let mut begun = vec![0; OURS.len()];
        stdout.read_exact(&mut begun).expect("it writes");
        sender.send(begun).expect("the test waits");
        stdout
    });
    let begun = receiver.recv_timeout(PATIENCE).expect("before the end");
    assert_eq!(String::from_utf8_lossy(&begun), OURS);
    let mut stdout = reader.join().expect("it has read");
    drop(stdin);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("it writes");
    assert_eq!(rest, " and what follows it\n");
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn whoever_stops_reading_hears_nothing_more() {
    let document = format!("{LINK}\n").repeat(100_000);
    for words in [&["rewrite"][..], &["link", LINK]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = command(words, &SETTINGS);
        command.stdout(writer);
        let output = run(command, document.as_bytes());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{words:?}");
    }
}

#[test]
fn a_full_disk_is_told() {
    for words in [&["rewrite"][..], &["link", LINK]] {
        let mut command = command(words, &SETTINGS);
        command.stdout(
            File::options()
                .write(true)
                .open("/dev/full")
                .expect("Linux has it"),
        );
        let output = run(command, LINK.as_bytes());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(74), "{words:?}: {stderr}");
        assert!(
            stderr.contains("standard output: No space left"),
            "{stderr}"
        );
    }
}

#[test]
fn two_addresses_are_all_that_must_be_set() {
    for (settings, expected) in [
        (&[][..], "CONFLUENCE_URL: not set"),
        (&SETTINGS[..1], "PROXY_PUBLIC_URL: not set"),
        (
            &[SETTINGS[0], ("PROXY_PUBLIC_URL", "files")],
            "PROXY_PUBLIC_URL=\"files\"",
        ),
    ] {
        for words in [&["rewrite"][..], &["link", LINK]] {
            let output = run(command(words, settings), LINK.as_bytes());
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(78), "{words:?}: {stderr}");
            assert!(stderr.contains(expected), "{expected}: {stderr}");
            assert!(output.stdout.is_empty(), "{words:?}");
        }
    }
    let settings = [
        SETTINGS[0],
        ("PROXY_HOST", "127.0.0.1"),
        ("PROXY_BASE_PATH", "/f"),
    ];
    let output = run(command(&["link", LINK], &settings), b"");
    let expected = OURS.replace("files.example.com/proxy", "127.0.0.1:8080/f");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), expected);
}

#[test]
fn each_command_explains_itself() {
    for name in ["check", "advise", "link", "rewrite", "demo"] {
        let output = run(command(&[name, "--help"], &[]), b"");
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{name}");
        let usage = format!("Usage:\n  confluence-attachment-proxy {name} ");
        assert!(stdout.starts_with(&usage), "{stdout}");
    }
}
