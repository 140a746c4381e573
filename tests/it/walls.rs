//! The walls between the rooms: which names a file of `src/` may not use. Comments, texts and tests are not looked at.

use crate::support::source::{Name, Source, sources, tokens};

/// What a room may name of this crate, beside itself. A path ends at the name itself: `reply::Reply` allows no other
/// name of `reply`.
struct Room {
    name: &'static str,
    may_name: &'static [&'static str],
    why: &'static str,
}

const ROOMS: &[Room] = &[
    Room {
        name: "attachment",
        may_name: &[],
        why: "the shared vocabulary: everybody names it, so it can name nobody",
    },
    Room {
        name: "meters",
        may_name: &[],
        why: "everybody counts, so it can name nobody",
    },
    Room {
        name: "config",
        may_name: &["attachment"],
        why: "a text becomes a configuration, whoever uses it; page ids are read by the rule that the router reads them by",
    },
    Room {
        name: "arguments",
        may_name: &["attachment::PageId", "config"],
        why: "the help text is made from the table of settings, and page ids are read by the rule of the router",
    },
    Room {
        name: "logging",
        may_name: &[
            "config::AccessLog",
            "config::AccessLogFormat",
            "config::AccessLogTarget",
            "sabotage::point",
        ],
        why: "it is below everybody, through the macros of log",
    },
    Room {
        name: "gate",
        may_name: &[
            "attachment",
            "config::Networks",
            "config::TlsFiles",
            "logging::Access",
            "logging::End",
            "logging::Visit",
            "meters",
            "reply::Note",
            "reply::Part",
            "reply::Payload",
            "reply::Reply",
            "sabotage::point",
        ],
        why: "it sees heads, tickets and bytes: it writes a reply and decides none",
    },
    Room {
        name: "acceptor",
        may_name: &[
            "gate::Client",
            "gate::Ticket",
            "gate::TICKET_FIELD",
            "gate::ORIGIN_FIELD",
            "gate::FORM_FIELD",
            "router::Method",
            "sabotage::point",
        ],
        why: "it turns requests into jobs for whoever holds the other end of its channel",
    },
    Room {
        name: "router",
        may_name: &["attachment"],
        why: "it is called, it calls nobody",
    },
    Room {
        name: "links",
        may_name: &["attachment", "router"],
        why: "it knows addresses, theirs by the rules of the router, and asks nobody",
    },
    Room {
        name: "reply",
        may_name: &["attachment"],
        why: "it is called, it calls nobody",
    },
    Room {
        name: "web",
        may_name: &["links", "meters"],
        why: "numbers and text in, text out; what is pasted into a page is read by the room of links",
    },
    Room {
        name: "cache",
        may_name: &["attachment", "meters", "sabotage::point"],
        why: "it knows no HTTP, no client and no Confluence: what waits and why a download failed it only carries",
    },
    Room {
        name: "confluence",
        may_name: &["attachment", "config", "meters"],
        why: "it fetches for whoever asks, and knows neither who that is nor what is kept",
    },
    Room {
        name: "account",
        may_name: &["config", "confluence", "sabotage::point"],
        why: "it keeps the login of the other side, and knows nothing of files",
    },
    Room {
        name: "check",
        may_name: &["attachment::PageId", "config", "confluence"],
        why: "it looks at the other side and says what it sees; it is no part of the service",
    },
    Room {
        name: "advise",
        may_name: &[
            "attachment",
            "cache::Limits",
            "cache::Replay",
            "cache::Served",
            "config::CacheConfig",
            "config::format_size",
        ],
        why: "it asks the real store about the past; it is no part of the service",
    },
    Room {
        name: "client",
        may_name: &["config::LocalService"],
        why: "it carries questions to the running service, and understands no answer",
    },
    Room {
        name: "warm",
        may_name: &[
            "attachment::PageId",
            "client::Client",
            "client::NoAnswer",
            "client::Service",
            "web::sized",
        ],
        why: "it asks the running service from outside; it is no part of the service",
    },
    Room {
        name: "worker",
        may_name: &[
            "acceptor",
            "attachment",
            "cache",
            "config::Networks",
            "confluence",
            "gate",
            "links::Translator",
            "meters",
            "reply",
            "router",
            "sabotage::point",
            "web",
        ],
        why: "the room where the others meet; it does not start, configure or show anything",
    },
    Room {
        name: "sabotage",
        may_name: &[],
        why: "every actor names it, and it does nothing but panic or hang",
    },
    Room {
        name: "systemd",
        may_name: &[],
        why: "it speaks with the service manager, and is told by the server what to say",
    },
    Room {
        name: "server",
        may_name: &[
            "acceptor",
            "account",
            "attachment",
            "cache",
            "config",
            "confluence",
            "gate",
            "logging",
            "meters",
            "reply",
            "router",
            "systemd",
            "web",
            "worker",
        ],
        why: "it puts the service together, and the sample Confluence is no part of it",
    },
    Room {
        name: "demo",
        may_name: &[],
        why: "it is a Confluence, not a part of the proxy",
    },
    Room {
        name: "main",
        may_name: &[
            "account::Found",
            "account::Secrets",
            "advise",
            "arguments",
            "attachment",
            "check",
            "client::Service",
            "config",
            "demo",
            "files",
            "logging",
            "meters::Saved",
            "sabotage",
            "server",
            "systemd::Given",
        ],
        why: "the doorway: it joins the service and the sample Confluence, and looks into no actor",
    },
    Room {
        name: "demonstration",
        may_name: &[
            "attachment::encode_segment",
            "config::Config",
            "config::Environment",
            "demo",
            "files::read_text_file",
            "meters::Saved",
            "web",
        ],
        why: "a part of the doorway: what the service and the sample Confluence are told of each other",
    },
    Room {
        name: "warming",
        may_name: &[
            "NO_PERMISSION",
            "UNAVAILABLE",
            "say",
            "attachment::PageId",
            "client::Service",
            "warm",
        ],
        why: "a part of the doorway: it shows what the command says",
    },
    Room {
        name: "service_manager",
        may_name: &["systemd"],
        why: "a part of the doorway: it reads the environment and understands nothing of sockets",
    },
    Room {
        name: "health",
        may_name: &["UNAVAILABLE", "client", "say"],
        why: "a part of the doorway: one question and one line",
    },
    Room {
        name: "files",
        may_name: &["account::Stamp", "config::FileText"],
        why: "a part of the doorway: it reads and understands nothing",
    },
    Room {
        name: "translate",
        may_name: &[
            "CONFIGURATION",
            "complain",
            "config",
            "links",
            "logging::Style",
        ],
        why: "a part of the doorway: it reads and writes, and knows nothing of links",
    },
    Room {
        name: "lib",
        may_name: &[],
        why: "the list of rooms",
    },
];

