//! The pages of the sample Confluence and the files on them, in all their versions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// When first versions were uploaded: 2024-06-09 14:04:16 UTC, in seconds since 1970.
const UPLOADED_SECONDS: u64 = 1_717_941_856;

/// The first content id that attachments get.
const ATTACHMENT_ID_FIRST: u64 = 1_310_721;

/// One version of a file: what a test uploads.
#[derive(Clone, Debug)]
pub struct File {
    pub(super) media_type: String,
    pub(super) bytes: Arc<[u8]>,
    pub(super) last_modified: Option<SystemTime>,
    pub(super) uploaded: Option<SystemTime>,
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
        }
    }

    /// Sets the moment of the upload: `version.when` of the metadata, and `Last-Modified` unless that is set apart.
    pub fn uploaded(mut self, when: SystemTime) -> File {
        self.uploaded = Some(when);
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
}

/// A page: where it stands and what hangs on it.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) space: Option<String>,
    pub(super) title: Option<String>,
    pub(super) files: BTreeMap<String, Attachment>,
}

/// All pages by id.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pages: BTreeMap<u64, Page>,
    attachments_made: u64,
}

impl Pages {
    /// Uploads a file; the same name again is a new version.
    pub(super) fn put(&mut self, page: u64, name: &str, mut file: File) {
        let files = &mut self.pages.entry(page).or_default().files;
        match files.get_mut(name) {
            Some(attachment) => {
                file.uploaded.get_or_insert_with(SystemTime::now);
                attachment.versions.push(file);
            }
            None => {
                let first = SystemTime::UNIX_EPOCH + Duration::from_secs(UPLOADED_SECONDS);
                file.uploaded.get_or_insert(first);
                let id = ATTACHMENT_ID_FIRST + self.attachments_made;
                self.attachments_made += 1;
                let versions = vec![file];
                files.insert(name.to_owned(), Attachment { id, versions });
            }
        }
    }

    /// Deletes a file with all its versions.
    pub(super) fn remove(&mut self, page: u64, name: &str) {
        if let Some(page) = self.pages.get_mut(&page) {
            page.files.remove(name);
        }
    }

    /// Says in which space and under which title a page stands.
    pub(super) fn name(&mut self, page: u64, space: &str, title: &str) {
        let page = self.pages.entry(page).or_default();
        page.space = Some(space.to_owned());
        page.title = Some(title.to_owned());
    }

    pub(super) fn page(&self, id: u64) -> Option<&Page> {
        self.pages.get(&id)
    }

    pub(super) fn attachment(&self, page: u64, name: &str) -> Option<&Attachment> {
        self.pages.get(&page)?.files.get(name)
    }

    pub(super) fn titled(&self, space: &str, title: &str) -> Option<u64> {
        let named = |page: &Page| {
            page.space.as_deref() == Some(space) && page.title.as_deref() == Some(title)
        };
        self.pages
            .iter()
            .find(|(_, page)| named(page))
            .map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_versions() {
        let mut pages = Pages::default();
        pages.put(1, "a", File::new("text/plain", *b"one"));
        pages.put(1, "a", File::new("text/plain", *b"two"));
        let attachment = pages.attachment(1, "a").expect("put above");
        let bytes = |number| attachment.version(number).map(|file| file.bytes.to_vec());
        assert_eq!(bytes(0), None);
        assert_eq!(bytes(1), Some(b"one".to_vec()));
        assert_eq!(bytes(2), Some(b"two".to_vec()));
        assert_eq!(bytes(3), None);
        let [first, second] = [1, 2].map(|number| attachment.version(number).expect("put above"));
        assert!(first.claims_modified() < second.claims_modified());
        pages.remove(1, "a");
        assert!(pages.attachment(1, "a").is_none());
    }
}
