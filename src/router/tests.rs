//! The router against tables, real links and generated input.

use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use super::properties;
use super::query::THUMBNAIL_PIXELS_MAX;
use super::*;
use crate::attachment::encode_segment;
use crate::attachment::{FileName, Key, PageId};

/// A short way to write what is expected.
fn said(method: Method, target: &str, base_path: &str) -> String {
    match route(method, target, base_path) {
        Route::Attachment { key, download } => {
            let verb = if download { "save" } else { "show" };
            let key = key.to_string();
            format!("{verb} {}", key.trim_start_matches("confluence_"))
        }
        Route::Forget(Forget::File(key)) => format!("forget {key}"),
        Route::Forget(Forget::Page(page)) => format!("forget all of {page}"),
        Route::Options { allow } => format!("options {allow}"),
        Route::MethodNotAllowed { allow } => format!("405 {allow}"),
        Route::NotFound(nowhere) => format!("404 {nowhere:?}"),
        Route::Bad(reason) => format!("400 {reason:?}"),
        Route::Gallery(page) => format!("gallery {page}"),
        Route::Warm(page) => format!("warm {page}"),
        other @ (Route::Home
        | Route::Icon
        | Route::Health
        | Route::Ready { .. }
        | Route::Status
        | Route::Metrics) => format!("{other:?}"),
    }
}

#[track_caller]
fn check(target: &str, expected: &str) {
    for method in [Method::Get, Method::Head] {
        let target = format!("/proxy{target}");
        assert_eq!(said(method, &target, "/proxy"), expected, "{target}");
    }
    let found = said(Method::Get, target, "");
    assert_eq!(found, expected, "target: {target}, without a base path");
}

#[test]
#[rustfmt::skip]
fn files_are_found_by_all_forms_of_link() {
    for (target, expected) in [
        ("/12/a.png", "show attachment_12_a.png"),
        ("/007/a.png", "show attachment_7_a.png"),
        ("/12/a.png?version=3&download=true", "save attachment_12_a.png?version=3"),
        ("/12/a.png?download=false&x=%zz&&y", "show attachment_12_a.png"),
        ("/12/a.png?width=0&height=x", "show attachment_12_a.png"),
        ("/12/100%2525.png", "show attachment_12_100%2525.png"),
        ("/12/a%3Bb%23c%3Fd.png", "show attachment_12_a%3Bb%23c%3Fd.png"),
        ("/12/a+b%2Bc%20d.png", "show attachment_12_a%2Bb%2Bc%20d.png"),
        ("/12/%2E%2E%2E", "show attachment_12_..."),
        ("/download/attachments/12/a+b%2Bc.png", "show attachment_12_a%20b%2Bc.png"),
        ("/download/attachments/12/a+b.png?api=v2", "show attachment_12_a%2Bb.png"),
        ("/download/attachments/12/a+b.png?api=v1", "show attachment_12_a%20b.png"),
        ("/download/attachments/12/user-avatar", "show attachment_12_user-avatar"),
        ("/download/thumbnails/12/a.png", "show thumbnail_12_a.png"),
        ("/download/thumbnails/12/a+b.png?height=9&width=4096&version=1", "show thumbnail_12_a%20b.png?version=1&width=4096&height=9"),
        ("/download/attachments/embedded-page/~me/A+B/c+d.png?version=2", "show embedded_~me/A%20B/c%20d.png?version=2"),
        ("/download/attachments/embedded-page/%7Eme/A+B/%E5%9B%BE.png?api=v2", "show embedded_~me/A%2BB/%E5%9B%BE.png"),
        ("/download/attachments/embedded-blogpost/DOC/2024/06/09/A+B/c.png?version=2", "show blogpost_DOC/2024/06/09/A%20B/c.png?version=2"),
    ] {
        check(target, expected);
    }
}