/// A name that belongs to few places. A place is a file, or a room with a slash behind it.
struct Only {
    name: &'static str,
    places: &'static [&'static str],
    why: &'static str,
}

const ONLY: &[Only] = &[
    Only {
        name: "tiny_http",
        places: &["acceptor.rs"],
        why: "it trusts its peer; whoever replaces it one day touches one file",
    },
    Only {
        name: "ureq",
        places: &["client/", "confluence/"],
        why: "only one room blocks on Confluence, and only there the account is spoken; operators' commands ask the service itself, without any",
    },
    Only {
        name: "rustls",
        places: &[
            "client/agent.rs",
            "confluence/",
            "gate/certificate.rs",
            "gate/session.rs",
        ],
        why: "TLS is spoken with Confluence and with clients, and nobody in between knows of it; an operator's command is a client",
    },
    Only {
        name: "rustls_native_certs",
        places: &["client/agent.rs", "confluence/agent.rs"],
        why: "whom to trust is said once by the service, and once by its client",
    },
    Only {
        name: "base64",
        places: &["confluence/", "demo/", "web/shell.rs"],
        why: "it is for credentials, which no other room touches, and for the hashes of a policy",
    },
    Only {
        name: "ttl_cache",
        places: &["cache/store.rs"],
        why: "its surprises stay behind one file",
    },
    Only {
        name: "parking_lot",
        places: &["cache/store.rs"],
        why: "one lock with one private door",
    },
    Only {
        name: "memmap2",
        places: &["attachment/chunk.rs"],
        why: "memory that is not the heap's is asked for, and counted, at one place",
    },
    Only {
        name: "mio",
        places: &["gate/"],
        why: "readiness is the gate's business; everybody else waits for a channel",
    },
    Only {
        name: "httparse",
        places: &["gate/head.rs", "gate/framing.rs"],
        why: "request heads are vetted once",
    },
    Only {
        name: "slab",
        places: &["gate/"],
        why: "the numbers of connections mean nothing elsewhere",
    },
    Only {
        name: "socket2",
        places: &["gate/", "acceptor.rs", "demo/", "systemd/inherited.rs"],
        why: "who owns no socket sets no option",
    },
    Only {
        name: "sd_notify",
        places: &["systemd/manager.rs", "service_manager.rs"],
        why: "what the service manager is told goes through one file",
    },
    Only {
        name: "listenfd",
        places: &["systemd/inherited.rs", "service_manager.rs"],
        why: "descriptors are taken by their numbers once, before anything else is open",
    },
    Only {
        name: "signal_hook",
        places: &["server/"],
        why: "signals become messages at one place",
    },
    Only {
        name: "rlimit",
        places: &["server/"],
        why: "limits of the process belong to who starts the threads",
    },
    Only {
        name: "env_logger",
        places: &["logging/"],
        why: "everybody else uses the macros of log",
    },
    Only {
        name: "lexopt",
        places: &["arguments/"],
        why: "the command line is read at one place",
    },
    Only {
        name: "serde_json",
        places: &[
            "reply/",
            "confluence/metadata.rs",
            "web/gallery_json.rs",
            "web/status_json.rs",
            "web/warm_json.rs",
            "warm/report.rs",
        ],
        why: "it is for what programs read of this service, and for Confluence's REST",
    },
    Only {
        name: "prometheus_client",
        places: &["web/metrics.rs"],
        why: "how numbers are written for Prometheus is one file's business",
    },
    Only {
        name: "unicode_normalization",
        places: &["confluence/name.rs"],
        why: "a name is sent as it was given; only one file knows another form of it",
    },
    Only {
        name: "ring::digest",
        places: &["worker/transfer.rs", "web/shell.rs", "reply/document.rs"],
        why: "a file is hashed once, while it arrives; the pages' style and script are named by theirs, and a page that is asked for again is known by its own",
    },
    Only {
        name: "std::thread",
        places: &["server/", "demo/", "sabotage.rs", "worker/transfer.rs"],
        why: "threads start and end at one place; the sample Confluence is a program of its own; a download only yields; sabotage hangs",
    },
    Only {
        name: "thread::Builder",
        places: &["server/", "demo/"],
        why: "threads start at one place",
    },
    Only {
        name: "std::process",
        places: &["health.rs", "main.rs", "service_manager.rs", "warming.rs"],
        why: "nobody else may end the process or start one",
    },
    Only {
        name: "std::env",
        places: &["main.rs", "service_manager.rs"],
        why: "what the process was given goes through the configuration",
    },
    Only {
        name: "std::fs",
        places: &[
            "main.rs",
            "files.rs",
            "acceptor.rs",
            "sabotage.rs",
            "server/machine.rs",
            "attachment/memory_file.rs",
            "logging/access.rs",
        ],
        why: "nothing is kept on disk but the access log: secrets are read by the doorway, the link's directory is made by the acceptor",
    },
    Only {
        name: "std::net::TcpStream",
        places: &["confluence/", "demo/"],
        why: "the gate has sockets of its own kind; straight to Confluence goes only who looks for what is wrong there",
    },
    Only {
        name: "std::os::unix::net",
        places: &["acceptor.rs", "gate/link.rs", "gate/open.rs"],
        why: "the link is between the acceptor and the gate",
    },
    Only {
        name: ".expose",
        places: &[
            "confluence/line.rs",
            "confluence/agent.rs",
            "gate/certificate.rs",
        ],
        why: "a secret is read at one place each: the account's, the outbound proxy's, the certificate's key",
    },
    Only {
        name: "std::sync::Mutex",
        places: &[
            "confluence/",
            "demo/",
            "gate/admission.rs",
            "meters/all.rs",
            "worker/listings.rs",
        ],
        why: "state belongs to actors; these hold a few words, never across a wait",
    },
    Only {
        name: "println!",
        places: &[],
        why: "it panics when nobody reads stdout any more",
    },
    Only {
        name: "print!",
        places: &[],
        why: "it panics when nobody reads stdout any more",
    },
    Only {
        name: "eprintln!",
        places: &[],
        why: "it panics when nobody reads stderr any more, and goes past the log",
    },
    Only {
        name: "eprint!",
        places: &[],
        why: "it panics when nobody reads stderr any more, and goes past the log",
    },
    Only {
        name: "dbg!",
        places: &[],
        why: "a leftover",
    },
    Only {
        name: "todo!",
        places: &[],
        why: "a leftover",
    },
    Only {
        name: "unimplemented!",
        places: &[],
        why: "a leftover",
    },
    Only {
        name: "std::thread::sleep",
        places: &[],
        why: "whoever waits, waits for an event",
    },
];

