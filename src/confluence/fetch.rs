//! One fetch: from a key to a body that can be trusted, in as few questions as the kind of Confluence allows.

use super::address::Question;
use super::client::Confluence;
use super::download::Download;
use super::error::{Fault, UpstreamError};
use super::line::Answered;
use super::metadata::{AttachmentId, has_length, is_current};
use super::name::composed;
use crate::attachment::{Key, Meta, PageId};
use crate::config::Kind;
use crate::meters;

/// What asking again for a file that we have came to.
#[derive(Debug)]
pub enum Refreshed {
    /// The copy is current; these are its facts from now on.
    Current(Meta),
    /// Here is what is there now.
    New(Box<Download>),
}

/// What the metadata says about a copy.
enum Confirmed {
    /// It is current; these are its facts from now on.
    Current(Meta),
    /// It is not, or nothing can be said.
    Unknown,
}

impl Confluence {
    /// Fetches a file as the account. Blocks until the head and up to 512 first bytes, or the end, are judged good.
    ///
    /// A missing thumbnail is replaced by the original, and a missing file is asked for once more under the composed
    /// form of its name if it had another one.
    ///
    /// # Errors
    /// Everything else than the file: see [`UpstreamError`].
    pub fn fetch(&self, key: &Key) -> Result<Download, UpstreamError> {
        match self.shared.line().kind {
            Kind::Server => self.fetch_from_server(key),
            Kind::Cloud => self.fetch_from_cloud(key),
        }
    }

    /// Asks whether a copy is still current, in one small question if possible, and fetches the file if it is not or
    /// if that cannot be told.
    ///
    /// # Errors
    /// As [`Confluence::fetch`]. When Confluence fails nothing is said about the copy.
    pub fn refresh(
        &self,
        key: &Key,
        known: &Meta,
        length: u64,
    ) -> Result<Refreshed, UpstreamError> {
        let kind = self.shared.line().kind;
        if kind == Kind::Server
            && let Some(etag) = known.etag.as_deref()
        {
            let question = Question::File {
                key,
                unless: Some(etag),
            };
            match self.ask(&question) {
                Ok(Answered::Unchanged) => return Ok(Refreshed::Current(known.clone())),
                Ok(Answered::File(download)) => return Ok(Refreshed::New(download)),
                Ok(Answered::Document(_) | Answered::Elsewhere { .. }) => return Err(UNUSABLE),
                Err(UpstreamError::NotFound) => {} // perhaps under another name, perhaps the thumbnail only
                Err(error) => return Err(error),
            }
            return self.fetch(key).map(Box::new).map(Refreshed::New);
        }
        match self.confirm(key, (known, length), kind)? {
            Confirmed::Current(meta) => Ok(Refreshed::Current(meta)),
            Confirmed::Unknown => self.fetch(key).map(Box::new).map(Refreshed::New),
        }
    }

    /// Asks Confluence's metadata about a copy.
    fn confirm(
        &self,
        key: &Key,
        (known, length): (&Meta, u64),
        kind: Kind,
    ) -> Result<Confirmed, UpstreamError> {
        // A title can mean another page by now, so its file must be known by its number.
        let is_fixed = key.page().is_some() || known.attachment.is_some();
        if !is_fixed || (known.date.is_none() && key.version().is_none()) {
            return Ok(Confirmed::Unknown);
        }
        let found = self
            .page_of(key)
            .and_then(|page| Ok((page, self.find(page, key.name())?)));
        let (page, found) = match found {
            Ok(found) => found,
            // REST knows fewer files than there are: avatars and logos hang on nothing it shows. The file's own
            // address decides.
            Err(
                UpstreamError::NotFound
                | UpstreamError::Forbidden
                | UpstreamError::OutOfScope
                | UpstreamError::Unusable(Fault::Document)
                | UpstreamError::Odd { .. }
                | UpstreamError::Failing { status: 500 | 501 },
            ) if kind == Kind::Server => return Ok(Confirmed::Unknown),
            Err(UpstreamError::Unusable(Fault::Document)) => return Ok(Confirmed::Unknown),
            Err(error) => return Err(error),
        };
        let number = found.as_ref().and_then(|found| found.id);
        if kind == Kind::Cloud {
            self.correct_number(page, key, number);
            if found.is_none() {
                return Err(UpstreamError::NotFound); // Cloud has no other way to a file
            }
        }
        // The listing knows nothing of scaled pictures.
        let is_scaled = matches!(key, Key::Thumbnail { .. });
        let current = found.filter(|found| {
            is_current(key.version(), known, found)
                && (is_scaled || has_length(key.version(), length, found))
        });
        Ok(current.map_or(Confirmed::Unknown, |found| {
            Confirmed::Current(Meta {
                attachment: number.map(AttachmentId::number),
                version: found.version,
                ..known.clone()
            })
        }))
    }