#[test]
#[rustfmt::skip]
fn links_from_the_wild_mean_what_they_meant_there() {
    for (link, expected) in [
        (
            "/171377213/new-github-webhook-setting-page%28c1%29.png?version=1&modificationDate=1617192156368&cacheVersion=1&api=v2",
            "show attachment_171377213_new-github-webhook-setting-page%28c1%29.png?version=1",
        ),
        (
            "/44827026/Zefix+Webservice+Schnittstelle_%28v6.2%29.pdf?version=2&modificationDate=1428392210000",
            "show attachment_44827026_Zefix%20Webservice%20Schnittstelle_%28v6.2%29.pdf?version=2",
        ),
        (
            "/8752227/Neutron%20Router%20%E8%BF%81%E7%A7%BB%E3%80%81%E8%B7%B5.docx?version=1&modificationDate=1448294489623&api=v2",
            "show attachment_8752227_Neutron%20Router%20%E8%BF%81%E7%A7%BB%E3%80%81%E8%B7%B5.docx?version=1",
        ),
        ("/67862566/Configuring+Config_USGS_TNM.json.pdf", "show attachment_67862566_Configuring%20Config_USGS_TNM.json.pdf"),
        (
            "/2458486/ChimeraTestCerts_v2.zip?version=1&modificationDate=1450375419090&api=v2&download=true",
            "save attachment_2458486_ChimeraTestCerts_v2.zip?version=1",
        ),
        (
            "/6882545/NCI_ISBI_Challenge-Prostate3T.zip?api=v2&modificationDate=1689369325601&version=1",
            "show attachment_6882545_NCI_ISBI_Challenge-Prostate3T.zip?version=1",
        ),
        (
            "/embedded-page/RC/User%20documentation%20for%20NCAR%20high-performance%20computing/derecho_logo1600X560.png?api=v2",
            "show embedded_RC/User%20documentation%20for%20NCAR%20high-performance%20computing/derecho_logo1600X560.png",
        ),
    ] {
        check(&format!("/download/attachments{link}"), expected);
    }
    check(
        "/download/thumbnails/72293671/Flujo%20de%20autenticaci%C3%B3n.jpg?version=1&modificationDate=1569931404030&cacheVersion=1&api=v2&width=1108&height=1921",
        "show thumbnail_72293671_Flujo%20de%20autenticaci%C3%B3n.jpg?version=1&width=1108&height=1921",
    );
}

/// What a front hashes of an address below the base path, as the head of this room says it.
fn hashed(address: &str) -> (Vec<u8>, Option<&str>) {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let file = path.strip_prefix("/download/attachments").unwrap_or(path);
    let is_form = path.starts_with("/download/") && !query.split('&').any(|pair| pair == "api=v2");
    let file = match is_form {
        true => file.replace('+', " "),
        false => file.to_owned(),
    };
    let version = query.split('&').find(|pair| pair.starts_with("version="));
    (percent_decode_str(&file).collect(), version)
}

#[test]
fn addresses_of_one_file_agree_in_what_a_front_hashes() {
    let files: [&[&str]; 7] = [
        &[
            "/7/a%20b.png",
            "/7/a%20b.png?download=true",
            "/download/attachments/7/a+b.png",
            "/download/attachments/7/a%20b.png?modificationDate=1718&cacheVersion=1&api=v2",
        ],
        &[
            "/7/a+b.png",
            "/7/a%2Bb.png",
            "/download/attachments/7/a%2Bb.png",
            "/download/attachments/7/a+b.png?api=v2",
        ],
        &[
            "/7/a%20b.png?version=3",
            "/download/attachments/7/a+b.png?modificationDate=1718&version=3",
            "/download/attachments/7/a%20b.png?version=3&api=v2",
        ],
        &[
            "/7/%E5%9B%BE.png",
            "/download/attachments/7/%E5%9B%BE.png?api=v2",
        ],
        &[
            "/download/thumbnails/7/a+b.png?width=80",
            "/download/thumbnails/7/a%20b.png?api=v2&width=80",
        ],
        &[
            "/download/attachments/embedded-page/DOC/A+page/a.png",
            "/download/attachments/embedded-page/DOC/A%20page/a.png?api=v2",
        ],
        &[
            "/download/attachments/embedded-blogpost/DOC/2024/06/09/A+post/a.png",
            "/download/attachments/embedded-blogpost/DOC/2024/06/09/A%20post/a.png?api=v2",
        ],
    ];
    let all = || {
        files
            .iter()
            .enumerate()
            .flat_map(|(file, addresses)| addresses.iter().map(move |it| (file, *it)))
    };
    let key = |address: &str| match route(Method::Get, &format!("/proxy{address}"), "/proxy") {
        Route::Attachment { key, .. } => key,
        other => panic!("{address}: {other:?}"),
    };
    for (file, address) in all() {
        for (other_file, other) in all() {
            let is_same = file == other_file;
            assert_eq!(key(address) == key(other), is_same, "{address} {other}");
            assert_eq!(
                hashed(address) == hashed(other),
                is_same,
                "{address} {other}"
            );
        }
    }
}

