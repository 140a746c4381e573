//! # The house
//!
//! Links to Confluence attachments open only for people who are logged in. This service has one configured account,
//! fetches the attachment, keeps it in memory for an hour and hands it to whoever asks. It is a synchronous program:
//! threads, channels, a few short locks. Each room below owns its state; nobody else can touch it.
//! `main.rs` is the doorway; [`server`] builds everything, watches over it and stops it in order.
//!
//! ```text
//!            heads              requests             Job
//!  client ──► gate ══ link ══► tiny_http ─► acceptor ─────► worker-N ──lookup──► Mutex<Store>   hit
//!    ▲          ▲                                              │                     ▲
//!    │          │                                         claim│ (miss: parked)      │ insert, evict
//!    │          │              ┌───────── Woken ──────────┐    ▼                     │
//!    │          ├── Reply ── answer ◄─────────────────────┴── cache ─────────────────┘
//!    │          │                                           Fetch│ ▲ Report
//!    │          │                                                ▼ │
//!    └──────────┴───── bell: "there is more" ──────────────── fetch-N ──► guard ── ureq ────► Confluence
//!                                                                          ▲ │
//!                                              SIGHUP, secret files   tests│ │News
//!                                                         └───────► account ◄┘
//! ```
//!
//! # The life of one request
//!
//! 1. A client connects; the [`gate`] that accepts hands the socket to one of the gates, which owns it from then on.
//! 2. The gate finds a complete head, vets it and writes its canonical form, with a [`gate::Ticket`], onto its link. The
//!    form of a POST goes with it as a field.
//! 3. tiny_http parses it, and the [`acceptor`] turns it into an [`acceptor::Job`] for the lookup workers.
//! 4. A [`worker::Worker`] asks the [`router`] what the target means: an attachment has an [`attachment::Key`].
//! 5. It looks the key up in the [`cache`]: one map access and one `Arc` clone under the lock.
//! 6. A fresh hit: [`reply`] decides status, fields and bytes, and the [`reply::Reply`] goes to the gate of the ticket.
//! 7. A miss, an expired copy, or a client that insists: the request is parked with the cache actor, which starts at
//!    most one flight per key. What [`worker::Publication`] rules out by its address ends before that.
//! 8. A [`worker::Crew`] thread asks [`confluence::Confluence`], whose guard lets the question pass, lets it wait for
//!    the one login test, or stops it. If there is a copy it asks whether that is current: then the cache renews the
//!    [`cache::Entry`] and hands it to everybody who waits.
//! 9. Else it fetches. When head and first bytes are judged good, the cache hands every parked request a place in the
//!    growing [`attachment::Stream`], and the [`worker::Answerer`] makes its reply.
//! 10. The crew publishes bytes as they arrive and rings; each gate writes to each client at that client's pace.
//! 11. A complete body of exactly the announced length becomes an [`cache::Entry`]; anything else breaks the
//!     connection of its readers and is forgotten. When Confluence fails, who still waits gets the copy that was kept
//!     before; when it says that the file is gone, that copy goes too.
//!
//! A request for the files of a page goes another way from step 5 on: a table in [`worker`] says whether they are known
//! from a moment ago, or whether somebody is asking; else one order goes to the crew, whose answer everybody gets who
//! waits. An operator's wish to have such a page fetched goes to the thread `warm`, which asks for its files as a client
//! would, two at a time, but reads none of them: the cache wakes it when their flights are over.
//!
//! Beside all requests the thread `account` tests the login at the start, and again when the secret has changed, when
//! somebody sends SIGHUP, or when the guard's pause is over. SIGHUP also makes [`server`] read the certificate for clients
//! again, which the accepting gate shows from then on. SIGUSR1 has the thread `access` open the file of the access log
//! again. Everybody counts what he does in cells of [`meters`], which are added up when somebody reads `/metrics` or
//! `/status`.
//!
//! Where a service manager watches, [`server`] sends a probe through every gate from time to time. It goes the way of a
//! miss, but for the fetch, and when all of them are back the manager is told that the service lives ([`systemd`]). The
//! manager also keeps a copy of the listening socket, so that clients who connect during a restart wait.
//!
//! # Code map, in reading order
//!
//! | room | what it is |
//! |---|---|
//! | [`attachment`] | the vocabulary: key, facts, finished and growing bytes; names nobody, everybody may name it |
//! | [`meters`] | what is counted, and what others read of it; names nobody, everybody may name it |
//! | [`config`], [`arguments`] | environment and argv to a whole configuration, or every problem at once |
//! | [`gate`] | client sockets, plain or TLS: heads in, bytes out, every limit and time-out |
//! | [`acceptor`] | tiny_http to jobs; the only file that names it |
//! | [`router`] | method and target to a route |
//! | [`worker`] | lookup, answer, fetch: the only room where the others meet |
//! | [`cache`] | the store behind the lock, the flight table, what is kept and who leaves, and a replay of it |
//! | [`confluence`] | every question to Confluence: the account guard, the connections, how answers are read |
//! | [`account`] | the account's keeper: tests the login, takes a new secret over |
//! | [`reply`] | conditionals, ranges, content policy, problems |
//! | [`links`] | Confluence's links in whatever people paste, read, explained and turned into ours |
//! | [`web`] | the pages that people see, and the numbers for those who watch |
//! | [`logging`] | env_logger and the access log, before writers that never block anybody |
//! | [`check`] | looks for what is wrong on the way to Confluence, for operators; no part of the service |
//! | [`advise`] | replays a log of the past against the store, for operators; no part of the service |
//! | [`client`] | the way of an operator's command to the running service; no part of the service |
//! | [`warm`] | has the running service fetch the files of pages, for operators; no part of the service |
//! | [`server`] | starts, supervises and stops the threads |
//! | [`systemd`] | what the service manager hands over, and what it is told |
//! | [`sabotage`] | panics that a debug build can be told to have, for the tests of crashes |
//! | [`demo`] | a sample Confluence for demonstration, tests and bench; a part of neither |
//!
//! # Invariants
//!
//! - The gate never looks into the cache; the cache knows no HTTP; `confluence` knows no cache. `reply`, `router`,
//!   `links`, `config` and `web` touch nothing: no thread, socket, file or clock; `now` is an argument.
//! - The rights of this host go with connections from it, and never with what somebody has forwarded.
//! - Hits never wait: nothing on their way blocks but the inboxes of gates, which never block themselves.
//! - No question goes to Confluence while the account guard is shut or a pause that Confluence asked for lasts; only
//!   the keeper's test of the login passes.
//! - The account goes to the configured address and nowhere else; what Cloud signs is asked without it.
//! - What is not published is not fetched, and an expired copy is served only when asking has come to nothing.
//! - Who wants a file to be kept, and not to read it, takes nobody's place and starts at most two downloads at a time.
//! - At most one flight per key, one per client for what is too big to keep; it belongs to the service, not to the
//!   client who caused it.
//! - A download ends complete, broken or too big to keep, and a broken one never looks complete to anybody.
//! - What attachments take is counted, as real allocations, while anyone holds them; cache, downloads and readers
//!   together stay within `CACHE_MAX_BYTES`. What gates hold for slow clients has a bound of its own.
//! - A hit counts a use of its entry and moves nothing. Who leaves when room is needed is chosen by uses and weight:
//!   first what was asked for once, and a heavy file must have been asked for more often than others to stay.
//! - Every queue, wait and body has a written bound.
//!
//! # What goes through all rooms
//!
//! **Errors** are one enum per boundary; who handles an error logs it, once. **Time**: each actor reads the clock once
//! per turn and passes it on. **Secrets** are [`config::Secret`], exposed in one place, the `Authorization` field.
//! **Stopping** is dropping senders, from the clients inward (see [`server`]). **Panics** cost one job in a worker and
//! the process (exit 70) in an actor. **The log** has one line per request, written by the gate when the last byte is
//! out; that of a check which found the service ready is for debugging, because fronts ask every second.

pub mod acceptor;
pub mod account;
pub mod advise;
pub mod arguments;
pub mod attachment;
pub mod cache;
pub mod check;
pub mod client;
pub mod config;
pub mod confluence;
pub mod demo;
pub mod gate;
pub mod links;
pub mod logging;
pub mod meters;
pub mod reply;
pub mod router;
pub mod sabotage;
pub mod server;
pub mod systemd;
pub mod warm;
pub mod web;
pub mod worker;
