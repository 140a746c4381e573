//! What Confluence said about a file beside its bytes, reduced to what is worth keeping.

use std::time::SystemTime;

/// SHA-256 of the complete bytes; becomes the strong ETag.
pub type Digest = [u8; 32];

/// The facts of an upstream answer that outlive it. Nothing else of Confluence's headers reaches a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// The uploader's word on the media type, unchecked: `reply/` decides what to make of it.
    pub media_type: Option<Box<str>>,
    /// When the file last changed, as far as Confluence can be believed (not before the year 2000).
    pub last_modified: Option<SystemTime>,
    /// The upstream `Date` of the answer: Confluence's clock at the fill.
    pub date: Option<SystemTime>,
    /// Confluence's own entity tag, to ask with; older versions send one.
    pub etag: Option<Box<str>>,
    /// Which attachment of Confluence's these bytes are, once its metadata has said so: the same name can mean another
    /// one later.
    pub attachment: Option<u64>,
    /// Which upload of it they are, once its metadata has said so.
    pub version: Option<u32>,
}
