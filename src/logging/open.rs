//! How the logger of the process is put together and installed.

use std::io::Write;
use std::sync::OnceLock;
use std::time::SystemTime;

use super::line::Style;
use super::sink::{LogActor, LogHandle, LogSink};
use super::{filter, sink};

/// The handle of the logger of this process.
static INSTALLED: OnceLock<LogHandle> = OnceLock::new();

/// Installs the logger of the process and returns the two ends of the log: the actor to run and the handle to end it.
///
/// `directives` is the text of RUST_LOG; without it `info` holds. What is wrong in it is logged as a warning. Lines
/// wait in the channel until [`LogActor::run`] is called.
///
/// # Errors
///
/// When the process has a logger already: a mistake in the program, not in its configuration.
pub fn prepare(
    style: Style,
    directives: Option<&str>,
) -> Result<(LogHandle, LogActor), log::SetLoggerError> {
    let (sink, handle, actor) = sink::channel(style);
    let chosen = filter::parse(directives);
    let logger = filter::Screen::new(build(style, &chosen, sink));
    let level = logger.max_level();
    log::set_boxed_logger(Box::new(logger))?;
    let _ = INSTALLED.set(handle.clone()); // there is one logger, so there was none
    log::set_max_level(level);
    for flaw in chosen.flaws {
        log::warn!("{flaw}");
    }
    Ok((handle, actor))
}

/// How many lines the logger of this process has dropped; none as long as there is none.
pub fn lines_dropped() -> u64 {
    INSTALLED.get().map_or(0, LogHandle::lines_dropped)
}

fn build(style: Style, chosen: &filter::Chosen, sink: LogSink) -> env_logger::Logger {
    let mut builder = env_logger::Builder::new();
    for (module, level) in &chosen.levels {
        builder.filter(module.as_deref(), *level);
    }
    builder
        .write_style(env_logger::WriteStyle::Never)
        .target(env_logger::Target::Pipe(Box::new(sink)))
        .format(move |out, record| {
            let line = style.line(
                SystemTime::now(),
                record.level(),
                record.target(),
                record.args(),
            );
            out.write_all(line.as_bytes())
        })
        .build()
}

#[cfg(test)]
mod tests {
    use log::{Level, LevelFilter, Log, Record};

    use super::*;

    #[test]
    fn records_become_lines_of_those_who_are_wanted() {
        let (sink, handle, actor) = sink::channel(Style::Journal);
        let chosen = filter::parse(Some("warn,ureq=trace"));
        let logger = filter::Screen::new(build(Style::Journal, &chosen, sink));
        assert_eq!(logger.max_level(), LevelFilter::Debug);
        for (level, target) in [
            (Level::Error, "own"),
            (Level::Info, "own"),
            (Level::Debug, "ureq::run"),
            (Level::Trace, "ureq::run"),
        ] {
            let mut record = Record::builder();
            record.level(level).target(target);
            let message = format_args!("name={:?} \u{1b}", "a\nb");
            logger.log(&record.args(message).build());
        }
        drop((logger, handle));
        let mut output = Vec::new();
        actor.run_into(&mut output);
        let expected = r#"<3>name="a\nb" \u{1b}
<7>ureq::run: name="a\nb" \u{1b}
"#;
        assert_eq!(String::from_utf8(output).as_deref(), Ok(expected));
    }
}
