//! The ways in which Confluence, browsers and people write the address of one file, grouped by what the service itself
//! takes them for: all addresses of one group must reach one node.

use confluence_attachment_proxy::attachment::{FILE_NAME_BYTES_MAX, Key};
use confluence_attachment_proxy::router::{Method, Route, route};

use crate::chance::Chance;

/// The page that all files are on, and its place for links by title.
pub const PAGE: u64 = 204_087;
pub const SPACE: &str = "~anna";
pub const TITLE: &str = "C++ & 图 100%";

/// The same for links by the title of a blog post.
pub const BLOG_POST: u64 = 204_088;
pub const BLOG_SPACE: &str = "DOC";
pub const BLOG_DAY: (u16, u8, u8) = (2024, 6, 9);
pub const BLOG_TITLE: &str = "News + more";

/// How often each file was uploaded: some links ask for the third version.
pub const VERSIONS: usize = 3;

/// Addresses that mean the same file to the service.
pub struct Group {
    pub key: Key,
    pub targets: Vec<String>,
}

impl Group {
    /// Adds other ways to write the same.
    fn add(&mut self, others: Group) {
        assert_eq!(self.key, others.key);
        self.targets.extend(others.targets);
    }
}

/// One way to write an address: behind which words, what a raw plus means there, and parameters as they are met, for the
/// latest version and for the third one.
struct Form {
    before: &'static [&'static str],
    plus: Plus,
    latest: &'static [&'static str],
    third: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq)]
enum Plus {
    Itself,
    Space,
}

const SHORT: Form = Form {
    before: &["proxy"],
    plus: Plus::Itself,
    latest: &[
        "",
        "?",
        "?download=true",
        "?Version=7&subversion=7&version%3D7",
    ],
    third: &["?version=3", "?download=true&version=3", "?&version=003&"],
};

/// Confluence's links of today.
const LINK: Form = Form {
    before: &["proxy", "download", "attachments"],
    plus: Plus::Itself,
    latest: &[
        "?api=v2",
        "?modificationDate=1617192156368&cacheVersion=1&api=v2",
        "?api=v2&download=true&modificationDate=1617192156368",
    ],
    third: &[
        "?version=3&modificationDate=1617192156368&api=v2",
        "?api=v2&modificationDate=1617192156368&version=3",
        "?version=3&modificationDate=1617192156368&cacheVersion=1&api=v2&download=true",
    ],
};

/// Old ones, and what is left of a link whose parameters somebody has cut off.
const OLD_LINK: Form = Form {
    before: LINK.before,
    plus: Plus::Space,
    latest: &["", "?", "?modificationDate=1289323788000", "?api=v1"],
    third: &[
        "?version=3&modificationDate=1289323788000",
        "?modificationDate=1289323788000&version=3",
        "?version=3",
    ],
};

const THUMBNAIL: Form = Form {
    before: &["proxy", "download", "thumbnails"],
    plus: Plus::Itself,
    latest: &["?api=v2&width=100&height=80"],
    third: &["?version=3&modificationDate=1569931404030&api=v2&width=100&height=80"],
};

const OLD_THUMBNAIL: Form = Form {
    plus: Plus::Space,
    latest: &["?width=100&height=80"],
    third: &["?version=3&modificationDate=1569931404030&width=100&height=80"],
    ..THUMBNAIL
};

const EMBEDDED: Form = Form {
    before: &["proxy", "download", "attachments", "embedded-page"],
    plus: Plus::Itself,
    latest: &["?api=v2"],
    third: &["?version=3&api=v2"],
};

const OLD_EMBEDDED: Form = Form {
    plus: Plus::Space,
    latest: &[""],
    third: &["?version=3"],
    ..EMBEDDED
};

const POSTED: Form = Form {
    before: &["proxy", "download", "attachments", "embedded-blogpost"],
    ..EMBEDDED
};

const OLD_POSTED: Form = Form {
    before: POSTED.before,
    ..OLD_EMBEDDED
};

/// What is met, and what could trip somebody who decodes: too early, twice, or in another way.
const NAMES: &[&str] = &[
    "a.png",
    "A.png",
    "release notes.pdf",
    "release+notes.pdf",
    "C++ and C + more.txt",
    "+.txt",
    "100%.png",
    "100%25.png",
    "%2B.png",
    "开发指南 v1.0.docx",
    "é.txt",
    "e\u{301}.txt",
    "a;b=c.png",
    "a&version=9.png",
    "a?version=9.png",
    "#1.png",
    "it's \"x\", (y) [z]{!}$*:@|^`<>.png",
    "~anna.png",
    "...",
    "-",
    "007.png",
    "warm",
    "download",
    " two  spaces .txt",
    "Minutes of the weekly meeting of the team that has many words, 1.pdf",
    "Minutes of the weekly meeting of the team that has many words, 2.pdf",
];

