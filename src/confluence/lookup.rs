//! Questions to Confluence's REST: what hangs on a page, where it stands, which page has a title.

use std::sync::Arc;
use std::time::SystemTime;

use super::address::{LISTING_MAX, Question};
use super::client::Confluence;
use super::error::{Fault, UpstreamError};
use super::line::Answered;
use super::metadata::{self, Attachment, AttachmentId, Listing, PagePlace};
use super::name::composed;
use crate::attachment::{FileName, Key, PageId};

/// Listings that are asked for one after the other at most when somebody wants all files of a page.
const LISTINGS_PER_PAGE_MAX: u32 = 50;

/// Bytes of names, comments and types of one page at most, at which no more of its files are asked for: ten thousand files
/// with names of a hundred bytes.
const LISTED_BYTES_MAX: usize = 1024 * 1024;

/// One file of a page, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its length in bytes, as far as Confluence says.
    pub bytes: Option<u64>,
    /// Its media type, in the uploader's words.
    pub media_type: Option<String>,
    /// Its newest version.
    pub version: Option<u32>,
    /// When that was uploaded.
    pub modified: Option<SystemTime>,
    /// What the uploader said about it.
    pub comment: Option<String>,
}

impl Listed {
    fn text_bytes(&self) -> usize {
        let others = [&self.media_type, &self.comment];
        let others = others.into_iter().flatten().map(String::len);
        self.name.len() + others.sum::<usize>()
    }
}

impl Confluence {
    /// Where a page stands and what it is called. Asks once and remembers it for some minutes.
    ///
    /// # Errors
    /// [`UpstreamError::NotFound`] when Confluence shows no such page to the account.
    pub fn place_of(&self, page: PageId) -> Result<PagePlace, UpstreamError> {
        self.shared.memory.places.get(&page, || {
            let json = self.document(&Question::Content { page })?;
            metadata::place(&json).ok_or(UNREADABLE)
        })
    }

    /// The key of the space in which a page stands.
    ///
    /// # Errors
    /// As [`Confluence::place_of`].
    pub fn space_of(&self, page: PageId) -> Result<Box<str>, UpstreamError> {
        self.place_of(page).map(|place| place.space)
    }

    /// All files of a page, by name; of a very large page the first ones. Asks as often as there are 200 of them.
    ///
    /// # Errors
    /// [`UpstreamError::NotFound`] when Confluence shows no such page to the account.
    pub fn files_of(&self, page: PageId) -> Result<Vec<Listed>, UpstreamError> {
        let mut files = Vec::new();
        for number in 0..LISTINGS_PER_PAGE_MAX {
            let listing = self.listing(page, number * LISTING_MAX)?;
            let more = listing.by_name().into_iter().map(|(name, file)| Listed {
                name: name.to_owned(),
                bytes: file.bytes,
                media_type: file.media_type.clone(),
                version: file.version,
                modified: file.when,
                comment: file.comment.clone(),
            });
            files.extend(more);
            let bytes: usize = files.iter().map(Listed::text_bytes).sum();
            if listing.is_complete || LISTED_BYTES_MAX < bytes {
                break;
            }
        }
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(files)
    }

    /// What Confluence knows about a file; `None` if there is no such file on the page. The first file of a page costs
    /// a small question; whoever asks for another one of it within seconds gets the listing of all.
    fn attachment(
        &self,
        page: PageId,
        name: &FileName,
    ) -> Result<Option<Attachment>, UpstreamError> {
        let memory = &self.shared.memory;
        let is_first = !memory.visited.is_asked(&page);
        memory.visited.get(&page, || Ok(()))?;
        if !is_first {
            let is_new = memory.listings.known(&page).is_none();
            let listing = memory
                .listings
                .get(&page, || self.listing(page, 0).map(Arc::new))?;
            match listing.get(name) {
                Some(found) => return Ok(Some(found.clone())),
                None if listing.is_complete && is_new => return Ok(None),
                // Perhaps it was uploaded since: that it is missing would be remembered for much longer.
                None => {}
            }
        }
        let json = self.document(&Question::Attachments {
            page,
            name: Some(name),
            start: 0,
        })?;
        let found = self.read_listing(&json)?;
        Ok(found.get(name).cloned())
    }

    /// The same, also under the composed form of its name.
    pub(super) fn find(
        &self,
        page: PageId,
        name: &FileName,
    ) -> Result<Option<Attachment>, UpstreamError> {
        let found = self.attachment(page, name)?;
        match composed(name) {
            Some(other) if found.is_none() => self.attachment(page, &other),
            Some(_) | None => Ok(found),
        }
    }

    /// The number of an attachment. Remembered, because a download by number needs it each time.
    pub(super) fn number(
        &self,
        page: PageId,
        name: &FileName,
    ) -> Result<AttachmentId, UpstreamError> {
        self.shared.memory.numbers.get(&(page, name.clone()), || {
            let found = self.find(page, name)?;
            found.ok_or(UpstreamError::NotFound)?.id.ok_or(UNREADABLE)
        })
    }

    /// The page on which the file of a key hangs.
    pub(super) fn page_of(&self, key: &Key) -> Result<PageId, UpstreamError> {
        let (space, day, title) = match key {
            Key::File { page, .. } | Key::Thumbnail { page, .. } => return Ok(*page),
            Key::Titled { space, title, .. } => (space, None, title),
            Key::BlogPost {
                space, day, title, ..
            } => (space, Some(*day), title),
        };
        let place = (space.clone(), day, title.clone());
        self.shared.memory.titles.get(&place, || {
            let json = self.document(&Question::Find {
                space,
                day: day.as_ref(),
                title,
            })?;
            metadata::found_page(&json)
                .ok_or(UNREADABLE)?
                .ok_or(UpstreamError::NotFound)
        })
    }

    fn listing(&self, page: PageId, start: u32) -> Result<Listing, UpstreamError> {
        let json = self.document(&Question::Attachments {
            page,
            name: None,
            start,
        })?;
        self.read_listing(&json)
    }

    /// One at a time: while it is read, a listing takes some times the memory of its text.
    fn read_listing(&self, json: &[u8]) -> Result<Listing, UpstreamError> {
        let _turn = self.shared.memory.reading();
        metadata::listing(json).ok_or(UNREADABLE)
    }

    fn document(&self, question: &Question<'_>) -> Result<Vec<u8>, UpstreamError> {
        match self.ask(question)? {
            Answered::Document(json) => Ok(json),
            Answered::File(_) | Answered::Unchanged | Answered::Elsewhere { .. } => Err(UNREADABLE),
        }
    }
}

/// The answer is no document that can be read.
const UNREADABLE: UpstreamError = UpstreamError::Unusable(Fault::Document);
