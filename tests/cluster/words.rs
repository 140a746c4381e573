//! What a front answers itself, and what becomes of a form when nobody can answer.

use std::net::SocketAddr;

use crate::client::{Asked, Client, Ending};
use crate::{Cluster, until};

/// What the front says to whoever wants something of one node.
const ALONE: &str = "ask them one by one, not here";

/// What a form has in it.
pub const FORM_BYTES: usize = 1000;

/// What makes sense at one node alone is refused in words.
pub fn a_node_is_asked_by_itself(front: SocketAddr) {
    let say = |request: &str| {
        let asked = Client::new(front).ask(request, "", b"");
        let (ending, response) = asked.expect("the front takes it").answer(b"");
        (
            ending,
            response.map_or(String::new(), |it| it.text().to_owned()),
        )
    };
    for request in [
        "DELETE /proxy/7/a.png",
        "DELETE /proxy/7",
        "POST /proxy/7/warm",
        "POST /proxy/7/%77arm",
    ] {
        let (ending, text) = say(request);
        assert_eq!(ending, Ending::Status(403), "{request}");
        assert!(text.contains(ALONE), "{request}: {text}");
    }
    for request in ["GET /status", "GET /metrics", "GET /%6Detrics"] {
        let (ending, text) = say(request);
        assert_eq!(ending, Ending::Status(404), "{request}");
        assert!(text.contains(ALONE), "{request}: {text}");
    }
    // A file of that name is as good as any.
    let (ending, text) = say("GET /proxy/7/warm");
    assert_eq!(ending, Ending::Status(404));
    assert!(!text.contains(ALONE), "{text}");
    println!("words: what makes sense at one node alone is refused");
}

/// A form that is longer than the questions whether a node is there, which come all the time.
pub fn post(front: SocketAddr) -> Asked {
    let fields = format!(
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {FORM_BYTES}\r\n"
    );
    let form = format!("{:a<FORM_BYTES$}", "link=");
    let asked = Client::new(front).ask("POST /proxy/", &fields, form.as_bytes());
    asked.expect("the front takes it")
}

/// A form is sent once, whatever happens to who has it.
pub fn a_form_is_not_sent_twice(cluster: &mut Cluster) {
    let Cluster { front, nodes, .. } = &mut *cluster;
    let sent = || front.column("owners", "stot");
    let before = sent();
    assert_eq!(post(front.address).answer(b"").0, Ending::Wrong, "a page");
    let after = sent();
    let position = nodes
        .iter()
        .position(|node| before[&node.name] < after[&node.name]);
    let node = &mut nodes[position.expect("somebody has answered")];
    // Without checks: nothing but the form may come to the node, and the form to no other node because it hangs.
    front.order(&format!("disable health owners/{}", node.name));
    node.freeze();
    let mut asked = post(front.address);
    until("the form is there", || node.has_unread(FORM_BYTES));
    node.kill();
    let (ending, response) = asked.answer(b"");
    let others = |counts: &std::collections::BTreeMap<String, u64>| {
        let others = counts.iter().filter(|(name, _)| **name != node.name);
        others.map(|(_, count)| count).sum::<u64>()
    };
    println!(
        "words: a form whose node dies: {ending:?}, {} times at another",
        others(&sent()) - others(&after)
    );
    assert_eq!(ending, Ending::Status(502));
    let text = response.expect("an answer").text().to_owned();
    assert!(text.contains("broke off"), "{text}");
    assert_eq!(others(&sent()), others(&after));
    node.start_again();
    front.order(&format!("enable health owners/{}", node.name));
    until("it is back", || {
        front.server("owners", &node.name).is_whole()
    });
}

/// Nobody is there.
pub fn all_nodes_are_down(cluster: &mut Cluster) {
    let Cluster {
        front,
        nodes,
        confluence,
        ..
    } = &mut *cluster;
    let say = || {
        let target = crate::confluence::target(0);
        let (ending, response) = Client::new(front.address).get(&target, &confluence.bytes(0));
        (ending, response.expect("an answer"))
    };
    nodes.iter_mut().for_each(|node| node.kill());
    let judge = |when: &str| {
        let (ending, response) = say();
        assert_eq!(ending, Ending::Status(503), "{when}");
        assert_eq!(response.field("Retry-After"), Some("5"), "{when}");
        assert!(
            response.text().starts_with("No node can be reached."),
            "{when}"
        );
        println!("words: {when}: {:?}", response.text());
    };
    judge("all nodes are gone, and the front may not know");
    until("the front knows", || {
        front.servers().iter().all(|server| server.is_down())
    });
    judge("all nodes are down");
    nodes.iter_mut().for_each(|node| node.start_again());
    until("one is back", || say().0 == Ending::Whole);
}