/// All groups: names as they are met, the longest ones, and some by chance.
pub fn groups() -> Vec<Group> {
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    names.push("x".repeat(FILE_NAME_BYTES_MAX));
    names.push("图".repeat(FILE_NAME_BYTES_MAX / "图".len()));
    names.push("+ ".repeat(FILE_NAME_BYTES_MAX / 2));
    names.extend(by_chance());
    let (page, zeros) = (PAGE.to_string(), format!("00{PAGE}"));
    let (year, month, day) = BLOG_DAY;
    let day = [
        format!("{year}"),
        format!("{month:02}"),
        format!("{day:02}"),
    ];
    let mut groups = Vec::new();
    for name in &names {
        let of_post = [BLOG_SPACE, &day[0], &day[1], &day[2], BLOG_TITLE, name];
        for is_third in [false, true] {
            let group = |forms: &[Form], segments: &[&str]| group(forms, segments, is_third);
            let mut of_file = group(&[SHORT, LINK, OLD_LINK], &[&page, name]);
            of_file.add(group(&[SHORT], &[&zeros, name]));
            groups.push(of_file);
            groups.push(group(&[THUMBNAIL, OLD_THUMBNAIL], &[&page, name]));
            groups.push(group(&[EMBEDDED, OLD_EMBEDDED], &[SPACE, TITLE, name]));
            groups.push(group(&[POSTED, OLD_POSTED], &of_post));
        }
    }
    groups
}

/// Names of what is special in addresses, and a few letters.
fn by_chance() -> Vec<String> {
    const LETTERS: &[&str] = &[
        "a", "B", "7", " ", "+", "%", "&", "=", ";", "?", "#", "%2", "%20", "~", ".", "'", "图",
        "\u{301}",
    ];
    let mut chance = Chance::new(8);
    (0..8)
        .map(|_| {
            let length = 1 + chance.below(12);
            let name: String = (0..length).map(|_| *chance.pick(LETTERS)).collect();
            name + ".txt"
        })
        .collect()
}

/// All addresses of one file: each spelling once with the first parameters of a form, and all parameters with the first
/// spelling.
///
/// # Panics
/// The service does not take all of them for one file.
fn group(forms: &[Form], segments: &[&str], is_third: bool) -> Group {
    let mut targets = Vec::new();
    for form in forms {
        let queries = if is_third { form.third } else { form.latest };
        let segments: Vec<&str> = form.before.iter().chain(segments).copied().collect();
        let paths = spellings(&segments, form.plus);
        targets.extend(paths.iter().map(|path| format!("{path}{}", queries[0])));
        targets.extend(
            queries[1..]
                .iter()
                .map(|query| format!("{}{query}", paths[0])),
        );
    }
    let keys: Vec<Key> = targets.iter().map(|target| key(target)).collect();
    for (target, key) in targets.iter().zip(&keys) {
        assert_eq!(key, &keys[0], "{target} is not {}", targets[0]);
    }
    Group {
        key: keys[0].clone(),
        targets,
    }
}

/// What the service takes an address for, once the gate has written it without needless escapes.
fn key(target: &str) -> Key {
    let mut parts = target.split('%');
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        match u8::from_str_radix(digits, 16).expect("an escape") {
            byte if is_unreserved(byte) => written.push(char::from(byte)),
            byte => written.push_str(&format!("%{byte:02X}")),
        }
        written.push_str(rest);
    }
    match route(Method::Get, &written, "/proxy") {
        Route::Attachment { key, .. } => key,
        other => panic!("{target}: {other:?}"),
    }
}

/// The same segments as they are escaped by this service; with small digits; to the last byte; not at all beyond what
/// a browser escapes; and, where a plus is a space, as forms are.
fn spellings(segments: &[&str], plus: Plus) -> [String; 5] {
    let large = |byte: u8| format!("%{byte:02X}");
    let write = |escape: &dyn Fn(u8) -> String, is_kept: &dyn Fn(u8) -> bool| -> String {
        let mut path = String::new();
        for segment in segments {
            path.push('/');
            for byte in segment.bytes() {
                match is_kept(byte) {
                    true => path.push(char::from(byte)),
                    false => path.push_str(&escape(byte)),
                }
            }
        }
        path
    };
    let sparing = |byte| is_unreserved(byte) || b"!$&'()*,;=:@".contains(&byte);
    let last = match plus {
        Plus::Itself => write(&large, &|byte| is_unreserved(byte) || byte == b'+'),
        Plus::Space => write(&large, &|byte| is_unreserved(byte) || byte == b' ').replace(' ', "+"),
    };
    [
        write(&large, &is_unreserved),
        write(&|byte| format!("%{byte:02x}"), &is_unreserved),
        write(&large, &|_| false),
        write(&large, &sparing),
        last,
    ]
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}
