//! What a link can be.

use crate::attachment::{FileName, Key, PageId};
use crate::router::Reason;

/// One link that somebody has pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The link as it was found, without the entities of HTML.
    pub text: String,
    /// What it is.
    pub meaning: Meaning,
}

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A file, which this service opens for everybody.
    File(File),
    /// A page without a file: its gallery is the nearest thing.
    Page(PageId),
    /// A file of a page, but the address does not say its name: it is in the page's gallery.
    Unnamed(PageId),
    /// A link of this service already.
    Ours,
    /// Nothing that can be turned into a link of this service.
    Mistake(Mistake),
}

/// A file, and where it is below the base path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Under what it is kept.
    pub key: Key,
    /// To be saved, not shown.
    pub download: bool,
    /// Path, query and fragment below the base path, in ASCII that needs no quoting but for `&`: Confluence's own form if
    /// the link had that, else the short one.
    pub path: String,
}

impl File {
    /// The file's name.
    pub fn name(&self) -> &FileName {
        self.key.name()
    }

    /// How a page shows it.
    pub fn kind(&self) -> Kind {
        if self.download {
            return Kind::Other;
        }
        match &self.key {
            Key::Thumbnail { .. } => Kind::Image,
            Key::File { name, .. } | Key::Titled { name, .. } | Key::BlogPost { name, .. } => {
                Kind::of(name.as_str())
            }
        }
    }
}

/// What a browser makes of a file inside a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It draws it.
    Image,
    /// It plays it.
    Video,
    /// It plays it without a picture.
    Audio,
    /// It shows it in a window of its own.
    Pdf,
    /// It opens or saves it.
    Other,
}

impl Kind {
    /// By the ending of a file's name.
    pub fn of(name: &str) -> Kind {
        let parts = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty());
        let ending = parts.map_or("", |(_, ending)| ending);
        match &*ending.to_ascii_lowercase() {
            "png" | "apng" | "jpg" | "jpeg" | "jpe" | "jfif" | "gif" | "webp" | "svg" | "avif"
            | "bmp" | "ico" => Kind::Image,
            "mp4" | "m4v" | "webm" | "ogv" | "mov" => Kind::Video,
            "mp3" | "m4a" | "aac" | "ogg" | "oga" | "opus" | "wav" | "weba" | "flac" => Kind::Audio,
            "pdf" => Kind::Pdf,
            _ => Kind::Other,
        }
    }
}

/// Why a link cannot be turned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// It names a page by its title, as `/display/SPACE/Title` does; the page id is not in it.
    TitleOnly,
    /// It is the home of a space, not a page of a known number.
    Space,
    /// It has the id of an attachment where the id of a page belongs.
    AttachmentId,
    /// Nearly a link of a file.
    Bad(Reason),
    /// It is Confluence's, but neither a file nor a page.
    Unknown,
    /// It is on Confluence's host, but not below its base address.
    Outside,
    /// It is of another host.
    Elsewhere,
    /// It is no link at all.
    Nothing,
}

impl Meaning {
    /// Where it is below the base path, if it is anything there: a file, or the gallery of a page.
    pub fn path(&self) -> Option<String> {
        match self {
            Meaning::File(file) => Some(file.path.clone()),
            Meaning::Page(page) | Meaning::Unnamed(page) => Some(format!("/{page}")),
            Meaning::Ours | Meaning::Mistake(_) => None,
        }
    }
}
