//! The doorway: argv and environment in, exit code out. The house is the library beside it.

mod demonstration;
mod files;
mod health;
mod service_manager;
mod translate;
mod warming;

use std::fmt::Display;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::panic::{UnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use confluence_attachment_proxy::account::{Found, Secrets};
use confluence_attachment_proxy::advise::{self, AdviceError, BUDGETS};
use confluence_attachment_proxy::arguments::{self, Command};
use confluence_attachment_proxy::attachment::PageId;
use confluence_attachment_proxy::check::{self, Memory, Task, Verdict};
use confluence_attachment_proxy::client::Service;
use confluence_attachment_proxy::config::{
    CacheConfig, Config, ConfigErrors, Environment, Warning, format_size,
};
use confluence_attachment_proxy::demo::{Neighbour, Options, SampleConfluence};
use confluence_attachment_proxy::logging::{self, LogHandle, Style};
use confluence_attachment_proxy::meters::Saved;
#[cfg(debug_assertions)]
use confluence_attachment_proxy::sabotage;
use confluence_attachment_proxy::server::{self, Ending, FoundTls, Server, Setup};
use confluence_attachment_proxy::systemd::Given;

use crate::files::{open_log, read_text_file, stamp};

/// sysexits.h: the command line is wrong.
const USAGE: u8 = 64;

/// sysexits.h: what should be read is not there, or is something else.
const NO_INPUT: u8 = 66;

/// sysexits.h: the other side is not there.
const UNAVAILABLE: u8 = 69;

/// sysexits.h: something that should not happen did.
const INTERNAL: u8 = 70;

/// sysexits.h: the account is not let in.
const NO_PERMISSION: u8 = 77;

/// sysexits.h: the configuration is wrong; starting again changes nothing.
const CONFIGURATION: u8 = 78;

/// How long the log may take to write its last lines.
const LOG_PATIENCE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let style = style();
    let command = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            complain(style, &error);
            return USAGE.into();
        }
    };
    match command {
        Command::Help(topic) => say(arguments::help(topic).trim_end()),
        Command::Version => say(arguments::VERSION),
        Command::Serve => return serve(style),
        Command::Demo { port } => return demo(style, port),
        Command::Advise { file } => {
            return catch_unwind(|| advise(style, &file)).unwrap_or(INTERNAL.into());
        }
        Command::Warm { pages, url } => {
            return with_service(style, url, |service| warming::warm(&pages, service));
        }
        Command::Health { url } => return with_service(style, url, health::health),
        Command::Link { texts } => return with_environment(|given| translate::link(given, &texts)),
        Command::Rewrite => return with_environment(translate::rewrite),
        Command::Check { page } => {
            let verdict = catch_unwind(|| check(page)).unwrap_or(Verdict::Internal);
            return match verdict {
                Verdict::Good => ExitCode::SUCCESS,
                Verdict::Unreachable => UNAVAILABLE.into(),
                Verdict::Refused => NO_PERMISSION.into(),
                Verdict::Configuration => CONFIGURATION.into(),
                Verdict::Internal => INTERNAL.into(),
            };
        }
    }
    ExitCode::SUCCESS
}

fn with_environment(deed: impl FnOnce(&Environment<'_>) -> u8 + UnwindSafe) -> ExitCode {
    let code = catch_unwind(|| deed(&environment()));
    code.unwrap_or(INTERNAL).into()
}

/// Asks the service at `url`, else the one on this host.
fn with_service(
    style: Style,
    url: Option<String>,
    deed: impl FnOnce(&Service) -> ExitCode + UnwindSafe,
) -> ExitCode {
    let code = catch_unwind(|| {
        let service = match url {
            Some(url) => Service::Named(url),
            None => match Config::service_from_lookup(&environment()) {
                Ok(local) => Service::Local(local),
                Err(errors) => {
                    let problems = errors.problems.iter();
                    problems.for_each(|problem| complain(style, problem));
                    return CONFIGURATION.into();
                }
            },
        };
        deed(&service)
    });
    code.unwrap_or(INTERNAL.into())
}

fn environment() -> Environment<'static> {
    Environment::new(std::env::vars_os(), &read_text_file)
}

