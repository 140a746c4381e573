//! All nodes restart, one after the other.

use crate::crash::tell;
use crate::files::all_files;
use crate::lan::Lan;
use crate::load;
use crate::support::binary::Ended;
use crate::{Cluster, until};

/// As an operator does who updates them. Nobody notices.
pub fn nobody_notices(cluster: &mut Cluster) {
    let Cluster {
        front,
        nodes,
        confluence,
        lan,
        ..
    } = &mut *cluster;
    let before = front.resent();
    let (said, tally) = load::during(front.address, confluence, || {
        let restart = |node: &mut crate::node::Node| {
            node.terminate();
            until("the front notices", || {
                front.server("owners", &node.name).is_down()
            });
            let ended = node.ended();
            node.start_again();
            until("it is up", || front.server("owners", &node.name).is_up());
            ended
        };
        nodes.iter_mut().map(restart).collect::<Vec<_>>()
    });
    tell("rolling restart", "all three", &tally);
    ended_well(&said, lan);
    tally.all_are_whole();
    // It knew in time: nothing was sent to a node that had gone.
    assert_eq!(front.resent(), before);
}

/// What ended nodes have said: all went well, and whom the front asked for were the clients.
pub fn ended_well(said: &[Ended], lan: &Lan) {
    let client = format!(" client={}", lan.client());
    for ended in said {
        assert_eq!(ended.code, Some(0), "{}", ended.text());
        let served = ended.lines("served key=");
        let is_for_client = |line: &&String| line.ends_with(&client);
        assert!(
            !served.is_empty() && served.iter().all(is_for_client),
            "the front is not trusted"
        );
    }
}

/// By hand, as the file says: the others answer for a node until it is said to be ready again.
pub fn an_operator_takes_a_node_out(cluster: &Cluster) {
    let front = &cluster.front;
    let sent = || front.server("owners", "node1").number("stot");
    front.order("set server owners/node1 state drain");
    for backend in ["owners", "rush"] {
        until("it is drained", || {
            front
                .server(backend, "node1")
                .text("status")
                .starts_with("DRAIN")
        });
    }
    let before = sent();
    let tally = all_files(front.address, &cluster.confluence, 1);
    tell("by hand", "node1", &tally);
    tally.all_are_whole();
    assert_eq!(sent(), before);
    front.order("set server owners/node1 state ready");
    cluster.all_are_up();
    all_files(front.address, &cluster.confluence, 1).all_are_whole();
    assert!(before < sent());
}
