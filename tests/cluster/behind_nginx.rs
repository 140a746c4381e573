//! The same promises behind nginx, as far as it makes them. It tells nobody how it finds the nodes, so these are watched.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use confluence_attachment_proxy::demo::{Behaviour, Latch};

use crate::client::{Client, Ending, node};
use crate::confluence::{self, Confluence};
use crate::crash::{downloads, ending, homes, share, tell};
use crate::files::all_files;
use crate::hold::hold;
use crate::hot::{MULTITUDE, all_whole, ask, one_more_is_refused};
use crate::load::{self, CLIENTS};
use crate::node::{Node, arrived, taken};
use crate::restart::ended_well;
use crate::support::Response;
use crate::words::{FORM_BYTES, post};
use crate::{Cluster, PATIENCE, until};

/// Requests under way that one node gets at most, as the file says.
const MOST: u64 = 500;

/// Every file is asked of Confluence once, and lives at one node.
pub fn every_file_is_fetched_once(cluster: &Cluster, nginx: SocketAddr) {
    let (confluence, mark) = (&cluster.confluence, cluster.confluence.mark());
    let tally = all_files(nginx, confluence, 1);
    tally.all_are_whole();
    let (homes, downloads) = (homes(&tally), confluence.downloads_since(mark).len());
    let shares: Vec<usize> = cluster
        .nodes
        .iter()
        .map(|node| share(&homes, &node.name).len())
        .collect();
    println!(
        "nginx, every file: {} requests for {} files, {downloads} downloads from Confluence, shares {shares:?}",
        tally.requests(),
        confluence.files
    );
    assert_eq!(downloads, confluence.files);
    for node in &cluster.nodes {
        let evicted = "confluence_attachment_proxy_cache_evictions_total{reason=\"room\"}";
        assert_eq!(node.metric(evicted), 0, "{}", node.name);
    }
}

/// What is more than one node should have goes to the next.
pub fn a_rush_is_shared(cluster: &mut Cluster, nginx: SocketAddr) {
    let latch = Latch::new();
    // All of them are under way as long as the file does not end.
    let behaviour = Behaviour::hold_at(1000, &latch);
    let file = cluster.confluence.put_new(100_000, behaviour);
    let (mark, before) = (cluster.confluence.mark(), taken(&cluster.nodes));
    let asked = ask(nginx, &file, MULTITUDE);
    let counts = arrived(&cluster.nodes, &before, MULTITUDE as u64);
    one_more_is_refused(nginx, &file);
    latch.open();
    let nodes = all_whole(asked, &file);
    let downloads = cluster.confluence.downloads_of(&file, mark);
    println!(
        "nginx, rush: {MULTITUDE} clients at once, at the nodes {counts:?}, answered by {nodes:?}, {downloads} downloads \
         from Confluence"
    );
    assert_eq!(counts.values().max(), Some(&MOST), "{counts:?}");
    assert!(2 <= nodes.len());
    assert_eq!(downloads, nodes.len());
}

/// kill -9 under load: what had not begun is answered by another node, and only the dead one's files are fetched again.
pub fn only_its_share_is_fetched_again(cluster: &mut Cluster, nginx: SocketAddr) {
    let warmed = all_files(nginx, &cluster.confluence, 1);
    warmed.all_are_whole();
    let home = homes(&warmed);
    let (unbegun, middle) = (Latch::new(), Latch::new());
    let waiting = hold(cluster, nginx, None, &Behaviour::hold(&unbegun));
    assert!(unbegun.wait_for_arrivals(1, PATIENCE));
    let victim = waiting.node.clone();
    let in_the_middle = Behaviour::hold_at(50_000, &middle); // nginx waits for more than a beginning
    let mut running = hold(cluster, nginx, Some(&victim), &in_the_middle);
    assert!(running.asked.has_begun());
    let mark = cluster.confluence.mark();
    let Cluster {
        nodes, confluence, ..
    } = &mut *cluster;
    let position = nodes.iter().position(|node| node.name == victim);
    let position = position.expect("it is one of them");
    let ((), mut tally) = load::during(nginx, confluence, || {
        nodes[position].kill();
        assert!(
            unbegun.wait_for_arrivals(2, PATIENCE),
            "nobody else asks for it"
        );
    });
    tally.add(all_files(nginx, confluence, 1));
    unbegun.open();
    let [waiting, running] = [waiting, running].map(ending);
    middle.open();
    let fetched = downloads(cluster, mark);
    tell("nginx, kill -9", &victim, &tally);
    println!(
        "nginx, kill -9: the answer that had not begun is {waiting:?}, the one in the middle {running:?}; {} files of {victim} \
         are fetched again",
        fetched.len()
    );
    assert_eq!((waiting, running), (Ending::Whole, Ending::Cut));
    assert_eq!(
        tally.requests(),
        tally.count(Ending::Whole) + tally.count(Ending::Cut)
    );
    assert!(tally.count(Ending::Cut) <= CLIENTS);
    is_its_share(&fetched, &home, &victim);
    comes_back(cluster, nginx, position, &home);
}