    /// Forgets a remembered number that is not the file's any more.
    fn correct_number(&self, page: PageId, key: &Key, number: Option<AttachmentId>) {
        let place = (page, key.name().clone());
        let numbers = &self.shared.memory.numbers;
        if numbers
            .known(&place)
            .is_some_and(|known| Some(known) != number)
        {
            numbers.forget(&place);
        }
    }

    fn fetch_from_server(&self, key: &Key) -> Result<Download, UpstreamError> {
        let original = original(key);
        let mut outcome = self.download(key);
        if let (Err(UpstreamError::NotFound), Some(original)) = (&outcome, &original) {
            outcome = self.download(original);
        }
        if let (Err(UpstreamError::NotFound), Some(name)) = (&outcome, composed(key.name())) {
            let key = original.as_ref().unwrap_or(key);
            outcome = self.download(&key.clone().renamed(name));
        }
        outcome
    }

    fn download(&self, key: &Key) -> Result<Download, UpstreamError> {
        match self.ask(&Question::File { key, unless: None })? {
            Answered::File(download) => Ok(*download),
            Answered::Document(_) | Answered::Unchanged | Answered::Elsewhere { .. } => {
                Err(UNUSABLE)
            }
        }
    }

    /// Cloud takes the account only for a signed address of the bytes, which it gives by the attachment's number.
    fn fetch_from_cloud(&self, key: &Key) -> Result<Download, UpstreamError> {
        let page = self.page_of(key)?;
        let place = (page, key.name().clone());
        let memory = &self.shared.memory;
        let has_number = || memory.numbers.known(&place).is_some();
        let was_known = has_number() || memory.listings.known(&page).is_some();
        match self.fetch_by_number(key, page) {
            // Deleted and uploaded again since its number was noted: it has another one now.
            Err(UpstreamError::NotFound) if was_known && has_number() => {
                memory.listings.forget(&page);
                memory.numbers.forget(&place);
                self.fetch_by_number(key, page)
            }
            outcome => outcome,
        }
    }

    fn fetch_by_number(&self, key: &Key, page: PageId) -> Result<Download, UpstreamError> {
        let (name, version) = (key.name(), key.version());
        let id = self.number(page, name)?;
        if let Key::Thumbnail { width, height, .. } = key {
            let thumbnail = Question::Thumbnail {
                id,
                version,
                width: *width,
                height: *height,
                name,
            };
            match self.signed(&thumbnail, key, id) {
                Err(UpstreamError::NotFound | UpstreamError::OutOfScope) => {}
                outcome => return outcome,
            }
        }
        let download = Question::Download {
            page,
            id,
            version,
            name,
        };
        self.signed(&download, key, id)
    }

    fn signed(
        &self,
        question: &Question<'_>,
        key: &Key,
        id: AttachmentId,
    ) -> Result<Download, UpstreamError> {
        let mut download = match self.ask(question)? {
            Answered::Elsewhere { location, date } => {
                let media = &self.shared.line().media;
                let fetched = self.shared.timed(meters::Question::Media, || {
                    media.fetch(location, key.name().as_str())
                });
                let mut download = fetched.inspect_err(|error| self.note_pause(error))?;
                // By Confluence's clock, which the metadata is compared with; the media host has its own.
                download.meta.date = date;
                download.meta.etag = None;
                download
            }
            Answered::File(download) => *download,
            Answered::Document(_) | Answered::Unchanged => return Err(UNUSABLE),
        };
        download.meta.attachment = Some(id.number());
        Ok(download)
    }
}

/// The answer is good, but none to what was asked.
const UNUSABLE: UpstreamError = UpstreamError::Unusable(Fault::Document);

/// The file a thumbnail is drawn from.
fn original(key: &Key) -> Option<Key> {
    match key {
        Key::Thumbnail {
            page,
            name,
            version,
            ..
        } => Some(Key::File {
            page: *page,
            name: name.clone(),
            version: *version,
        }),
        Key::File { .. } | Key::Titled { .. } | Key::BlogPost { .. } => None,
    }
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
