//! A node dies, and comes back.

use std::collections::{BTreeMap, BTreeSet};

use confluence_attachment_proxy::demo::{Behaviour, Latch};

use crate::client::{Ending, Tally};
use crate::confluence::name;
use crate::files::all_files;
use crate::hold::{Held, hold};
use crate::load::{self, CLIENTS};
use crate::{Cluster, PATIENCE, front, until};

/// Requests that are sent on before the front takes a node out: ten that are refused in a row, as the file says, and what
/// was under way. Checks alone would take a second or two, and that is hundreds.
const RESENT_MAX: usize = 64;

/// kill -9 under load: what had not begun is answered by another node, and only the dead one's files are fetched again.
pub fn only_its_share_is_fetched_again(cluster: &mut Cluster) {
    let home = warmed(cluster);
    let (unbegun, middle) = (Latch::new(), Latch::new());
    let address = cluster.front.address;
    let waiting = hold(cluster, address, None, &Behaviour::hold(&unbegun));
    assert!(unbegun.wait_for_arrivals(1, PATIENCE));
    let victim = waiting.node.clone();
    let mut running = hold(
        cluster,
        address,
        Some(&victim),
        &Behaviour::hold_at(1000, &middle),
    );
    assert!(running.asked.has_begun());

    let (mark, resent) = (cluster.confluence.mark(), cluster.front.resent());
    let Cluster {
        front,
        nodes,
        confluence,
        ..
    } = &mut *cluster;
    let position = nodes.iter().position(|node| node.name == victim);
    let node = &mut nodes[position.expect("it is one of them")];
    let (_, mut tally) = load::during(front.address, confluence, || {
        node.kill();
        until("the front notices", || {
            front.server("owners", &victim).is_down()
        });
    });
    tally.add(all_files(front.address, confluence, 1));
    unbegun.open();
    let (waiting, running) = (ending(waiting), ending(running));
    middle.open();
    let fetched = downloads(cluster, mark);
    let resent = cluster.front.resent() - resent;
    tell("kill -9", &victim, &tally);
    println!(
        "kill -9: the answer that had not begun is {waiting:?}, the one in the middle {running:?}; of {} files at {victim} \
         {} are fetched again, {} of them twice, {resent} requests were sent to another node",
        share(&home, &victim).len(),
        fetched.len(),
        fetched.values().filter(|times| 1 < **times).count(),
    );
    assert_eq!((waiting, running), (Ending::Whole, Ending::Cut));
    assert_eq!(
        tally.requests(),
        tally.count(Ending::Whole) + tally.count(Ending::Cut)
    );
    assert!(tally.count(Ending::Cut) <= CLIENTS);
    assert_eq!(
        fetched.keys().cloned().collect::<BTreeSet<_>>(),
        share(&home, &victim)
    );
    // Who was sent on before the front knew may have been at another node than those who came after.
    let twice = fetched.values().sum::<usize>() - fetched.len();
    assert!(twice <= resent, "{twice} twice, {resent} sent on");
    assert!(resent <= RESENT_MAX, "{resent} sent on");
    comes_back(cluster, position.expect("found above"), &home);
}

/// It starts again, and by that alone gets its files back.
fn comes_back(cluster: &mut Cluster, position: usize, home: &BTreeMap<usize, String>) {
    let Cluster {
        front,
        nodes,
        confluence,
        ..
    } = &mut *cluster;
    let (mark, victim) = (confluence.mark(), nodes[position].name.clone());
    let (weights, tally) = load::during(front.address, confluence, || {
        nodes[position].start_again();
        let mut weights = BTreeSet::new();
        until("all its share is back", || {
            let server = front.server("owners", &victim);
            weights.insert(server.number("weight"));
            server.is_whole()
        });
        weights
    });
    let afterwards = all_files(front.address, confluence, 1);
    let fetched = downloads(cluster, mark);
    tell("back again", &victim, &tally);
    println!(
        "back again: with weights {weights:?}; {} files are fetched by {victim}, which has its share again",
        fetched.len()
    );
    let is_part = |weight: &u64| (1..front::WEIGHT).contains(weight);
    assert!(weights.iter().any(is_part), "all at once");
    tally.all_are_whole();
    afterwards.all_are_whole();
    assert_eq!(&homes(&afterwards), home);
    assert_eq!(
        fetched.keys().cloned().collect::<BTreeSet<_>>(),
        share(home, &victim)
    );
    assert!(fetched.values().all(|times| *times == 1));
}

/// Fills all caches. Which node has which file.
pub fn warmed(cluster: &Cluster) -> BTreeMap<usize, String> {
    let tally = all_files(cluster.front.address, &cluster.confluence, 1);
    tally.all_are_whole();
    homes(&tally)
}

/// Which node has answered for which file.
pub fn homes(tally: &Tally) -> BTreeMap<usize, String> {
    let one = |(number, nodes): (&usize, &BTreeMap<String, usize>)| {
        assert_eq!(nodes.len(), 1, "{}: {nodes:?}", name(*number));
        let node = nodes.keys().next().expect("one of them");
        (*number, node.clone())
    };
    tally.nodes.iter().map(one).collect()
}

/// What people have seen.
pub fn tell(what: &str, victim: &str, tally: &Tally) {
    println!(
        "{what}: {victim}, {} requests meanwhile: {:?}, longest {:?}",
        tally.requests(),
        tally.endings,
        tally.longest
    );
}

/// How a request that was held ends.
pub fn ending(mut held: Held) -> Ending {
    held.asked.answer(&held.file.bytes).0
}

pub fn share(home: &BTreeMap<usize, String>, node: &str) -> BTreeSet<String> {
    let files = home.iter().filter(|(_, home)| *home == node);
    files.map(|(number, _)| name(*number)).collect()
}

/// How often each numbered file was downloaded since then.
pub fn downloads(cluster: &Cluster, mark: usize) -> BTreeMap<String, usize> {
    let mut fetched = BTreeMap::new();
    let downloads = cluster.confluence.downloads_since(mark).into_iter();
    for name in downloads.filter(|name| name.starts_with("image-")) {
        *fetched.entry(name).or_default() += 1;
    }
    fetched
}
