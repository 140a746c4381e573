//! The pages of the sample Confluence and what hangs on them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::file::{Attachment, File};

/// When first versions were uploaded: 2024-06-09 14:04:16 UTC, in seconds since 1970.
const UPLOADED_SECONDS: u64 = 1_717_941_856;

/// The first content id that attachments get.
const ATTACHMENT_ID_FIRST: u64 = 1_310_721;

/// Year, month and day on which a blog post was posted.
pub(super) type Day = (u16, u8, u8);

/// A page or blog post: where it stands and what hangs on it.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) space: Option<String>,
    pub(super) title: Option<String>,
    /// Blog posts have a day, pages have none.
    pub(super) posted: Option<Day>,
    /// Anonymous users may see it.
    is_public: bool,
    /// REST does not know it.
    is_hidden: bool,
    pub(super) files: BTreeMap<String, Attachment>,
}

/// All pages by id.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pages: BTreeMap<u64, Page>,
    attachments_made: u64,
}

impl Page {
    /// The word of REST for what it is.
    pub(super) fn kind(&self) -> &'static str {
        match self.posted {
            Some(_) => "blogpost",
            None => "page",
        }
    }
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

    /// Says in which space and under which title a page stands, and for a blog post, on which day.
    pub(super) fn name(&mut self, page: u64, space: &str, title: &str, posted: Option<Day>) {
        let page = self.pages.entry(page).or_default();
        page.space = Some(space.to_owned());
        page.title = Some(title.to_owned());
        page.posted = posted;
    }

    /// Lets anonymous users see a page.
    pub(super) fn publish(&mut self, page: u64) {
        self.pages.entry(page).or_default().is_public = true;
    }

    /// Makes a page unknown to REST.
    pub(super) fn hide_from_rest(&mut self, page: u64) {
        self.pages.entry(page).or_default().is_hidden = true;
    }

    pub(super) fn is_public(&self, page: u64) -> bool {
        self.pages.get(&page).is_some_and(|page| page.is_public)
    }

    /// The pages that REST knows, by id.
    pub(super) fn known_to_rest(&self) -> impl Iterator<Item = (u64, &Page)> {
        let known = self.pages.iter().filter(|(_, page)| !page.is_hidden);
        known.map(|(id, page)| (*id, page))
    }

    /// A page that REST knows.
    pub(super) fn page(&self, id: u64) -> Option<&Page> {
        self.pages.get(&id).filter(|page| !page.is_hidden)
    }

    pub(super) fn attachment(&self, page: u64, name: &str) -> Option<&Attachment> {
        self.pages.get(&page)?.files.get(name)
    }

    /// A file that REST knows, with its page and name.
    pub(super) fn attachment_by_id(&self, id: u64) -> Option<(u64, &str, &Attachment)> {
        self.known_to_rest().find_map(|(number, page)| {
            let mut files = page.files.iter();
            let (name, attachment) = files.find(|(_, attachment)| attachment.id == id)?;
            Some((number, name.as_str(), attachment))
        })
    }

    /// The page of that title, or the blog post of that title and day.
    pub(super) fn titled(&self, space: &str, title: &str, posted: Option<Day>) -> Option<u64> {
        let named = |page: &Page| {
            page.space.as_deref() == Some(space)
                && page.title.as_deref() == Some(title)
                && page.posted == posted
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
