//! Query parameters and path segments, decoded exactly once.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::route::Reason;
use crate::attachment::{FileName, PageId};

/// Largest width or height of a thumbnail in pixels: nobody scales to more, and each size is a copy of its own.
pub const THUMBNAIL_PIXELS_MAX: u32 = 4096;

/// What a raw `+` in a path means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plus {
    Itself,
    Space,
}

/// The parameters that mean something; all others are dropped. Confluence adds dates for browser caches, mail
/// programs add their own.
#[derive(Default)]
pub(super) struct Query<'a> {
    pub(super) version: Option<u32>,
    pub(super) download: bool,
    api_v2: bool,
    pub(super) width: Option<Cow<'a, str>>,
    pub(super) height: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    pub(super) fn parse(query: &'a str) -> Result<Query<'a>, Reason> {
        let (mut version, mut download, mut api, mut width, mut height) =
            (None, None, None, None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name, Plus::Space)?;
            let (name, place) = match &*name {
                b"version" => ("version", &mut version),
                b"download" => ("download", &mut download),
                b"api" => ("api", &mut api),
                b"width" => ("width", &mut width),
                b"height" => ("height", &mut height),
                _ => continue,
            };
            if place.is_some() {
                return Err(Reason::Repeated { name });
            }
            *place = Some(text(decode(value, Plus::Space)?));
        }
        Ok(Query {
            version: match version {
                Some(digits) => Some(number(&digits, u32::MAX).ok_or(Reason::Version)?),
                None => None,
            },
            download: match download.as_deref() {
                Some("true") => true,
                Some("false") | None => false,
                Some(_) => return Err(Reason::Download),
            },
            api_v2: api.as_deref() == Some("v2"),
            width,
            height,
        })
    }

    /// In Confluence's own links: old ones are encoded as forms are, those with `api=v2` are not.
    pub(super) fn plus_in_links(&self) -> Plus {
        if self.api_v2 {
            Plus::Itself
        } else {
            Plus::Space
        }
    }
}

pub(super) fn page_id(segment: &str) -> Result<PageId, Reason> {
    let text = text(decode(segment, Plus::Itself)?);
    Ok(PageId::parse(&text)?)
}

pub(super) fn file_name(segment: &str, plus: Plus) -> Result<FileName, Reason> {
    let name = FileName::parse(&decode(segment, plus)?)?;
    let session = b";jsessionid=";
    let mut windows = name.as_str().as_bytes().windows(session.len());
    if windows.any(|window| window.eq_ignore_ascii_case(session)) {
        return Err(Reason::Session);
    }
    Ok(name)
}

pub(super) fn pixels(name: &'static str, value: Option<&str>) -> Result<Option<u32>, Reason> {
    match value {
        Some(digits) => match number(digits, THUMBNAIL_PIXELS_MAX) {
            Some(pixels) => Ok(Some(pixels)),
            None => Err(Reason::Pixels { name }),
        },
        None => Ok(None),
    }
}

/// Digits that make a number from 1 to `max`.
fn number(digits: &str, max: u32) -> Option<u32> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse().ok()?;
    (1..=max).contains(&number).then_some(number)
}

/// Decodes `text`, once.
fn decode(text: &str, plus: Plus) -> Result<Cow<'_, [u8]>, Reason> {
    for (at, _) in text.match_indices('%') {
        let digits = text.as_bytes().get(at + 1..at + 3);
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return Err(Reason::Escape);
        }
    }
    if plus == Plus::Space && text.contains('+') {
        let spaced = text.replace('+', " ");
        return Ok(Cow::Owned(percent_decode_str(&spaced).collect()));
    }
    Ok(percent_decode_str(text).into())
}

/// As text; what is not UTF-8 becomes a character that no number and no word of ours has.
fn text(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}
