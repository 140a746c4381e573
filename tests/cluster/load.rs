//! What goes on meanwhile: clients that ask for one file after the other.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::client::{Client, Tally};
use crate::confluence::{self, Confluence};

/// Clients at once. Each has one request under way, so a node that dies can cut so many answers.
pub const CLIENTS: usize = 4;

/// Ends the load, also when what happens meanwhile panics.
struct End<'a>(&'a AtomicBool);

/// Has clients ask for all files again and again, from before the beginning of something to behind its end.
pub fn during<T>(
    front: SocketAddr,
    confluence: &Confluence,
    something: impl FnOnce() -> T,
) -> (T, Tally) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let first = client * confluence.files / CLIENTS;
                let is_over = &is_over;
                scope.spawn(move || ask_on(front, confluence, first, is_over))
            })
            .collect();
        let end = End(&is_over);
        let result = something();
        drop(end);
        let mut all = Tally::default();
        for client in clients {
            all.add(client.join().expect("it counts and does not panic"));
        }
        (result, all)
    })
}

fn ask_on(front: SocketAddr, confluence: &Confluence, first: usize, is_over: &AtomicBool) -> Tally {
    let (mut client, mut tally) = (Client::new(front), Tally::default());
    let files = (0..confluence.files).cycle().skip(first);
    for number in files.take_while(|_| !is_over.load(Ordering::Relaxed)) {
        let bytes = confluence.bytes(number);
        tally.ask(&mut client, number, &confluence::target(number), &bytes);
    }
    tally
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
