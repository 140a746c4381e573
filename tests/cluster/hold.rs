//! Requests that are under way at a node of one's choice for as long as one likes.

use std::collections::BTreeMap;

use confluence_attachment_proxy::demo::Behaviour;

use crate::client::{Asked, Client};
use crate::confluence::New;
use crate::{Cluster, until};

/// A request that waits for Confluence.
pub struct Held {
    pub file: New,
    pub asked: Asked,
    /// Where it is.
    pub node: String,
    /// Those for files that belong elsewhere, which are under way as long.
    _elsewhere: Vec<Asked>,
}

/// Asks for a new file which behaves so, at the node with this name; `None`: wherever it falls. Nobody else may ask for
/// anything meanwhile.
pub fn hold(cluster: &mut Cluster, node: Option<&str>, behaviour: &Behaviour) -> Held {
    let mut elsewhere = Vec::new();
    loop {
        let before = cluster.front.column("owners", "stot");
        let file = cluster.confluence.put_new(100_000, behaviour.clone());
        let target = format!("GET {}", file.target);
        let asked = Client::new(cluster.front.address).ask(&target, "", b"");
        let asked = asked.expect("the front takes it");
        let mut place = None;
        until("the request is at a node", || {
            place = more(&before, &cluster.front.column("owners", "stot"));
            place.is_some()
        });
        let place = place.expect("it has just been found");
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

/// Who has more than before.
fn more(before: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>) -> Option<String> {
    let mut pairs = before.iter().zip(now);
    let (_, (name, _)) = pairs.find(|((_, before), (_, now))| before < now)?;
    Some(name.clone())
}