/// Where everything is decided and nothing touched.
const PURE: &[&str] = &[
    "advise/",
    "arguments/",
    "attachment/body.rs",
    "attachment/key.rs",
    "attachment/meta.rs",
    "cache/entry.rs",
    "cache/flights.rs",
    "cache/ghosts.rs",
    "cache/ring.rs",
    "cache/store.rs",
    "check/",
    "config/",
    "confluence/address.rs",
    "confluence/answer.rs",
    "confluence/counting.rs",
    "confluence/error.rs",
    "confluence/expectation.rs",
    "confluence/guard.rs",
    "confluence/jar.rs",
    "confluence/manifest.rs",
    "confluence/metadata.rs",
    "confluence/moment.rs",
    "confluence/name.rs",
    "confluence/news.rs",
    "confluence/redirect.rs",
    "confluence/signs.rs",
    "confluence/words.rs",
    "gate/asked.rs",
    "gate/client.rs",
    "gate/deadlines.rs",
    "gate/form.rs",
    "gate/forwarded.rs",
    "gate/framing.rs",
    "gate/head.rs",
    "gate/outgoing.rs",
    "gate/proxy_header.rs",
    "gate/refusal.rs",
    "gate/target.rs",
    "gate/ticket.rs",
    "gate/validity.rs",
    "links/",
    "logging/visit.rs",
    "reply/",
    "router/",
    "systemd/choice.rs",
    "systemd/pulse.rs",
    "systemd/status.rs",
    "warm/progress.rs",
    "warm/report.rs",
    "web/",
    "worker/failure.rs",
    "worker/home.rs",
    "worker/publication.rs",
    "worker/sayings.rs",
    "worker/table.rs",
    "worker/warm_jobs.rs",
];

