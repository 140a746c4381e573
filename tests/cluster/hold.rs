//! Requests that are under way at a node of one's choice for as long as one likes.

use std::net::SocketAddr;

use confluence_attachment_proxy::demo::Behaviour;

use crate::Cluster;
use crate::client::Asked;
use crate::confluence::New;
use crate::hot::ask;
use crate::node::{arrived, taken};

/// A request that waits for Confluence.
pub struct Held {
    pub file: New,
    pub asked: Asked,
    /// Where it is.
    pub node: String,
    /// Those for files that belong elsewhere, which are under way as long.
    _elsewhere: Vec<Asked>,
}

/// Asks a front for a new file which behaves so, at the node with this name; `None`: wherever it falls. Nobody else may ask
/// for anything meanwhile.
pub fn hold(
    cluster: &mut Cluster,
    front: SocketAddr,
    node: Option<&str>,
    behaviour: &Behaviour,
) -> Held {
    let mut elsewhere = Vec::new();
    loop {
        let before = taken(&cluster.nodes);
        let file = cluster.confluence.put_new(100_000, behaviour.clone());
        let asked = ask(front, &file, 1).pop().expect("one was asked for");
        let counts = arrived(&cluster.nodes, &before, 1);
        let place = counts.into_keys().next().expect("one has arrived");
        if node.is_none_or(|node| node == place) {
            return Held {
                file,
                asked,
                node: place,
                _elsewhere: elsewhere,
            };
        }
        elsewhere.push(asked);
    }
}
