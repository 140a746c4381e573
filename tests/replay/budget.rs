//! How much a cache may keep.

use confluence_attachment_proxy::config::parse_size;

use super::trace::Trace;

/// The largest file that is kept, at most, and what part of all room it may take: as the service is configured when
/// nobody says otherwise.
const ITEM_BYTES_MAX: u64 = 64 * 1024 * 1024;
const ITEM_SHARE: u64 = 4;

/// What there is room for.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    pub bytes: u64,
    pub items: usize,
}

/// Room, as it was asked for.
#[derive(Clone, Debug)]
pub struct Budget {
    pub name: String,
    pub room: Room,
    pub item_bytes_max: u64,
}

impl Budget {
    /// Reads a size, or a share in percent of the files of a trace that knows no sizes.
    pub fn read(name: &str, trace: &Trace, items_max: usize) -> Option<Budget> {
        let name = name.to_owned();
        if trace.is_sizeless {
            let percent: usize = name.strip_suffix('%')?.parse().ok()?;
            let items = trace.files() * percent / 100;
            let room = Room {
                bytes: u64::MAX / 2,
                items: items.clamp(1, items_max),
            };
            return Some(Budget {
                name,
                room,
                item_bytes_max: u64::MAX,
            });
        }
        let bytes = parse_size(&name)?;
        let room = Room {
            bytes,
            items: items_max,
        };
        Some(Budget {
            name,
            room,
            item_bytes_max: ITEM_BYTES_MAX.min(bytes / ITEM_SHARE),
        })
    }
}