/// It starts again, and by that alone gets its files back.
fn comes_back(
    cluster: &mut Cluster,
    nginx: SocketAddr,
    position: usize,
    home: &BTreeMap<usize, String>,
) {
    let Cluster {
        nodes, confluence, ..
    } = &mut *cluster;
    let (mark, victim) = (confluence.mark(), nodes[position].name.clone());
    let ((), tally) = load::during(nginx, confluence, || {
        nodes[position].start_again();
        is_asked(nginx, confluence, home, &victim);
    });
    let afterwards = all_files(nginx, confluence, 1);
    let fetched = downloads(cluster, mark);
    tell("nginx, back again", &victim, &tally);
    tally.all_are_whole();
    afterwards.all_are_whole();
    assert_eq!(&homes(&afterwards), home);
    is_its_share(&fetched, home, &victim);
}

/// All nodes restart, one after the other, and nobody notices.
pub fn nobody_notices_a_restart(cluster: &mut Cluster, nginx: SocketAddr) {
    let home = homes(&all_files(nginx, &cluster.confluence, 1));
    let Cluster {
        nodes,
        confluence,
        lan,
        ..
    } = &mut *cluster;
    let (said, tally) = load::during(nginx, confluence, || {
        let restart = |node: &mut Node| {
            node.terminate();
            let ended = node.ended();
            node.start_again();
            is_asked(nginx, confluence, &home, &node.name);
            ended
        };
        nodes.iter_mut().map(restart).collect::<Vec<_>>()
    });
    tell("nginx, rolling restart", "all three", &tally);
    ended_well(&said, lan);
    tally.all_are_whole();
}

/// A form is sent once, whatever happens to who has it. Then nobody is left.
pub fn a_form_is_not_sent_twice(cluster: &mut Cluster, nginx: SocketAddr) {
    let Cluster {
        nodes, confluence, ..
    } = &mut *cluster;
    nodes.iter().for_each(Node::freeze);
    let mut asked = post(nginx);
    let mut position = None;
    until("the form is at a node", || {
        position = nodes.iter().position(|node| node.has_unread(FORM_BYTES));
        position.is_some()
    });
    let dead = position.expect("it has just been found");
    nodes[dead].kill();
    let (ending, response) = asked.answer(b"");
    println!("nginx, words: a form whose node dies: {ending:?}");
    is_told(ending, response.as_ref());
    let others = nodes.iter().enumerate().filter(|(other, _)| *other != dead);
    assert!(
        others
            .into_iter()
            .all(|(_, node)| !node.has_unread(FORM_BYTES))
    );

    nodes.iter_mut().for_each(Node::kill);
    let (target, bytes) = (confluence::target(0), confluence.bytes(0));
    let (ending, response) = Client::new(nginx).get(&target, &bytes);
    println!("nginx, words: all nodes are gone: {ending:?}");
    is_told(ending, response.as_ref());
}

fn is_told(ending: Ending, response: Option<&Response>) {
    let response = response.expect("an answer");
    assert_eq!(ending, Ending::Status(503));
    assert_eq!(response.field("Retry-After"), Some("5"));
    let text = response.text();
    assert!(text.starts_with("No node can be reached."), "{text}");
}

/// Blocks until nginx asks the node for its own files again.
fn is_asked(
    nginx: SocketAddr,
    confluence: &Confluence,
    home: &BTreeMap<usize, String>,
    name: &str,
) {
    let mut own = home.iter().filter(|(_, home)| *home == name);
    let (number, _) = own.next().expect("it has a share");
    let mut client = Client::new(nginx);
    until("the node is asked again", || {
        let (ending, response) =
            client.get(&confluence::target(*number), &confluence.bytes(*number));
        assert_eq!(ending, Ending::Whole);
        response.is_some_and(|response| node(&response) == name)
    });
}

/// What was fetched is what the node had, each file once.
fn is_its_share(fetched: &BTreeMap<String, usize>, home: &BTreeMap<usize, String>, name: &str) {
    let files: BTreeSet<String> = fetched.keys().cloned().collect();
    assert_eq!(files, share(home, name));
    assert!(fetched.values().all(|times| *times == 1), "{fetched:?}");
}