fn serve(style: Style) -> ExitCode {
    let given = service_manager::given();
    #[cfg(debug_assertions)]
    if let Ok(point) = std::env::var(sabotage::VARIABLE) {
        sabotage::arm(point);
    }
    let environment = environment();
    let (config, warnings) = match Config::from_lookup(&environment) {
        Ok(config) => config,
        Err(errors) => {
            let warnings = errors.warnings.iter();
            warnings.for_each(|warning| complain(style, warning));
            let problems = errors.problems.iter();
            problems.for_each(|problem| complain(style, problem));
            return CONFIGURATION.into();
        }
    };
    let log = match start_log(style, environment.get("RUST_LOG")) {
        Ok(log) => log,
        Err(error) => return fail(style, &error),
    };
    for warning in warnings {
        log::warn!("{warning}");
    }
    let setup = Setup {
        config,
        directory: link_directory(),
        showcase: None,
        secrets: Secrets::new(reread_account, stamp),
        reread_tls: Box::new(reread_tls),
        given,
    };
    let code = run(setup, |_| {}, |_| {});
    log.close(LOG_PATIENCE);
    code
}

/// Looks for what is wrong with the settings that `serve` would have. There is no log: everything is in the lines.
fn check(page: Option<PageId>) -> Verdict {
    match Config::from_lookup(&environment()) {
        Ok((config, warnings)) => {
            let memory = Memory {
                cache: config.cache.bytes_max,
                beside: server::memory_beside(&config),
                granted: server::memory_granted(),
            };
            let task = Task {
                config: &config,
                warnings: &warnings,
                memory,
                certificate: server::certificate_file(&config).map_err(|error| error.to_string()),
                page,
            };
            check::run(&task, &mut |line| say(line))
        }
        Err(errors) => check::refuse(&errors, &mut |line| say(line)),
    }
}

/// Says what the cache would have done with the requests of a log, had it been of another size.
fn advise(style: Style, file: &Path) -> ExitCode {
    let mut settings = Vec::new();
    for bytes in BUDGETS {
        match cache_settings(bytes) {
            Ok(found) => settings.push(found),
            Err(errors) => {
                let problems = errors.problems.iter();
                problems.for_each(|problem| complain(style, problem));
                return CONFIGURATION.into();
            }
        }
    }
    let settings = settings.try_into().expect("one for each budget");
    let advised = open_log(file).map_err(AdviceError::Unreadable);
    match advised.and_then(|log| advise::run(log, &settings, &mut |line| say(line))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(style, &format_args!("{file:?}: {error}"));
            NO_INPUT.into()
        }
    }
}

/// The settings of the cache as the service would have them with this `CACHE_MAX_BYTES`.
fn cache_settings(bytes_max: u64) -> Result<CacheConfig, ConfigErrors> {
    const NAME: &str = "CACHE_MAX_BYTES";
    let others = std::env::vars_os().filter(|(name, _)| name != NAME);
    let variables = others.chain([(NAME.into(), format_size(bytes_max).into())]);
    Config::cache_from_lookup(&Environment::new(variables, &read_text_file))
}

/// Reads the account's settings and files again as at the start.
fn reread_account() -> Result<Found, Vec<String>> {
    reread(Config::confluence_from_lookup)
}

/// Reads the files of the certificate again as at the start.
fn reread_tls() -> FoundTls {
    reread(Config::tls_from_lookup)
}

type Reading<T> = Result<(T, Vec<Warning>), ConfigErrors>;

