//! A node vanishes from the network without a word.

use std::time::Duration;

use confluence_attachment_proxy::demo::{Behaviour, Latch};

use crate::client::Ending;
use crate::crash::{ending, homes, tell, warmed};
use crate::files::all_files;
use crate::hold::hold;
use crate::load::{self, CLIENTS};
use crate::{Cluster, PATIENCE, until};

/// Nobody waits longer, on a slow machine too. The file promises some 4 seconds for one node.
const LONGEST: Duration = Duration::from_secs(15);

/// Packets vanish, nothing is closed.
pub fn others_answer_in_seconds(cluster: &mut Cluster) {
    let home = warmed(cluster);
    let latch = Latch::new();
    let waiting = hold(
        cluster,
        cluster.front.address,
        None,
        &Behaviour::hold(&latch),
    );
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    let (victim, mark) = (waiting.node.clone(), cluster.confluence.mark());
    let Cluster {
        front,
        lan,
        confluence,
        ..
    } = &*cluster;
    let (_, tally) = load::during(front.address, confluence, || {
        lan.cut_off(&victim);
        until("the front notices", || {
            front.server("owners", &victim).is_down()
        });
        until("who waits is sent to another node", || {
            0 < confluence.downloads_of(&waiting.file, mark)
        });
    });
    latch.open();
    let waiting = ending(waiting);
    tell("cut off", &victim, &tally);
    println!("cut off: the answer that had not begun is {waiting:?}");
    assert_eq!(waiting, Ending::Whole);
    assert_eq!(
        tally.requests(),
        tally.count(Ending::Whole) + tally.count(Ending::Cut)
    );
    assert!(tally.count(Ending::Cut) <= CLIENTS);
    assert!(tally.longest < LONGEST);

    lan.attach(&victim);
    let (_, tally) = load::during(front.address, confluence, || {
        until("all its share is back", || {
            front.server("owners", &victim).is_whole()
        });
    });
    tell("attached again", &victim, &tally);
    tally.all_are_whole();
    assert_eq!(homes(&all_files(front.address, confluence, 1)), home);
    assert!(latch.wait_for_arrivals(2, PATIENCE));
}
