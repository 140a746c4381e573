//! The order of the steps: what is looked at, and what is left out when an earlier step has failed.

use std::path::PathBuf;

use super::findings::{self, Memory};
use super::page;
use super::report::{Finding, Report, Step, Verdict};
use crate::attachment::PageId;
use crate::config::{Allow, Config, ConfigErrors, Warning};
use crate::confluence::{Connected, Examiner, Manifest, UpstreamError, Way};

/// What is checked.
pub struct Task<'a> {
    /// The settings, as the service would have them.
    pub config: &'a Config,
    /// What is odd about them.
    pub warnings: &'a [Warning],
    /// What the machine grants.
    pub memory: Memory,
    /// The file of the certificate that clients are shown, if they are to be shown one; or why it cannot be.
    pub certificate: Result<Option<PathBuf>, String>,
    /// A page whose files are listed at the end.
    pub page: Option<PageId>,
}

/// Reports settings that cannot be used: every problem, and what else is odd.
pub fn refuse(errors: &ConfigErrors, say: &mut dyn FnMut(&str)) -> Verdict {
    let mut report = Report::new(say);
    for problem in &errors.problems {
        let finding = Finding::fail(Verdict::Configuration, problem);
        report.tell(Step::Configuration, &finding);
    }
    warn(&mut report, &errors.warnings);
    report.verdict()
}

/// Looks at everything in turn, and reports each step as soon as it has ended. Blocks for as long as the steps take.
pub fn run(task: &Task<'_>, say: &mut dyn FnMut(&str)) -> Verdict {
    let (mut report, settings) = (Report::new(say), &task.config.confluence);
    let examiner = match Examiner::new(settings) {
        Ok(examiner) => examiner,
        Err(error) => {
            let finding = Finding::fail(Verdict::Configuration, error);
            report.tell(Step::Configuration, &finding);
            warn(&mut report, task.warnings);
            return report.verdict();
        }
    };
    report.tell(Step::Configuration, &findings::configuration(settings));
    warn(&mut report, task.warnings);
    report.tell(Step::Memory, &findings::memory(task.memory));
    if let Some(finding) = findings::https(&task.certificate) {
        report.tell(Step::Https, &finding);
    }
    if task.certificate.is_err() {
        return report.verdict(); // the service would not start
    }
    let manifest = reach(task.config, &examiner, &mut report);
    let is_proven = matches!(manifest, Some(Ok(Manifest::Confluence { .. })));
    report.attempt(Step::Login, || {
        let login = examiner.login();
        (findings::login(&login, settings.kind, is_proven), ())
    });
    match examiner.clocks() {
        // The reason stands in the line of the step that failed.
        None if report.is_broken() => {
            report.attempt(Step::Clock, || (findings::clock(None), ()));
        }
        clocks => report.tell(Step::Clock, &findings::clock(clocks)),
    }
    if let Some(number) = task.page {
        let allow = task.config.proxy.allow.as_ref();
        report.attempt(Step::Page, || (look_at(&examiner, number, allow), ()));
    }
    report.verdict()
}

fn warn(report: &mut Report<'_>, warnings: &[Warning]) {
    for warning in warnings {
        report.tell(Step::Configuration, &Finding::warn(warning));
    }
}

/// Goes the way to Confluence as far as it leads without the account. `None`: the manifest was not asked for.
fn reach(
    config: &Config,
    examiner: &Examiner,
    report: &mut Report<'_>,
) -> Option<Result<Manifest, UpstreamError>> {
    let (way, host) = (examiner.way(), examiner.host());
    report.tell(Step::Proxy, &findings::proxy(way, host));
    let found = examiner.resolve();
    report.attempt(Step::Dns, || {
        (
            findings::dns(way, (host, examiner.is_address()), &found),
            (),
        )
    });
    let connected = report.attempt(Step::Tcp, || {
        let connected = found.and_then(|addresses| examiner.connect(&addresses));
        let reached = connected.as_ref().map(|connected| &connected.reached);
        (findings::tcp(way, reached), connected.ok())
    });
    let is_through = matches!(way, Way::Through(_));
    if is_through {
        drop(connected); // a proxy may serve one connection after the other
    } else {
        report.attempt(Step::Tls, || {
            let connection = connected.flatten();
            (secure(config, examiner, connection), ())
        });
    }
    let manifest = (!report.is_broken()).then(|| examiner.manifest());
    if is_through {
        report.attempt(Step::Tls, || match examiner.is_https() {
            true => (findings::tls_through(host, manifest.as_ref()), ()),
            false => (no_tls(), ()),
        });
    }
    report.attempt(Step::Version, || {
        let kind = config.confluence.kind;
        (findings::version(kind, manifest.as_ref()), ())
    });
    manifest
}

fn secure(config: &Config, examiner: &Examiner, connection: Option<Connected>) -> Finding {
    let Some(connection) = connection.filter(|_| examiner.is_https()) else {
        return no_tls();
    };
    let authority = config.confluence.ca.as_ref();
    let authority = authority.map(|ca| ca.path.display().to_string());
    let secured = examiner.secure(connection);
    findings::tls(examiner.host(), authority.as_deref(), &secured)
}

fn no_tls() -> Finding {
    Finding::skip("CONFLUENCE_URL begins with http://, so there is none")
}

/// Lists a page, and asks for its space if only that says whether it is published.
fn look_at(examiner: &Examiner, number: PageId, allow: Option<&Allow>) -> Finding {
    let files = examiner.files_of(number);
    let depends = page::publication(allow, number) == page::Publication::DependsOnSpace;
    let space = (files.is_ok() && depends).then(|| examiner.space_of(number));
    page::page(number, &files, allow, space.as_ref())
}