#[test]
#[rustfmt::skip]
fn what_is_nearly_an_address_is_refused_with_a_reason() {
    for (target, expected) in [
        ("/12//a.png", "400 EmptySegment"),
        ("//12/a.png", "400 EmptySegment"),
        ("//", "400 EmptySegment"),
        ("/abc/a.png", "400 Key(PageId)"),
        ("/+1/a.png", "400 Key(PageId)"),
        ("/%FF/a.png", "400 Key(PageId)"),
        ("/12345678901234567890/a.png", "400 Key(PageId)"),
        ("/12/a/b.png", "400 Segments"),
        ("/12/../a.png", "400 Segments"),
        ("/12/..", "400 Key(Dots)"),
        ("/12/%2E%2E", "400 Key(Dots)"),
        ("/12/a%2Fb.png", "400 Key(Forbidden { character: '/' })"),
        ("/12/a%5Cb.png", "400 Key(Forbidden { character: '\\\\' })"),
        ("/12/a%00.png", "400 Key(Forbidden { character: '\\0' })"),
        ("/12/%FF", "400 Key(NotUtf8)"),
        ("/12/a%2", "400 Escape"),
        ("/12/%", "400 Escape"),
        ("/12/%+1", "400 Escape"),
        ("/download/attachments/12/%2+1", "400 Escape"),
        ("/12/a%2.png", "400 Escape"),
        ("/12/a.png%3Bjsessionid%3D1", "400 Session"),
        ("/12/a.png;JSESSIONID=1", "400 Session"),
        ("/12/a.png?version=", "400 Version"),
        ("/12/a.png?version", "400 Version"),
        ("/12/a.png?version=0", "400 Version"),
        ("/12/a.png?version=+1", "400 Version"),
        ("/12/a.png?version=1a", "400 Version"),
        ("/12/a.png?version=4294967296", "400 Version"),
        ("/12/a.png?version=1&version=1", "400 Repeated { name: \"version\" }"),
        ("/12/a.png?version=1&%76ersion=1", "400 Repeated { name: \"version\" }"),
        ("/12/a.png?download=yes", "400 Download"),
        ("/12/a.png?%2=1", "400 Escape"),
        ("/download/thumbnails/12/a.png?width=0", "400 Pixels { name: \"width\" }"),
        ("/download/thumbnails/12/a.png?height=4097", "400 Pixels { name: \"height\" }"),
        ("/download/attachments/embedded-page/S/A%2FB/c.png", "400 Key(Forbidden { character: '/' })"),
        ("/download/attachments/embedded-page/c.png", "400 Key(PageId)"),
        ("/download/attachments/embedded-blogpost/DOC/2024/6/09/T/c.png", "400 Key(Day)"),
        ("/download/attachments/embedded-blogpost/DOC/2024/06/T/c.png", "404 Download"),
        ("/download/attachments/12/", "400 Key(Empty)"),
    ] {
        check(target, expected);
    }
    for target in ["", "*", "12/a.png", "?version=1"] {
        assert_eq!(said(Method::Get, target, ""), "400 Target", "{target}");
    }
}

#[test]
#[rustfmt::skip]
fn where_nothing_lives_it_says_where_things_live() {
    for (target, expected) in [
        ("/favicon.png", "404 Elsewhere"),
        ("/confluence/download/attachments/12/a.png", "404 Elsewhere"),
        ("/pages/viewpage.action/x", "404 Elsewhere"),
        ("/download", "404 Download"),
        ("/download/attachments/12", "404 Download"),
        ("/download/attachments/12/a/b.png", "404 Download"),
        ("/download/resources/12/a.png", "404 Download"),
        ("/Download/attachments/12/a.png", "404 Elsewhere"),
    ] {
        check(target, expected);
    }
    for target in ["/", "/12/a.png", "/proxyx/12/a.png", "/PROXY/12/a.png"] {
        assert_eq!(
            said(Method::Get, target, "/proxy"),
            "404 Elsewhere",
            "{target}"
        );
    }
}

#[test]
fn a_page_has_a_gallery_and_can_be_warmed() {
    for target in ["/12", "/12/", "/0012?page=2", "/12/?version=x"] {
        check(target, "gallery 12");
    }
    for (method, target, expected) in [
        (Method::Post, "/12/warm", "warm 12"),
        (Method::Post, "/12/warm?job=1", "warm 12"),
        (Method::Get, "/12/warm", "show attachment_12_warm"),
        (
            Method::Delete,
            "/12/warm",
            "forget confluence_attachment_12_warm",
        ),
        (
            Method::Options,
            "/12/warm",
            "options GET, HEAD, POST, DELETE, OPTIONS",
        ),
        (
            Method::Post,
            "/12/warm?version=1",
            "405 GET, HEAD, DELETE, OPTIONS",
        ),
        (Method::Post, "/12/a.png", "405 GET, HEAD, DELETE, OPTIONS"),
        (Method::Post, "/12", "405 GET, HEAD, DELETE, OPTIONS"),
        (Method::Delete, "/12", "forget all of 12"),
        (Method::Post, "/", "Home"),
        (Method::Post, "", "Home"),
        (Method::Delete, "/", "405 GET, HEAD, POST, OPTIONS"),
    ] {
        let target = format!("/proxy{target}");
        assert_eq!(said(method, &target, "/proxy"), expected, "{target}");
    }
    let found = said(Method::Post, "/status", "/proxy");
    assert_eq!(found, "405 GET, HEAD, OPTIONS");
}

