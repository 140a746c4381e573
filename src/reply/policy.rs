//! Which media type a file is sent as, and whether a browser may show it: our decision, not the uploader's.
//!
//! The uploader's type is looked up in a table and never repeated; what is not in it becomes
//! `application/octet-stream` to be saved. If Confluence names no type, the file name's ending is looked up instead.

use super::wish::Wish;
use crate::attachment::FileName;

/// How a browser is to offer a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Show {
    /// In the window.
    Inline,
    /// To be saved.
    Attachment,
}

/// How one file is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// `Content-Type`.
    pub(super) media_type: &'static str,
    /// For `Content-Disposition`.
    pub(super) show: Show,
    /// `Content-Security-Policy`.
    pub(super) security: &'static str,
}

/// For everything opened by itself: it may draw itself (a browser wraps pictures and films in a page of its own), and
/// nothing else. `sandbox` takes away scripts and the origin.
const SECURITY: &str = "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; sandbox";

/// Browsers' PDF viewers refuse to start in a sandbox, and some below `default-src 'none'`.
const SECURITY_PDF: &str = "base-uri 'none'; form-action 'none'";

const PDF: &str = "application/pdf";
const TEXT: &str = "text/plain; charset=utf-8";
const UNKNOWN: &str = "application/octet-stream";

/// A media type that does not run in any browser as we send it.
struct Kind {
    /// As we send it.
    media_type: &'static str,
    show: Show,
    /// Other names of the same.
    aliases: &'static [&'static str],
    /// Endings of file names, in lower case.
    endings: &'static [&'static str],
}

const fn shown(
    media_type: &'static str,
    aliases: &'static [&'static str],
    endings: &'static [&'static str],
) -> Kind {
    Kind {
        media_type,
        show: Show::Inline,
        aliases,
        endings,
    }
}

const fn saved(
    media_type: &'static str,
    aliases: &'static [&'static str],
    endings: &'static [&'static str],
) -> Kind {
    Kind {
        media_type,
        show: Show::Attachment,
        aliases,
        endings,
    }
}

