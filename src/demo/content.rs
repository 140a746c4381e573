//! The pages of the sample Confluence and what hangs on them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::file::{Attachment, File};

/// When first versions were uploaded: 2024-06-09 14:04:16 UTC, in seconds since 1970.
const UPLOADED_SECONDS: u64 = 1_717_941_856;

/// The first content id that attachments get.
const ATTACHMENT_ID_FIRST: u64 = 1_310_721;

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
