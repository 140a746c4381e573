//! The command `advise`, from outside: a log of the real program and what is known of it, and its exit codes.

use std::fs::File as Disk;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use confluence_attachment_proxy::demo::File;

use crate::support::binary::{self, Binary, Ended, Settings, run};
use crate::support::{Client, PAGE, pattern};

/// Three of them do not fit into 64 MiB, nor one of them into the quarter of it that one file may take.
const FILE_BYTES: usize = 20 << 20;

/// A file that is gone with the test.
struct Log(PathBuf);

impl Log {
    fn new(name: &str, text: &str) -> Log {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let path = directory.join(format!("advise-{}-{name}", std::process::id()));
        std::fs::write(&path, text).expect("a directory of ours");
        Log(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a plain path")
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0); // another run has another name
    }
}

/// Nine requests for three files, each first a miss and then two hits, and three for something else.
fn load(mut program: Binary) -> Ended {
    let mut client = Client::connect(program.address());
    for name in ["a.png", "b.png", "c.png"] {
        let path = format!("/proxy/{PAGE}/{name}");
        let first = client.get(&path);
        assert_eq!((first.status, first.body.len()), (200, FILE_BYTES));
        let tag = loop {
            let kept = client.ask("HEAD", &path, &[]);
            if let Some(tag) = kept.field("ETag") {
                break tag.to_owned(); // it is kept by now
            }
        };
        let again = client.ask("GET", &path, &[("If-None-Match", &tag)]);
        assert_eq!(again.status, 304);
    }
    for path in ["/healthz", "/proxy/", "/nowhere"] {
        client.get(path);
    }
    drop(client);
    program.stop("TERM")
}

fn program(is_journal: bool) -> Ended {
    let (origin, _) = binary::origin("a.png", FILE_BYTES);
    for name in ["b.png", "c.png"] {
        origin.put(PAGE, name, File::new("image/png", pattern(FILE_BYTES)));
    }
    let settings = binary::settings(&origin);
    load(match is_journal {
        true => Binary::under_journal(&["serve"], &settings),
        false => Binary::start(&["serve"], &settings),
    })
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// The words of the line that begins with this one.
#[track_caller]
fn row<'a>(ended: &'a Ended, first: &str) -> Vec<&'a str> {
    let mut rows = ended.stdout.iter().map(|line| words(line));
    let found = rows.find(|words| words.first() == Some(&first));
    found.unwrap_or_else(|| panic!("no {first}: {:#?}", ended.text()))
}

/// What the settings of the environment and this log come to.
fn advise(log: &Log, settings: &[(&str, &str)]) -> Ended {
    let pairs = settings.iter();
    let settings: Settings = pairs
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    run(&["advise", log.path()], &settings)
}

#[test]
fn a_log_of_the_program_gives_what_is_known_of_it() {
    let log = program(false);
    let hits = log.lines(" from=hit ").len() + log.lines(" from=join ").len();
    assert_eq!(
        (log.lines(" from=miss ").len(), 3 + hits),
        (3, log.lines("served key=").len())
    );
    let requests = 3 + hits;
    let log = Log::new("plain", &log.text());
    let ended = advise(&log, &[]);
    assert_eq!(ended.code, Some(0), "{}", ended.text());
    let said = format!("{requests} requests for 3 files of together 60.0 MiB, in ");
    assert!(ended.stdout[0].starts_with(&said), "{}", ended.text());
    assert!(
        ended.text().contains(
            "\nrequests left out because they are for pages, health checks or purges: 3\n"
        ),
        "{}",
        ended.text()
    );
    let ratio = format!("{:.1}", 100.0 * hits as f64 / requests as f64);
    let full = [&ratio, "%", &ratio, "%", "3", "60.0", "MiB"];
    for budget in ["128MiB", "256MiB", "512MiB", "1GiB", "2GiB", "4GiB"] {
        assert_eq!(row(&ended, budget)[1..], full, "{budget}: {}", ended.text());
    }
    assert_eq!(row(&ended, "without")[2..], full, "{}", ended.text());
    assert_eq!(row(&ended, "the")[3..], full, "{}", ended.text());
    let none = row(&ended, "64MiB");
    assert_eq!(none[1..6], ["0.0", "%", "0.0", "%", &requests.to_string()]);
    let advice = ended.stdout.last().expect("lines");
    assert!(
        advice.starts_with("Set CACHE_MAX_BYTES=128MiB: "),
        "{advice}"
    );

    // The other settings count: nothing so large is kept, and then nothing for so long, and only one.
    let ended = advise(&log, &[("CACHE_MAX_ITEM_BYTES", "1MiB")]);
    assert_eq!(row(&ended, "4GiB")[1..3], ["0.0", "%"], "{}", ended.text());
    let ended = advise(
        &log,
        &[("CACHE_MAX_ITEMS", "1"), ("CACHE_MAX_BYTES", "1MiB")],
    );
    assert_eq!(
        row(&ended, "4GiB")[1],
        ratio,
        "one file after the other: {}",
        ended.text()
    );
    let ended = advise(
        &log,
        &[("CACHE_TTL_SECONDS", "soon"), ("CACHE_MAX_ITEMS", "0")],
    );
    assert_eq!(
        (ended.code, ended.stderr.len()),
        (Some(78), 2),
        "{}",
        ended.text()
    );
}

#[test]
fn a_journal_without_times_is_taken_as_one_moment() {
    let log = program(true);
    let text = log.text();
    assert!(text.contains("<6>served key="), "{text}");
    let log = Log::new("journal", &text.replace("<6>", ""));
    let mut command = Command::new(binary::path());
    command
        .args(["advise", "-"])
        .stdin(Disk::open(&log.0).expect("a log"));
    let output = command.stderr(Stdio::null()).output().expect("the program");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains(" requests for 3 files of together 60.0 MiB\n"),
        "{said}"
    );
    assert!(said.contains("no line has a time"), "{said}");
    assert!(said.contains("Set CACHE_MAX_BYTES=128MiB: "), "{said}");
}

#[test]
fn what_is_no_log_is_refused_with_the_remedy() {
    let other = Log::new(
        "other",
        "10.0.0.1 - - [28/Nov/2026:07:15:34 +0000] \"GET / HTTP/1.1\" 200 7\n",
    );
    let part = "served key=a status=206 from=hit bytes=5 ms=1 client=::1\n";
    let parts = Log::new("parts", part);
    let missing = "/nowhere/of/the/name.log";
    for (words, code, said) in [
        (
            vec!["advise", missing],
            66,
            r#""/nowhere/of/the/name.log": No such file"#,
        ),
        (vec!["advise", "/"], 66, r#""/": Is a directory"#),
        (
            vec!["advise", other.path()],
            66,
            "it has no line of an answered request for a file, such as",
        ),
        (
            vec!["advise", parts.path()],
            66,
            "no request of it was answered with a whole file",
        ),
        (
            vec!["advise", "-"],
            66,
            r#""-": it has no line of an answered request"#,
        ), // stdin is /dev/null
        (vec!["advise"], 64, r#""advise": expected a log behind it"#),
    ] {
        let ended = run(&words, &Settings::new());
        assert_eq!(
            (ended.code, ended.stderr.len()),
            (Some(code), 1),
            "{words:?}: {}",
            ended.text()
        );
        assert!(
            ended.stderr[0].contains(said),
            "{words:?}: {}",
            ended.text()
        );
        assert!(ended.stdout.is_empty(), "{words:?}");
    }
}
