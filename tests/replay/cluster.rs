//! Several nodes that share the requests of one trace, each with a store of its own.

use std::time::Duration;

use confluence_attachment_proxy::attachment::Key;
use confluence_attachment_proxy::cache::{Replay, Served};

use super::budget::Budget;
use super::ring::Ring;
use super::service::store;
use super::trace::{Request, Trace};

/// What is replayed, and with what each node has.
pub struct Cluster<'t> {
    pub trace: &'t Trace,
    /// A key for each number of a file.
    pub keys: &'t [Key],
    pub budget: &'t Budget,
    pub ttl: Option<Duration>,
    pub nodes: usize,
}

/// What became of each request, and at which node.
pub struct Shared {
    pub served: Vec<Served>,
    pub nodes: Vec<usize>,
}

impl Cluster<'_> {
    /// Each file has its node.
    pub fn by_hash(&self) -> Shared {
        let ring = Ring::new(self.nodes);
        self.run(|_, request| ring.node(request.file, None))
    }

    /// The same until the node `lost` is gone; from then on others have its files.
    pub fn losing(&self, lost: usize, gone: Duration) -> Shared {
        let ring = Ring::new(self.nodes);
        self.run(|_, request| {
            let lost = (gone <= request.at).then_some(lost);
            ring.node(request.file, lost)
        })
    }

    /// Whoever's turn it is gets the next request, whatever it is for.
    pub fn in_turn(&self) -> Shared {
        self.run(|number, _| number % self.nodes)
    }

    fn run(&self, choose: impl Fn(usize, &Request) -> usize) -> Shared {
        let stores = (0..self.nodes).map(|_| store(self.budget, self.ttl));
        let mut stores: Vec<Replay> = stores.collect();
        let requests = self.trace.requests.iter().enumerate();
        let (served, nodes) = requests
            .map(|(number, request)| {
                let node = choose(number, request);
                let key = &self.keys[request.file];
                (stores[node].request(request.at, key, request.bytes), node)
            })
            .unzip();
        Shared { served, nodes }
    }
}
