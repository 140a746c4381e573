//! Which of several nodes has a file: consistent hashing, as a front does it (pure).
//!
//! A ring of our own, not HAProxy's: the same idea with the same number of points, but with other hashes, so that a file
//! lies elsewhere than it would there. What it says of shares and of what is lost holds for both.

use super::chance::mixed;

/// Points of a node on the ring: as many as HAProxy has for a server of the greatest weight, 16 for each of 256 units. The
/// more there are, the more even are the shares.
const POINTS: u64 = 16 * 256;

/// Nodes with their points.
pub struct Ring {
    /// Places on the ring, rising, with who stands there.
    points: Vec<(u64, usize)>,
}

impl Ring {
    pub fn new(nodes: usize) -> Ring {
        let points = (0..nodes).flat_map(|node| {
            // Numbers of points are small, those of files too: the high bit keeps them apart.
            (0..POINTS).map(move |point| (mixed(1 << 63 | (node as u64) << 32 | point), node))
        });
        let mut points: Vec<_> = points.collect();
        points.sort_unstable();
        Ring { points }
    }

    /// Who has `file`: the first on the way round from the file's own place, past the node `lost`.
    pub fn node(&self, file: usize, lost: Option<usize>) -> usize {
        let place = mixed(file as u64);
        let start = self.points.partition_point(|(point, _)| *point < place);
        let (before, after) = self.points.split_at(start);
        let mut round = after.iter().chain(before).map(|(_, node)| *node);
        let found = round.find(|node| Some(*node) != lost);
        found.expect("a node is left")
    }
}
