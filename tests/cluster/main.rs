//! Several nodes behind the real HAProxy, and behind the real nginx, with the files that are shipped: what a file costs
//! Confluence, and what people notice when a node dies, restarts, vanishes or is overrun. `tests/cluster/run` starts it.
//!
//!     cluster DIRECTORY [PREFIX]
//!
//! DIRECTORY is an empty one, PREFIX that of the network namespaces. Each part prints its figures and panics when they are
//! not what they should be.
//!
//! Reading order: `lan` (the hosts), `confluence`, `node`, `front` and `nginx` (what runs on them), `client` (who asks and
//! counts), `hold` and `load` (what is under way when something happens), `spellings` (how links are written); then the
//! parts: `files`, `hot`, `crash`, `restart`, `cut_off`, `words`, `ways`, and for both fronts `links`; `behind_nginx` is all
//! that again.

#[expect(
    dead_code,
    unused_imports,
    reason = "it is made for the tests of tests/it; this needs a part of it"
)]
#[path = "../it/support/mod.rs"]
mod support;

mod behind_nginx;
#[expect(
    dead_code,
    reason = "it is made for tests/endurance; this needs a part of it"
)]
#[path = "../endurance/chance.rs"]
mod chance;
mod client;
mod confluence;
mod crash;
mod cut_off;
mod files;
mod front;
mod hold;
mod hot;
mod lan;
mod links;
mod load;
mod nginx;
mod node;
mod restart;
mod spellings;
mod ways;
mod words;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use confluence::Confluence;
use front::Front;
use lan::Lan;
use links::{ESCAPED_NAME, ESCAPED_NUMBER, Links};
use nginx::Nginx;
use node::{CACHE_MAX_ITEMS, NODES, Node};

/// Files on the pages of Confluence.
const FILES: usize = 3000;

/// How long anything is waited for that must happen. Only failures take this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at somebody who tells nobody by himself.
const PAUSE: Duration = Duration::from_millis(20);

/// Everything that runs.
struct Cluster {
    lan: Lan,
    directory: PathBuf,
    front: Front,
    nodes: Vec<Node>,
    confluence: Confluence,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().expect("expected DIRECTORY [PREFIX]"));
    let lan = Lan::new(arguments.next());
    let confluence = Confluence::start(&lan, FILES);
    let start = |number| Node::start(number, &lan, &confluence);
    let nodes: Vec<Node> = (1..=NODES).map(start).collect();
    let front = Front::start(1, &lan, &directory, within_a_test);
    let mut cluster = Cluster {
        lan,
        directory,
        front,
        nodes,
        confluence,
    };
    files::every_file_is_fetched_once(&cluster);
    words::a_node_is_asked_by_itself(cluster.front.address);
    let haproxy = cluster.front.address;
    hot::a_hundred_ask_once("HAProxy", haproxy, &mut cluster);
    hot::a_rush_is_shared(&mut cluster);
    // When one is away, the others keep its share, too.
    for node in &mut cluster.nodes {
        node.start_with(&[("CACHE_MAX_ITEMS", &FILES.to_string())]);
    }
    cluster.all_are_up();
    crash::only_its_share_is_fetched_again(&mut cluster);
    restart::nobody_notices(&mut cluster);
    cluster.all_are_up();
    let links = Links::new(&cluster.confluence, cluster.directory.join("links"));
    let unseen = [ESCAPED_NAME];
    links.meet(
        "HAProxy",
        cluster.front.address,
        &cluster.confluence,
        &unseen,
    );
    restart::an_operator_takes_a_node_out(&cluster);
    if cluster.lan.has_hosts() {
        cut_off::others_answer_in_seconds(&mut cluster);
    }
    words::a_form_is_not_sent_twice(&mut cluster);
    words::all_nodes_are_down(&mut cluster);
    behind_nginx(&mut cluster, &links);
    ways::both_alternatives_work(&mut cluster);
}

/// The same with the other front.
fn behind_nginx(cluster: &mut Cluster, links: &Links) {
    let front = Nginx::start(&cluster.lan, &cluster.directory);
    let nginx = front.address;
    let [third, all] = [CACHE_MAX_ITEMS, FILES].map(|items| items.to_string());
    let delay = ("PROXY_SHUTDOWN_DELAY_SECONDS", "0"); // as that file wants it
    for node in &mut cluster.nodes {
        node.start_with(&[delay, ("CACHE_MAX_ITEMS", &third)]);
    }
    behind_nginx::every_file_is_fetched_once(cluster, nginx);
    words::a_node_is_asked_by_itself(nginx);
    hot::a_hundred_ask_once("nginx", nginx, cluster);
    behind_nginx::a_rush_is_shared(cluster, nginx);
    for node in &mut cluster.nodes {
        node.start_with(&[("CACHE_MAX_ITEMS", &all)]);
    }
    let unseen = [ESCAPED_NAME, ESCAPED_NUMBER];
    links.meet("nginx", nginx, &cluster.confluence, &unseen);
    behind_nginx::only_its_share_is_fetched_again(cluster, nginx);
    behind_nginx::nobody_notices_a_restart(cluster, nginx);
    behind_nginx::a_form_is_not_sent_twice(cluster, nginx);
}

/// A minute is too long for a test, and a rush too large.
fn within_a_test(shipped: String) -> String {
    let rushes = [hot::SHIPPED_RUSH, hot::RUSH].map(|count| format!("gt {count}\n    "));
    let changes = [
        ("slowstart 60s".to_owned(), "slowstart 3s".to_owned()),
        rushes.into(),
        [hot::SHIPPED_SHARE, hot::MULTITUDE]
            .map(|count| format!("gt {count} }}"))
            .into(),
    ];
    changes.into_iter().fold(shipped, |text, (from, to)| {
        assert!(text.contains(&from), "{from:?} is not in {text}");
        text.replace(&from, &to)
    })
}

impl Cluster {
    /// Blocks until the front gives every node all of its share.
    fn all_are_up(&self) {
        until("all nodes are up", || {
            self.front.servers().iter().all(front::Row::is_whole)
        });
    }
}

/// Blocks until `done` says so.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "waited for {PATIENCE:?}: {what}");
        std::thread::sleep(PAUSE);
    }
}