/// What touches the world, or depends on when it is asked.
const IMPURE: &[&str] = &[
    "std::thread",
    "std::process",
    "std::env",
    "std::fs",
    "std::net",
    "std::os::unix::net",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "crossbeam_channel",
    "mio",
    "socket2",
    "log",
    "..::Instant::now",
    "..::SystemTime::now",
    ".elapsed",
    ".exists",
    ".try_exists",
    ".is_file",
    ".is_dir",
    ".metadata",
    ".canonicalize",
];

/// Of `std::net`: words for addresses, which touch nothing.
const HARMLESS: &[&str] = &[
    "std::net::IpAddr",
    "std::net::Ipv4Addr",
    "std::net::Ipv6Addr",
    "std::net::SocketAddr",
];

#[test]
fn every_room_names_only_what_it_may() {
    let mut broken = Vec::new();
    for source in sources() {
        let room = source.room().to_owned();
        let Some(rules) = ROOMS.iter().find(|rules| rules.name == room) else {
            broken.push(format!(
                "src/{}: the room {room:?} is not in the list of rooms",
                source.path
            ));
            continue;
        };
        for name in of_this_crate(&source) {
            let rest = &name.parts[1..];
            let own = rest.first().is_some_and(|first| *first == room);
            let allowed = rules
                .may_name
                .iter()
                .any(|allowed| starts_with(rest, allowed));
            if !own && !allowed {
                broken.push(format!("{} ({})", at(&source, &name), rules.why));
            }
        }
    }
    assert!(broken.is_empty(), "broken walls:\n{}", broken.join("\n"));
}

#[test]
fn what_belongs_to_few_places_is_named_nowhere_else() {
    let mut broken = Vec::new();
    for source in sources() {
        let names = names(&source);
        for only in ONLY
            .iter()
            .filter(|only| !is_one_of(&source.path, only.places))
        {
            for name in names.iter().filter(|name| matches(name, only.name)) {
                broken.push(format!(
                    "{}: only in {:?} ({})",
                    at(&source, name),
                    only.places,
                    only.why
                ));
            }
        }
    }
    assert!(broken.is_empty(), "broken walls:\n{}", broken.join("\n"));
}