fn reread<T>(read: fn(&Environment<'_>) -> Reading<T>) -> Result<(T, Vec<String>), Vec<String>> {
    match read(&environment()) {
        Ok((found, warnings)) => {
            let warnings = warnings.iter().map(ToString::to_string).collect();
            Ok((found, warnings))
        }
        Err(errors) => Err(errors.problems.iter().map(ToString::to_string).collect()),
    }
}

/// Runs the service until it is asked to stop. `begin` sees it once clients are served; `end` is told what it was good for
/// when the last client has been.
fn run(setup: Setup, begin: impl FnOnce(&Server), end: impl FnOnce(Saved)) -> ExitCode {
    let asked = match server::signals() {
        Ok(asked) => asked,
        Err(error) => {
            log::error!("cannot watch for signals: {error}");
            return INTERNAL.into();
        }
    };
    let mut server = match Server::start(setup) {
        Ok(server) => server,
        Err(error) => {
            log::error!("{error}");
            return if error.is_configuration() {
                CONFIGURATION.into()
            } else {
                INTERNAL.into()
            };
        }
    };
    begin(&server);
    let code = match server.wait(asked) {
        Ending::Asked => ExitCode::SUCCESS,
        Ending::Failed(farewell) => {
            server::log_failure(&farewell);
            INTERNAL.into()
        }
    };
    end(server.end());
    code
}

fn demo(style: Style, port: Option<u16>) -> ExitCode {
    let rust_log = std::env::var("RUST_LOG").ok();
    let log = match start_log(style, rust_log.as_deref()) {
        Ok(log) => log,
        Err(error) => return fail(style, &error),
    };
    let options = Options::default();
    let account = (options.username.clone(), options.token.clone());
    let confluence = match SampleConfluence::with_samples(options) {
        Ok(confluence) => confluence,
        Err(error) => {
            return fail(
                style,
                &format_args!("cannot start the sample Confluence: {error}"),
            );
        }
    };
    let code = match demonstration::config(&confluence.url(), &account, port) {
        Ok(config) => {
            let base_path = config.proxy.base_path.clone();
            let secrets = Secrets::fixed(config.confluence.clone());
            let setup = Setup {
                config,
                secrets,
                reread_tls: Box::new(|| Ok((None, Vec::new()))), // a demonstration has no certificate
                given: Given::default(),                         // nor is it installed anywhere
                directory: link_directory(),
                showcase: Some(demonstration::showcase(&confluence)),
            };
            let begin = |server: &Server| {
                let base = format!("http://{}{base_path}", server.address());
                confluence.introduce(Neighbour {
                    url: format!("{base}/"),
                    reload: format!("kill -HUP {}", std::process::id()),
                });
                say(demonstration::introduction(&confluence, &base));
            };
            run(setup, begin, |saved| say(demonstration::summary(&saved)))
        }
        Err(error) => fail(style, &error),
    };
    log.close(LOG_PATIENCE);
    code
}

fn start_log(style: Style, directives: Option<&str>) -> Result<LogHandle, String> {
    let (log, actor) = logging::prepare(style, directives).map_err(|error| error.to_string())?;
    server::start_log(actor).map_err(|error| format!("cannot start the log: {error}"))?;
    Ok(log)
}

/// The journal takes priorities and adds the time itself; a person wants the time and no priorities.
fn style() -> Style {
    // systemd names the device and inode of the journal's stream, so that a redirected stderr is told apart.
    let journal = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    let stderr =
        std::fs::metadata("/proc/self/fd/2").map(|file| format!("{}:{}", file.dev(), file.ino()));
    match stderr {
        Ok(stderr) if stderr == journal => Style::Journal,
        _ => Style::Human,
    }
}

/// Where the private directory of the links is made: systemd's, or the system's for temporary files.
fn link_directory() -> PathBuf {
    let given = std::env::var_os("RUNTIME_DIRECTORY").unwrap_or_default();
    let first = std::env::split_paths(&given).next();
    first
        .filter(|path| !path.as_os_str().is_empty())
        .unwrap_or_else(std::env::temp_dir)
}

/// Prints for the person who started us. A closed pipe is none of our business.
fn say(text: impl Display) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Says what is wrong before there is a log.
fn complain(style: Style, text: &dyn Display) {
    let priority = match style {
        Style::Journal => "<3>",
        Style::Human => "",
    };
    let _ = writeln!(
        io::stderr(),
        "{priority}confluence-attachment-proxy: {text}"
    );
}

fn fail(style: Style, error: &dyn Display) -> ExitCode {
    complain(style, error);
    INTERNAL.into()
}