#[test]
fn the_service_speaks_of_itself_at_the_root() {
    for base_path in ["", "/proxy", "/a/b"] {
        for (target, expected) in [
            ("/favicon.ico", "Icon"),
            ("/healthz", "Health"),
            ("/status", "Status"),
            ("/metrics?x", "Metrics"),
            ("/healthz?x", "Health"),
            ("/readyz", "Ready { upstream: false }"),
            ("/readyz?upstream", "Ready { upstream: true }"),
            ("/readyz?x&upstream=1", "Ready { upstream: true }"),
            ("/readyz?upstreams", "Ready { upstream: false }"),
        ] {
            assert_eq!(said(Method::Get, target, base_path), expected, "{target}");
        }
        for home in [
            format!("{base_path}/"),
            format!("{base_path}/?x"),
            base_path.to_owned(),
        ] {
            if !home.is_empty() {
                assert_eq!(said(Method::Head, &home, base_path), "Home", "{home}");
            }
        }
    }
}

fn number() -> impl Strategy<Value = Option<u32>> {
    prop::option::of(1..=THUMBNAIL_PIXELS_MAX)
}

/// Any key, and the address that names it.
fn addressed() -> impl Strategy<Value = (Key, String)> {
    let part = || {
        "(\\PC|[+%;&=?# .]){1,40}"
            .prop_filter_map("no file name", |text| FileName::parse(text.as_bytes()).ok())
    };
    let text = |name: &FileName| encode_segment(name.as_str()).to_string();
    let file = (0..=u64::MAX / 2, part(), prop::option::of(1..=u32::MAX));
    let sizes = (0..3, part(), number(), number());
    (file, sizes).prop_map(
        move |((page, name, version), (form, title, width, height))| {
            let page = PageId::parse(&page.to_string()).expect("at most 19 digits");
            let query = |pairs: &[(&str, Option<u32>)]| {
                let pairs = pairs
                    .iter()
                    .filter_map(|(name, value)| Some((name, (*value)?)));
                let pairs: Vec<String> = pairs
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                format!("?{}", pairs.join("&"))
            };
            match form {
                0 => {
                    let address =
                        format!("/{page}/{}{}", text(&name), query(&[("version", version)]));
                    (
                        Key::File {
                            page,
                            name,
                            version,
                        },
                        address,
                    )
                }
                1 => {
                    let query =
                        query(&[("height", height), ("version", version), ("width", width)]);
                    let address = format!("/download/thumbnails/{page}/{}{query}", text(&name));
                    (
                        Key::Thumbnail {
                            page,
                            name,
                            version,
                            width,
                            height,
                        },
                        address,
                    )
                }
                _ => {
                    let space = title.clone();
                    let address = format!(
                        "/download/attachments/embedded-page/{}/{}/{}{}",
                        text(&space),
                        text(&title),
                        text(&name),
                        query(&[("version", version)])
                    );
                    (
                        Key::Titled {
                            space,
                            title,
                            name,
                            version,
                        },
                        address,
                    )
                }
            }
        },
    )
}

proptest! {
    #[test]
    fn every_key_is_found_again_by_its_address((key, address) in addressed()) {
        for base_path in ["", "/proxy"] {
            let found = route(Method::Get, &format!("{base_path}{address}"), base_path);
            let expected = Route::Attachment { key: key.clone(), download: false };
            prop_assert_eq!(found, expected, "address: {}", address);
        }
    }

    #[test]
    fn any_target_has_one_meaning_or_none(
        target in "/?(proxy/)?(download/(attachments|thumbnails)/(embedded-page/)?)?([0-9]{0,3}|[ -~]|/|%[0-9A-F]{2}){0,12}\
            (\\?((version|width|download|api)=(true|v2|[0-9]|[ -~]){0,2}&?){0,3})?",
    ) {
        properties::meaning(&target);
    }
}