#[test]
fn what_decides_touches_nothing() {
    let mut broken = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| is_one_of(&source.path, PURE))
    {
        for name in names(source) {
            let harmless = HARMLESS
                .iter()
                .any(|harmless| starts_with(&name.parts, harmless));
            if !harmless && IMPURE.iter().any(|impure| matches(&name, impure)) {
                broken.push(at(source, &name));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "pure files that touch something:\n{}",
        broken.join("\n")
    );
}

#[test]
fn every_row_of_the_tables_is_about_something() {
    let sources = sources();
    let exists = |place: &&str| {
        sources
            .iter()
            .any(|source| is_one_of(&source.path, &[place]))
    };
    for only in ONLY {
        assert!(
            only.places.iter().all(exists),
            "{}: {:?}",
            only.name,
            only.places
        );
        for place in only.places {
            let mut there = sources
                .iter()
                .filter(|source| is_one_of(&source.path, &[place]));
            let named =
                there.any(|source| names(source).iter().any(|name| matches(name, only.name)));
            assert!(
                named,
                "{} is not in {place} any more: take the place off the list",
                only.name
            );
        }
    }
    assert!(PURE.iter().all(exists), "{PURE:?}");
    for room in ROOMS {
        let own: Vec<_> = sources
            .iter()
            .filter(|source| source.room() == room.name)
            .collect();
        assert!(!own.is_empty(), "there is no room {}", room.name);
        for allowed in room.may_name {
            let used = own.iter().flat_map(|source| of_this_crate(source));
            let mut used = used.filter(|name| starts_with(&name.parts[1..], allowed));
            let expected = room.name == "server" || used.next().is_some(); // the server may name all that it starts
            assert!(
                expected,
                "{} does not name {allowed} any more: take it off the list",
                room.name
            );
        }
    }
}

#[test]
fn the_reader_of_the_source_sees_names_and_nothing_else() {
    let code = r##"
        //! use std::fs;
        use std::{net::{self, TcpStream as Stream}, thread::*}; /* use a::b; /* nested */ use c::d; */
        pub(crate) use super::store::Store;
        use crate::cache as c;
        #[cfg(test)]
        use std::fs::File;
        fn f<'a>(x: &'a str) -> [u8; 2] {
            let text = "std::env::var"; let raw = r#"std::process"::exit"#; let c = ':'; let q = '"'; let e = '\'';
            log::warn!("{}", started.elapsed()); ::mio::Poll::new::<u8>(b"std::fs", b'"'); println!("");
        }
        #[cfg(test)]
        #[allow(dead_code)]
        mod tests { use tiny_http::Server; fn g() { ureq::get("}"); } }
        fn last() {}
    "##;
    let source = Source::from_text("cache/actor.rs", code);
    let names: Vec<String> = source.names().iter().map(Name::to_string).collect();
    for expected in [
        "std::net",
        "std::net::TcpStream",
        "std::thread::*",
        "crate::cache::store::Store",
        "crate::cache",
        "log::warn",
        ".elapsed",
        "mio::Poll::new",
        "println!",
        "last",
    ] {
        assert!(
            names.iter().any(|name| name == expected),
            "{expected}: {names:?}"
        );
    }
    for hidden in [
        "std::fs",
        "a::b",
        "c::d",
        "std::env",
        "std::process",
        "tiny_http",
        "ureq",
    ] {
        assert!(
            !names.iter().any(|name| name.starts_with(hidden)),
            "{hidden}: {names:?}"
        );
    }
    let functions = source.functions();
    assert_eq!(
        functions,
        [("f".to_owned(), 8, 4), ("last".to_owned(), 15, 1)]
    );
    assert_eq!(
        tokens("'\\u{1F600}' 'x' 'life r#type b'\\'' br##\"\"#\"## 1").len(),
        2
    );
}

/// The names that a file uses, with the library's own name being `crate`.
fn names(source: &Source) -> Vec<Name> {
    let mut names = source.names();
    for name in &mut names {
        if name.parts[0] == "confluence_attachment_proxy" {
            name.parts[0] = "crate".into();
        }
    }
    names
}

fn of_this_crate(source: &Source) -> Vec<Name> {
    let mut names = names(source);
    names.retain(|name| name.parts[0] == "crate" && 1 < name.parts.len());
    names
}

/// Whether a name is, contains or lies below what a rule says. `..::a::b` is met anywhere in a name.
fn matches(name: &Name, rule: &str) -> bool {
    if let Some(end) = rule.strip_prefix("..::") {
        let end: Vec<&str> = end.split("::").collect();
        return name.parts.windows(end.len()).any(|window| window == end);
    }
    let everything = name.parts.last().is_some_and(|last| last == "*");
    let above = &name.parts[..name.parts.len() - usize::from(everything)];
    starts_with(&name.parts, rule)
        || everything && rule.split("::").zip(above).filter(|(a, b)| a == b).count() == above.len()
}

fn starts_with(parts: &[String], path: &str) -> bool {
    let path: Vec<&str> = path.split("::").collect();
    path.len() <= parts.len() && path.iter().zip(parts).all(|(a, b)| a == b)
}

fn is_one_of(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| match place.strip_suffix('/') {
        Some(_) => path.starts_with(place),
        None => path == *place,
    })
}

fn at(source: &Source, name: &Name) -> String {
    format!("src/{}:{}: {name}", source.path, name.line)
}