/// The frequent ones first. SVG is saved when opened directly, because it may hold scripts; inside a page's `<img>`
/// browsers draw it whatever the disposition says, and run nothing.
#[rustfmt::skip]
const KINDS: &[Kind] = &[
    shown("image/png", &["image/x-png", "image/apng"], &["png", "apng"]),
    shown("image/jpeg", &["image/jpg", "image/pjpeg"], &["jpg", "jpeg", "jpe", "jfif"]),
    shown("image/gif", &[], &["gif"]),
    shown("image/webp", &[], &["webp"]),
    saved("image/svg+xml", &["image/svg"], &["svg"]),
    shown(PDF, &["application/x-pdf"], &["pdf"]),
    shown(TEXT, &["text/plain"], &["txt", "log", "md"]),
    shown("image/avif", &[], &["avif"]),
    shown("image/bmp", &["image/x-ms-bmp", "image/x-bmp"], &["bmp"]),
    shown("image/x-icon", &["image/vnd.microsoft.icon"], &["ico"]),
    shown("video/mp4", &["video/x-m4v"], &["mp4", "m4v"]),
    shown("video/webm", &[], &["webm"]),
    shown("video/ogg", &[], &["ogv"]),
    shown("video/quicktime", &[], &["mov"]),
    shown("video/mpeg", &[], &["mpg", "mpeg"]),
    shown("video/x-matroska", &[], &["mkv"]),
    shown("video/x-msvideo", &["video/avi", "video/msvideo"], &["avi"]),
    shown("video/3gpp", &[], &["3gp"]),
    shown("audio/mpeg", &["audio/mp3"], &["mp3"]),
    shown("audio/mp4", &["audio/x-m4a", "audio/m4a"], &["m4a"]),
    shown("audio/aac", &[], &["aac"]),
    shown("audio/ogg", &["application/ogg"], &["ogg", "oga", "opus"]),
    shown("audio/wav", &["audio/x-wav", "audio/wave", "audio/vnd.wave"], &["wav"]),
    shown("audio/webm", &[], &["weba"]),
    shown("audio/flac", &["audio/x-flac"], &["flac"]),
    saved("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &[], &["xlsx"]),
    saved("application/vnd.openxmlformats-officedocument.wordprocessingml.document", &[], &["docx"]),
    saved("application/vnd.openxmlformats-officedocument.presentationml.presentation", &[], &["pptx"]),
    saved("application/vnd.ms-excel", &["application/excel"], &["xls"]),
    saved("application/msword", &[], &["doc"]),
    saved("application/vnd.ms-powerpoint", &[], &["ppt"]),
    saved("application/vnd.visio", &[], &["vsd", "vsdx"]),
    saved("application/vnd.oasis.opendocument.text", &[], &["odt"]),
    saved("application/vnd.oasis.opendocument.spreadsheet", &[], &["ods"]),
    saved("application/vnd.oasis.opendocument.presentation", &[], &["odp"]),
    saved("application/rtf", &["text/rtf"], &["rtf"]),
    saved("application/epub+zip", &[], &["epub"]),
    saved("application/zip", &["application/x-zip-compressed", "application/x-zip"], &["zip"]),
    saved("application/gzip", &["application/x-gzip"], &["gz", "tgz"]),
    saved("application/x-tar", &[], &["tar"]),
    saved("application/x-7z-compressed", &[], &["7z"]),
    saved("application/vnd.rar", &["application/x-rar-compressed", "application/x-rar"], &["rar"]),
    saved("application/x-bzip2", &[], &["bz2"]),
    saved("application/json", &["text/json"], &["json"]),
    saved("text/csv", &[], &["csv"]),
    saved("text/markdown", &[], &[]),
    saved("text/calendar", &[], &["ics"]),
    saved("image/tiff", &[], &["tif", "tiff"]),
    saved("image/heic", &[], &["heic"]),
    saved("image/vnd.adobe.photoshop", &[], &["psd"]),
    saved("message/rfc822", &[], &["eml"]),
    saved("application/vnd.ms-outlook", &[], &["msg"]),
];

/// `text/plain` in the charsets that are passed on; others, and none, are called UTF-8.
const TEXTS: &[(&str, &str)] = &[
    ("utf-8", TEXT),
    ("us-ascii", TEXT),
    ("iso-8859-1", "text/plain; charset=iso-8859-1"),
    ("iso-8859-2", "text/plain; charset=iso-8859-2"),
    ("iso-8859-15", "text/plain; charset=iso-8859-15"),
    ("windows-1250", "text/plain; charset=windows-1250"),
    ("windows-1251", "text/plain; charset=windows-1251"),
    ("windows-1252", "text/plain; charset=windows-1252"),
    ("koi8-r", "text/plain; charset=koi8-r"),
    ("gb2312", "text/plain; charset=gb2312"),
    ("gbk", "text/plain; charset=gbk"),
    ("gb18030", "text/plain; charset=gb18030"),
    ("big5", "text/plain; charset=big5"),
    ("shift_jis", "text/plain; charset=shift_jis"),
    ("euc-jp", "text/plain; charset=euc-jp"),
    ("euc-kr", "text/plain; charset=euc-kr"),
    ("utf-16", "text/plain; charset=utf-16"),
];

/// Types that say nothing about the file.
const SILENT: &[&str] = &[
    "",
    UNKNOWN,
    "binary/octet-stream",
    "application/x-download",
    "application/force-download",
];

/// Decides how the file is sent.
pub(super) fn decide(wish: &Wish, declared: Option<&str>, name: &FileName) -> Policy {
    let (essence, parameters) = declared
        .and_then(|declared| declared.split_once(';'))
        .unwrap_or((declared.unwrap_or_default(), ""));
    let essence = trim(essence);
    let kind = if is_one_of(SILENT, essence) {
        by_ending(name.as_str())
    } else {
        KINDS.iter().find(|kind| {
            kind.media_type.eq_ignore_ascii_case(essence) || is_one_of(kind.aliases, essence)
        })
    };
    let (media_type, show) = match kind {
        Some(kind) if kind.media_type == TEXT => (text(parameters), kind.show),
        Some(kind) => (kind.media_type, kind.show),
        None => (UNKNOWN, Show::Attachment),
    };
    Policy {
        media_type,
        show: if wish.download {
            Show::Attachment
        } else {
            show
        },
        security: if media_type == PDF {
            SECURITY_PDF
        } else {
            SECURITY
        },
    }
}

fn by_ending(name: &str) -> Option<&'static Kind> {
    let (_, ending) = name.rsplit_once('.')?;
    KINDS.iter().find(|kind| is_one_of(kind.endings, ending))
}

/// The form of `text/plain` with the charset that `parameters` name.
fn text(parameters: &str) -> &'static str {
    let charset = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        trim(name)
            .eq_ignore_ascii_case("charset")
            .then(|| trim(value).trim_matches('"'))
    });
    TEXTS
        .iter()
        .find(|(name, _)| charset.is_some_and(|charset| name.eq_ignore_ascii_case(charset)))
        .map_or(TEXT, |(_, media_type)| media_type)
}

