//! One file on a page, in all its versions.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// One version of a file: what a test uploads.
#[derive(Clone, Debug)]
pub struct File {
    pub(super) media_type: String,
    pub(super) bytes: Arc<[u8]>,
    pub(super) last_modified: Option<SystemTime>,
    pub(super) uploaded: Option<SystemTime>,
    pub(super) comment: String,
    is_tagged: bool,
}

impl File {
    /// A file with the uploader's word for its type. Unless said otherwise, the first version was uploaded in 2024,
    /// later ones when they are put.
    pub fn new(media_type: &str, bytes: impl Into<Arc<[u8]>>) -> File {
        File {
            media_type: media_type.to_owned(),
            bytes: bytes.into(),
            last_modified: None,
            uploaded: None,
            comment: String::new(),
            is_tagged: false,
        }
    }

    /// Sets the moment of the upload: `version.when` of the metadata, and `Last-Modified` unless that is set apart.
    pub fn uploaded(mut self, when: SystemTime) -> File {
        self.uploaded = Some(when);
        self
    }

    /// Sets what the uploader says about this version.
    pub fn commented(mut self, comment: &str) -> File {
        self.comment = comment.to_owned();
        self
    }

    /// Sets what `Last-Modified` claims.
    pub fn last_modified(mut self, when: SystemTime) -> File {
        self.last_modified = Some(when);
        self
    }

    /// Makes `Last-Modified` claim January 1970, as some Data Center versions do.
    pub fn dated_1970(self) -> File {
        self.last_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(12 * 86_400))
    }

    /// Makes its downloads carry a strong `ETag` made from the bytes and honour `If-None-Match`, as older Data Center
    /// versions do. Without this there is no such field, and `If-None-Match` is ignored.
    pub fn with_etag(mut self) -> File {
        self.is_tagged = true;
        self
    }

    /// The `ETag` of its downloads, if they carry one.
    pub(super) fn shown_etag(&self) -> Option<String> {
        self.is_tagged.then(|| self.etag())
    }

    /// A strong validator with its quotes, made from the bytes: FNV-1a, which is short and needs no crate, and the
    /// length.
    pub(super) fn etag(&self) -> String {
        let hash = self
            .bytes
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        format!("\"{hash:016x}-{:x}\"", self.bytes.len())
    }

    /// The value of `Last-Modified`. `put` has filled in the moment of the upload.
    pub(super) fn claims_modified(&self) -> SystemTime {
        self.last_modified
            .or(self.uploaded)
            .unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// A file with its versions; the last is the current one.
#[derive(Debug)]
pub(super) struct Attachment {
    pub(super) id: u64,
    pub(super) versions: Vec<File>,
}

impl Attachment {
    pub(super) fn current(&self) -> &File {
        self.versions.last().expect("made with one version")
    }

    /// Version `number`, counted from 1.
    pub(super) fn version(&self, number: usize) -> Option<&File> {
        self.versions.get(number.checked_sub(1)?)
    }

    /// Whether a thumbnail can be made of it.
    pub(super) fn is_drawable(&self) -> bool {
        let media_type = &self.current().media_type;
        media_type.starts_with("image/") && media_type != "image/svg+xml"
    }
}
