//! What is wanted (RUST_LOG) and what never comes out.

use log::{LevelFilter, Log, Metadata, Record};

/// The loudest level that is ever let through: below it the HTTP client writes out what it sends.
const LOUDEST: LevelFilter = LevelFilter::Debug;

/// Whose lines are never let through. tiny_http sees the gates and nobody else: the end of its accept thread, which we
/// cause ourselves, is an ERROR to it, and it has nothing else to say that a person could act on.
const MUTED: &str = "tiny_http";

/// What holds without RUST_LOG, and when nothing in it can be used.
const DEFAULT_LEVEL: LevelFilter = LevelFilter::Info;

/// Beginnings of the modules that log in this process. A bare word is taken for one of them only: as any other module
/// it would silence everything without a sound, and it is more likely a level with a slip in it.
const MODULES: [&str; 4] = ["confluence_attachment_proxy", "ureq", "rustls", "mio"];

/// The directives that can be used, and what is wrong with the others.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chosen {
    /// Module (none: all others) and level, in the order in which they were given.
    pub levels: Vec<(Option<String>, LevelFilter)>,
    /// A sentence for the operator for each that is left out.
    pub flaws: Vec<String>,
}

/// Reads RUST_LOG: a level for everything, or `module=level`, separated by commas.
///
/// Directives mean what they mean to `env_logger`, which itself would pass over wrong ones; the text filter behind a
/// slash is not taken.
pub(super) fn parse(directives: Option<&str>) -> Chosen {
    let mut chosen = Chosen::default();
    let words = directives.unwrap_or_default().split(',').map(str::trim);
    for word in words.filter(|word| !word.is_empty()) {
        let Some((module, level)) = parse_directive(word) else {
            chosen.flaws.push(format!(
                "RUST_LOG={word:?}: expected off, error, warn, info or debug, or module=level such as ureq=debug; this part is ignored"
            ));
            continue;
        };
        if LOUDEST < level {
            chosen.flaws.push(format!(
                "RUST_LOG={word:?}: expected at most debug, which is used; trace would show the account"
            ));
        }
        chosen.levels.push((module, level.min(LOUDEST)));
    }
    if chosen.levels.is_empty() {
        chosen.levels.push((None, DEFAULT_LEVEL));
    }
    chosen
}

fn parse_directive(word: &str) -> Option<(Option<String>, LevelFilter)> {
    if let Ok(level) = word.parse() {
        return Some((None, level));
    }
    let Some((module, level)) = word.split_once('=') else {
        let known = MODULES.iter().any(|known| word.starts_with(known));
        return known.then(|| (Some(word.to_owned()), LOUDEST));
    };
    let module = module.trim();
    let named = !module.is_empty()
        && module
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
    let level = level.trim().parse().ok()?;
    named.then(|| (Some(module.to_owned()), level))
}

/// The logger of the process: `env_logger`, but deaf to TRACE from whomever and to everything from [`MUTED`].
///
/// Release builds leave TRACE out at compile time; this holds in every build, and for a crate that would check the
/// global level only.
pub(super) struct Screen(env_logger::Logger);

impl Screen {
    pub(super) fn new(inner: env_logger::Logger) -> Screen {
        Screen(inner)
    }

    /// The level for `log::set_max_level`: what is wanted at most, and never TRACE.
    pub(super) fn max_level(&self) -> LevelFilter {
        self.0.filter().min(LOUDEST)
    }
}

fn passes(metadata: &Metadata<'_>) -> bool {
    let module = metadata.target().split("::").next();
    metadata.level() <= LOUDEST && module != Some(MUTED)
}

impl Log for Screen {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        passes(metadata) && self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if passes(record.metadata()) {
            self.0.log(record);
        }
    }

    fn flush(&self) {
        self.0.flush();
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use log::Level;

    use super::*;

    const OWN: &str = "confluence_attachment_proxy::gate";

    #[test]
    fn directives_are_read() {
        use LevelFilter::{Debug, Info, Off, Warn};
        for (text, expected, flaws) in [
            (None, &[(None, Info)][..], 0),
            (Some(""), &[(None, Info)], 0),
            (Some(" , "), &[(None, Info)], 0),
            (Some("warn"), &[(None, Warn)], 0),
            (Some("WARN"), &[(None, Warn)], 0),
            (Some("off"), &[(None, Off)], 0),
            (
                Some("info, ureq=debug"),
                &[(None, Info), (Some("ureq"), Debug)],
                0,
            ),
            (Some("ureq::pool = warn"), &[(Some("ureq::pool"), Warn)], 0),
            (Some("other=warn"), &[(Some("other"), Warn)], 0),
            (Some("ureq"), &[(Some("ureq"), Debug)], 0),
            (Some(OWN), &[(Some(OWN), Debug)], 0),
            (Some("trace"), &[(None, Debug)], 1),
            (
                Some("warn,ureq_proto=trace"),
                &[(None, Warn), (Some("ureq_proto"), Debug)],
                1,
            ),
            (Some("inof"), &[(None, Info)], 1),
            (Some("warning"), &[(None, Info)], 1),
            (Some("warn,ureq=loud,=info,a b=info"), &[(None, Warn)], 3),
            (Some("ureq=warn=info"), &[(None, Info)], 1),
            (Some("info/text"), &[(None, Info)], 1),
        ] {
            let chosen = parse(text);
            let levels: Vec<_> = chosen
                .levels
                .iter()
                .map(|(module, level)| (module.as_deref(), *level))
                .collect();
            assert_eq!(levels, expected, "{text:?}");
            assert_eq!(chosen.flaws.len(), flaws, "{text:?}: {:?}", chosen.flaws);
        }
    }

    /// A place to write to that the test can look into.
    #[derive(Clone, Default)]
    struct Sheet(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sheet {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panics while held").write(text)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn trace_and_tiny_http_never_come_out() {
        let sheet = Sheet::default();
        let inner = env_logger::Builder::new()
            .filter_level(LevelFilter::Trace)
            .filter_module("ureq_proto", LevelFilter::Trace)
            .target(env_logger::Target::Pipe(Box::new(sheet.clone())))
            .build();
        let logger = Screen::new(inner);
        assert_eq!(logger.max_level(), LevelFilter::Debug);
        for target in [
            OWN,
            "ureq",
            "ureq::run",
            "rustls::conn",
            "tiny_http",
            "tiny_http::a",
        ] {
            for (level, wanted) in [
                (Level::Trace, false),
                (Level::Debug, true),
                (Level::Error, true),
            ] {
                let wanted = wanted && !target.starts_with("tiny_http");
                let metadata = Metadata::builder().level(level).target(target).build();
                assert_eq!(logger.enabled(&metadata), wanted, "{target} {level}");
                let before = sheet.0.lock().expect("no panics while held").len();
                let record = Record::builder().metadata(metadata).build();
                logger.log(&record);
                let after = sheet.0.lock().expect("no panics while held").len();
                assert_eq!(before < after, wanted, "{target} {level}");
            }
        }
    }
}