fn is_one_of(list: &[&str], text: &str) -> bool {
    list.iter().any(|one| one.eq_ignore_ascii_case(text))
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decided(declared: Option<&str>, name: &str, download: bool) -> Policy {
        let mut wish = Wish::plain("test".into());
        wish.download = download;
        let name = FileName::parse(name.as_bytes()).expect("a valid name");
        decide(&wish, declared, &name)
    }

    #[track_caller]
    fn check(declared: Option<&str>, name: &str, media_type: &str, show: Show) {
        let policy = decided(declared, name, false);
        let found = (policy.media_type, policy.show);
        assert_eq!(found, (media_type, show), "{declared:?} {name}");
        let forced = decided(declared, name, true);
        assert_eq!(forced.media_type, media_type);
        assert_eq!(forced.show, Show::Attachment);
    }

    #[test]
    fn what_browsers_may_show_is_shown() {
        for (declared, name, media_type) in [
            (Some("image/png"), "a.png", "image/png"),
            (Some("IMAGE/PNG; q=1"), "a", "image/png"),
            (Some(" image/jpg "), "a.png", "image/jpeg"),
            (Some("image/png"), "a.html", "image/png"),
            (Some("application/octet-stream"), "A.JPEG", "image/jpeg"),
            (None, "a.b.webp", "image/webp"),
            (Some(""), "a.mp4", "video/mp4"),
            (Some("audio/x-wav"), "a.wav", "audio/wav"),
            (Some("application/pdf"), "a.pdf", PDF),
            (Some("text/plain"), "a.html", TEXT),
            (
                Some("text/plain;charset=GBK"),
                "a",
                "text/plain; charset=gbk",
            ),
            (
                Some("text/plain; format=flowed; Charset=\"Big5\""),
                "a",
                "text/plain; charset=big5",
            ),
            (Some("text/plain; charset=utf-7"), "a", TEXT),
            (Some("text/plain; charset=a\r\nX: y"), "a", TEXT),
            (None, "a.log", TEXT),
        ] {
            check(declared, name, media_type, Show::Inline);
        }
    }

    #[test]
    fn what_could_run_or_is_not_known_is_saved() {
        for (declared, name, media_type) in [
            (Some("text/html"), "a.png", UNKNOWN),
            (Some("application/xhtml+xml"), "a.png", UNKNOWN),
            (Some("text/xml"), "a.xml", UNKNOWN),
            (Some("application/xml"), "a.svg", UNKNOWN),
            (Some("text/javascript"), "a.js", UNKNOWN),
            (Some("text/css"), "a.css", UNKNOWN),
            (Some("application/x-shockwave-flash"), "a.swf", UNKNOWN),
            (Some("image/svg+xml"), "a.svg", "image/svg+xml"),
            (None, "a.svg", "image/svg+xml"),
            (None, "a.html", UNKNOWN),
            (None, "a.shtml", UNKNOWN),
            (None, "png", UNKNOWN),
            (None, "a.png ", UNKNOWN),
            (Some("image/png\r\nX: y"), "a.png", UNKNOWN),
            (Some("image/png, text/html"), "a.png", UNKNOWN),
            (Some("image /png"), "a.png", UNKNOWN),
            (Some("image"), "a.png", UNKNOWN),
            (Some("application/zip"), "a.zip", "application/zip"),
            (Some("application/x-unheard-of"), "a.png", UNKNOWN),
            (Some("application/octet-stream"), "a.csv", "text/csv"),
        ] {
            check(declared, name, media_type, Show::Attachment);
        }
    }

    #[test]
    fn only_pdf_leaves_the_sandbox() {
        for kind in KINDS {
            let policy = decided(Some(kind.media_type), "a", false);
            assert_eq!(policy.media_type, kind.media_type);
            let sandboxed = policy.security.contains("sandbox");
            assert_eq!(sandboxed, kind.media_type != PDF, "{}", kind.media_type);
        }
    }

    proptest! {
        #[test]
        fn no_declared_type_and_no_name_makes_a_browser_run_something(
            declared in prop::option::of(prop_oneof![
                "\\PC{0,30}",
                "(?i)[ \t]?(image/(svg\\+xml|png|gif)|text/(html|xml|plain)|application/(xml|xhtml\\+xml|javascript|pdf))\
                 (;[ -~]{0,20}|[\r\n, ][ -~]{0,10})?",
                "text/plain;charset=[ -~\r\n]{0,20}",
            ]),
            stem in "[a-z]{0,3}",
            ending in "(?i)\\.(html?|svg|xml|xhtml|js|swf|png|txt|pdf|shtml)",
        ) {
            let policy = decided(declared.as_deref(), &format!("{stem}{ending}"), false);
            prop_assert!(policy.media_type.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            for active in ["html", "xml", "script", "svg", "css", "flash"] {
                let named = policy.media_type.contains(active);
                prop_assert!(!named || policy.show == Show::Attachment, "{:?}", policy);
                prop_assert!(!named || active == "svg" || policy.media_type.contains("svg"), "{:?}", policy);
            }
            prop_assert!(policy.media_type == PDF || policy.security.ends_with("; sandbox"));
        }
    }
}
