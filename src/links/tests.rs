//! What links mean, against tables of those that occur.

use proptest::prelude::*;

use super::properties;
use super::{Meaning, Mistake, Rewritten, Translator};
use crate::attachment::{FileName, encode_segment};

/// A short way to write what is expected.
fn said(translator: &Translator, link: &str) -> String {
    match translator.meaning(link) {
        Meaning::File(file) => file.path,
        Meaning::Page(page) => format!("page {page}"),
        Meaning::Unnamed(page) => format!("a file of page {page}"),
        Meaning::Ours => "ours".into(),
        Meaning::Mistake(Mistake::Bad(reason)) => format!("{reason:?}"),
        Meaning::Mistake(mistake) => format!("{mistake:?}"),
    }
}

#[track_caller]
fn check(link: &str, expected: &str) {
    let hosts = [
        ("https://wiki.example.com", "https://wiki.example.com"),
        (
            "https://wiki.example.com/confluence",
            "http://wiki.example.com/confluence",
        ),
        (
            "https://x.atlassian.net/wiki",
            "https://x.atlassian.net/wiki",
        ),
        ("http://wiki:8090/a/b", ""),
    ];
    for (base, before) in hosts {
        let translator = Translator::new(base, "http://files.example.com/proxy");
        let before = if before.is_empty() { "/a/b" } else { before };
        let link = format!("{before}{link}");
        assert_eq!(said(&translator, &link), expected, "{link} at {base}");
    }
}

/// Paths from the wild, below the base: what they mean is what the file is called here.
#[test]
#[rustfmt::skip]
fn files_are_known_by_all_forms_of_link() {
    for (link, expected) in [
        ("/171377213/new-github-webhook-setting-page(c1).png?version=1&modificationDate=1617192156368&cacheVersion=1&api=v2", "/171377213/new-github-webhook-setting-page%28c1%29.png?version=1"),
        ("/235274262/jira-server-git-webhooks-loc-pointer.png?version=1&modificationDate=1589621082796&cacheVersion=1&api=v2", "/235274262/jira-server-git-webhooks-loc-pointer.png?version=1"),
        ("/29034696/Antitrustnotice.png?version=1&modificationDate=1581695654000&api=v2", "/29034696/Antitrustnotice.png?version=1"),
        ("/58064907/BYZANTYNE%20AGREEMENT%20MADE%20TRIVIAL.pdf?version=1&modificationDate=1525431902936&cacheVersion=1&api=v2", "/58064907/BYZANTYNE%20AGREEMENT%20MADE%20TRIVIAL.pdf?version=1"),
        ("/104232404/image2023-4-17_16-38-12.png?version=1&modificationDate=1681720693000&api=v2", "/104232404/image2023-4-17_16-38-12.png?version=1"),
        ("/7635267/ratsounds_ratsignal.wav?version=1&modificationDate=1488766734831&api=v2", "/7635267/ratsounds_ratsignal.wav?version=1"),
        ("/3342379/libvbucket_notmyvbucket.pdf?version=2&modificationDate=1289323788000", "/3342379/libvbucket_notmyvbucket.pdf?version=2"),
        ("/44827026/Zefix+Webservice+Schnittstelle_%28v6.2%29.pdf?version=2&modificationDate=1428392210000", "/44827026/Zefix%20Webservice%20Schnittstelle_%28v6.2%29.pdf?version=2"),
        ("/19333461/D33_ALTIBASE5_%EA%B0%9C%EB%B0%9C%EC%9E%90%EA%B5%90%EC%9C%A1.pdf?version=2&modificationDate=1697612224000&api=v2", "/19333461/D33_ALTIBASE5_%EA%B0%9C%EB%B0%9C%EC%9E%90%EA%B5%90%EC%9C%A1.pdf?version=2"),
        ("/20546539/2011.JMOp.58.545L.pdf?version=2&modificationDate=1610084878000&api=v2", "/20546539/2011.JMOp.58.545L.pdf?version=2"),
        ("/8752227/Neutron%20Router%20%E8%BF%81%E7%A7%BB%E7%90%86%E8%AE%BA%E5%88%86%E6%9E%90%E3%80%81%E4%BC%98%E5%8C%96%E6%80%9D%E8%B7%AF%E4%B8%8E%E5%AE%9E%E8%B7%B5.docx?version=1&modificationDate=1448294489623&api=v2", "/8752227/Neutron%20Router%20%E8%BF%81%E7%A7%BB%E7%90%86%E8%AE%BA%E5%88%86%E6%9E%90%E3%80%81%E4%BC%98%E5%8C%96%E6%80%9D%E8%B7%AF%E4%B8%8E%E5%AE%9E%E8%B7%B5.docx?version=1"),
        ("/146714251/Event%20Sequencer%20User%20Manual%20-%20rev%20N.docx?version=1&modificationDate=1426303866000&api=v2", "/146714251/Event%20Sequencer%20User%20Manual%20-%20rev%20N.docx?version=1"),
        ("/36769258/faang_sample_metadata_empty_template_20181212.xlsx?version=1&modificationDate=1544608044067&api=v2", "/36769258/faang_sample_metadata_empty_template_20181212.xlsx?version=1"),
        ("/86704490/SNOMED_CT%20Disease_trees.xlsx?version=1&modificationDate=1561395438000&api=v2", "/86704490/SNOMED_CT%20Disease_trees.xlsx?version=1"),
        ("/67862566/Configuring+Config_USGS_TNM.json.pdf", "/67862566/Configuring%20Config_USGS_TNM.json.pdf"),
        ("/7669075/dubbo.benchmark-2.0.14.tar.gz", "/7669075/dubbo.benchmark-2.0.14.tar.gz"),
        ("/2458486/ChimeraTestCerts_v2.zip?version=1&modificationDate=1450375419090&api=v2&download=true", "/2458486/ChimeraTestCerts_v2.zip?version=1&download=true"),
        ("/6882545/NCI_ISBI_Challenge-Prostate3T_Training_Segmentations.zip?api=v2&modificationDate=1689369325601&version=1", "/6882545/NCI_ISBI_Challenge-Prostate3T_Training_Segmentations.zip?version=1"),
        ("/embedded-page/RC/User%20documentation%20for%20NCAR%20high-performance%20computing/derecho_logo1600X560.png?api=v2", "/embedded-page/RC/User%20documentation%20for%20NCAR%20high-performance%20computing/derecho_logo1600X560.png"),
        ("/12013395/image2019-1-10_10-55-56.png?version=1&modificationDate=1556812992363&api=v2", "/12013395/image2019-1-10_10-55-56.png?version=1"),
        ("/632885995/UIv2_Tested_VS-Calculator.xlsx?version=1&modificationDate=1542738257223&api=v2", "/632885995/UIv2_Tested_VS-Calculator.xlsx?version=1"),
        ("/66696890/ascii_qualities.png?version=1&modificationDate=1400197837000&api=v2", "/66696890/ascii_qualities.png?version=1"),
        ("/332333549/SMP_TITLE.png?version=1&modificationDate=1367253119000&api=v2", "/332333549/SMP_TITLE.png?version=1"),
        ("/76611622/microsoft_manual_of_style_fourth_edition.pdf?version=2&modificationDate=1424379604164&api=v2", "/76611622/microsoft_manual_of_style_fourth_edition.pdf?version=2"),
        ("/34017103/Topaz_Quick_Reference_Guide.pdf?version=2&modificationDate=1601967569275&api=v2", "/34017103/Topaz_Quick_Reference_Guide.pdf?version=2"),
        ("/21725254/RootPath.png?version=3&modificationDate=1585736384808&api=v2", "/21725254/RootPath.png?version=3"),
        ("/1671197/Site%20Doc%20Secure%20Data%20Container.png?version=3&modificationDate=1390390316043&api=v2", "/1671197/Site%20Doc%20Secure%20Data%20Container.png?version=3"),
        ("/93006316/17.png?version=3&modificationDate=1610392589000&api=v2", "/93006316/17.png?version=3"),
        ("/37323671/docupload-result.png?version=3&modificationDate=1239098229000", "/37323671/docupload-result.png?version=3"),
        ("/45907984/Initial%20Federated%20Process%20Infrastructure.docx?version=1&modificationDate=1476335556307&api=v2", "/45907984/Initial%20Federated%20Process%20Infrastructure.docx?version=1"),
        ("/66922000/Food%20Security%20MASTER%2020200114%20placeholder%20codes%2020200124.xlsx?version=1&modificationDate=1579872284262&api=v2", "/66922000/Food%20Security%20MASTER%2020200114%20placeholder%20codes%2020200124.xlsx?version=1"),
        ("/139067884/Supplementary%20Tables-1-2016.xlsx?version=1&modificationDate=1452270515000&api=v2", "/139067884/Supplementary%20Tables-1-2016.xlsx?version=1"),
        ("/27822259/pigtutorial.tar.gz", "/27822259/pigtutorial.tar.gz"),
        ("/24543713/postgres%20download.jpg?version=1&modificationDate=1619701514713&cacheVersion=1&api=v2", "/24543713/postgres%20download.jpg?version=1"),
        ("/673550730/ThinkstockPhotos-955736436-new.jpg?version=1&modificationDate=1779559581343&api=v2", "/673550730/ThinkstockPhotos-955736436-new.jpg?version=1"),
        ("/531793018/HIP%20Program%20files.zip?version=1&modificationDate=1655231897390&api=v2", "/531793018/HIP%20Program%20files.zip?version=1"),
        ("/26609237/cisd-jhdf5-13.06.2-r29633.zip?version=1&modificationDate=1376120226957&api=v2", "/26609237/cisd-jhdf5-13.06.2-r29633.zip?version=1"),
        ("/655363/Book1.xlsx?version=1&modificationDate=1462787267198&api=v2&download=true", "/655363/Book1.xlsx?version=1&download=true"),
        ("/123662482/0612_Avatar_Module_Message.xlsx?version=1&modificationDate=1718260913039&api=v2", "/123662482/0612_Avatar_Module_Message.xlsx?version=1"),
        ("/embedded-page/~me/A+B/c+d.png", "/embedded-page/~me/A%20B/c%20d.png"),
        ("/embedded-blogpost/DOC/2024/06/09/A+B/c.png?version=2", "/embedded-blogpost/DOC/2024/06/09/A%20B/c.png?version=2"),
        ("/12/a+b%2Bc.png", "/12/a%20b%2Bc.png"),
        ("/12/a+b%2Bc.png?api=v2", "/12/a%2Bb%2Bc.png"),
        ("/12/图 1.png", "/12/%E5%9B%BE%201.png"),
        ("/12/100%25.png?download=true#top", "/12/100%25.png?download=true#top"),
        ("/12/a.pdf?version=2&api=v2#page=5&zoom=100,0,20", "/12/a.pdf?version=2#page=5&zoom=100,0,20"),
        ("/12/a.mp4#t=1:20,2:00", "/12/a.mp4#t=1:20,2:00"),
        ("/12/a.pdf#search=a+b%26c%2fd", "/12/a.pdf#search=a+b%26c%2Fd"),
        ("/12/a.pdf#图 (1)%!#*%2图'", "/12/a.pdf#%E5%9B%BE%20%281%29%25%21%23%2A%252%E5%9B%BE%27"),
        ("/12/a.pdf;jsessionid=1#", "/12/a.pdf"),
        ("/12/a.pdf#?version=2", "/12/a.pdf#?version=2"),
        ("/12/a.png;jsessionid=0A1B2C?version=7", "/12/a.png?version=7"),
        ("/12/a.png;JSESSIONID=0A1B2C.node1", "/12/a.png"),
        ("/12/user-avatar", "/12/user-avatar"),
        ("/12/a%3Bb%23c%3Fd%26e.png", "/12/a%3Bb%23c%3Fd%26e.png"),
    ] {
        check(&format!("/download/attachments{link}"), &format!("/download/attachments{expected}"));
    }
    check(
        "/download/thumbnails/72293671/Flujo%20de%20autenticaci%C3%B3n%20Oauth2.jpg?version=1&modificationDate=1569931404030&cacheVersion=1&api=v2&width=1108&height=1921",
        "/download/thumbnails/72293671/Flujo%20de%20autenticaci%C3%B3n%20Oauth2.jpg?version=1&width=1108&height=1921",
    );
    check("/download/thumbnails/1/a.png?api=v2", "/download/thumbnails/1/a.png");
}

#[test]
#[rustfmt::skip]
fn a_file_in_its_preview_is_a_file() {
    for link in [
        "/pages/viewpage.action?pageId=1&preview=/1/2/a%20b%2B%E5%9B%BE.png",
        "/pages/viewpage.action?pageId=1&preview=%2F1%2F2%2Fa+b%2B%E5%9B%BE.png#x",
        "/pages/viewpageattachments.action?pageId=1&preview=%2F1%2F2%2Fa%20b%2B图.png",
        "/display/SPACE/A+Title?preview=%2F1%2F2%2Fa%20b%2B%E5%9B%BE.png",
        "/display/~me/2024/06/09/Title?preview=1/2/a%20b%2B%E5%9B%BE.png",
        "/spaces/KEY/pages/1/Title?preview=/1/2/a%20b%2B%E5%9B%BE.png",
        "/rest/api/content/1/child/attachment?expand=version&filename=a%20b%2B%E5%9B%BE.png",
        "/api/v2/pages/1/attachments?filename=a+b%2B%E5%9B%BE.png&limit=1",
    ] {
        check(link, "/1/a%20b%2B%E5%9B%BE.png");
    }
    check("/x/LIQHD?preview=/1/2/100%25.png", "/1/100%25.png");
    check("/display/S/T?preview=/1/2/a%2Fb.png", "Key(Forbidden { character: '/' })");
    check("/display/S/T?preview=/1/2/", "Key(Empty)");
}

#[test]
#[rustfmt::skip]
fn pages_are_known_by_their_numbers() {
    for link in [
        "/pages/viewpage.action?pageId=65601",
        "/pages/viewpage.action?title=T&pageId=65601&src=contextnavpagetreemode#T-Head",
        "/pages/viewpageattachments.action?pageId=65601&metadataLink=true",
        "/pages/viewpage.action?pageId=65601&preview=broken",
        "/pages/downloadallattachments.action?pageId=65601",
        "/spaces/KEY/pages/65601",
        "/spaces/KEY/pages/65601/A+Title+of+2024?focusedCommentId=3",
        "/spaces/KEY/pages/edit-v2/65601",
        "/spaces/~712020/blog/2024/06/09/65601/News",
        "/rest/api/content/65601?expand=space",
        "/rest/api/content/65601/child/attachment?limit=200",
        "/rest/api/content/65601/label",
        "/api/v2/pages/65601",
        "/api/v2/blogposts/65601/attachments",
        "/x/QQAB",
        "/x/QQAB/",
    ] {
        check(link, "page 65601");
    }
    check("/rest/api/content/65601/child/attachment/att2/download?version=1", "a file of page 65601");
    check("/rest/api/content/65601/child/attachment/2/data", "a file of page 65601");
}

#[test]
#[rustfmt::skip]
fn what_cannot_be_turned_has_its_reason() {
    for (link, expected) in [
        ("/display/SPACE/Title", "TitleOnly"),
        ("/display/SPACE/2024/06/09/News", "TitleOnly"),
        ("/pages/viewpage.action?spaceKey=SPACE&title=A+B", "TitleOnly"),
        ("/display/SPACE", "Space"),
        ("/spaces/KEY/overview", "Space"),
        ("/download/attachments/att123456/a.png", "AttachmentId"),
        ("/pages/viewpage.action?pageId=att123456", "AttachmentId"),
        ("/rest/api/content/att123456/download", "AttachmentId"),
        ("/api/v2/attachments/att123456", "AttachmentId"),
        ("/pages/viewpage.action?pageId=12a", "Key(PageId)"),
        ("/download/attachments/12/100%.png", "Escape"),
        ("/download/attachments/12/", "Key(Empty)"),
        ("/download/attachments/12a/b.png", "Key(PageId)"),
        ("/download/attachments/12/a.png?version=x", "Version"),
        ("/download/thumbnails/12/a.png?width=5000", "Pixels { name: \"width\" }"),
        ("/download/attachments/12/..", "Key(Dots)"),
        ("/download/attachments//12/a.png", "EmptySegment"),
        ("/download/attachments/12", "Unknown"),
        ("/download/resources/12/a.png", "Unknown"),
        ("/spaces/KEY/pages", "Unknown"),
        ("/spaces/KEY/blog/2024/06/09", "Unknown"),
        ("/x/", "Unknown"),
        ("/x/LIQ=", "Unknown"),
        ("/12/a.png", "Unknown"),
        ("/s/x/_/a.js", "Unknown"),
        ("/dashboard.action", "Unknown"),
        ("/", "Unknown"),
        ("#all-updates", "Unknown"),
    ] {
        if link.starts_with('#') || link == "/" {
            let translator = Translator::new("https://wiki", "http://files/proxy");
            assert_eq!(said(&translator, &format!("https://wiki{link}")), expected, "{link}");
        } else {
            check(link, expected);
        }
    }
}

#[test]
#[rustfmt::skip]
fn what_is_not_confluences_is_told_apart() {
    let translator = Translator::new("https://h.example/wiki", "https://h.example/proxy");
    for (link, expected) in [
        ("https://h.example/proxy/12/a.png", "ours"),
        ("http://H.example/proxy?lang=zh", "ours"),
        ("//h.example/proxy", "ours"),
        ("//h.example/wiki/pages/viewpage.action?pageId=1", "page 1"),
        ("https://h.example/download/attachments/12/a.png", "Outside"),
        ("/download/attachments/12/a.png", "/download/attachments/12/a.png"),
        ("/wiki/download/attachments/12/a.png", "/download/attachments/12/a.png"),
        ("/display/S/T", "Outside"),
        ("https://other.example/wiki/download/attachments/12/a.png", "Elsewhere"),
        ("https://evil.example\\@h.example/wiki/x/QQAB", "Elsewhere"),
        ("javascript:alert(1)", "Nothing"),
        ("ftp://h.example/wiki", "Nothing"),
        ("a.png", "Nothing"),
        ("", "Nothing"),
    ] {
        assert_eq!(said(&translator, link), expected, "{link}");
    }
}

fn wiki() -> Translator {
    Translator::new("https://wiki.example.com", "http://files/proxy")
}

/// What is pasted, and what is found in it: in short, one per line.
#[track_caller]
fn finds(text: &str, expected: &[&str]) {
    let translator = wiki();
    let found: Vec<String> = translator
        .read(text)
        .links
        .iter()
        .map(|link| match &link.meaning {
            Meaning::Mistake(Mistake::Elsewhere) => format!("elsewhere {}", link.text),
            Meaning::Mistake(_) | Meaning::Ours => format!("{:?}", link.meaning),
            meaning => meaning.path().expect("it is somewhere"),
        })
        .collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
#[rustfmt::skip]
fn links_are_found_in_whatever_is_pasted() {
    const A: &str = "https://wiki.example.com/download/attachments/1/a(1).png?version=2&api=v2";
    const FOUND: &str = "/download/attachments/1/a%281%29.png?version=2";
    for around in [
        "{}", " {} ", "\"{}\"", "'{}'", "<{}>", "({})", "see {}.", "see {}, please", "({}, {})", "{};{}", "{},{}", "{}!", "{}...", "\u{201c}{}\u{201d}",
        "请看{}。谢谢", "（{}）", "「{}」", "图：{}，好", "![a]({})", "[a]({} \"title\")", "[a](<{}>)", "[![a]({})]({})", "**{}**", "`{}`", "[1]: {}",
        "[{}]", "[a|{}]", "!{}!", "!{}|width=300!", "|{}|{}|", "{color:red}{}{color}", "url({})", "url('{}')", "{\"url\":\"{}\"}", "a{}\tb\r\n{}\n",
        "&lt;img src=&quot;{}&quot;&gt;",
    ] {
        finds(&around.replace("{}", A), &[FOUND]);
        finds(&around.replace("{}", &A.replace('&', "&amp;")), &[FOUND]);
    }
    for html in [
        "<img src=\"{}\">", "<img src='{}'/>", "<img alt=\"\" SRC=\" {} \">", "<a\nhref={}>a</a>", "<img data-image-src=\"{}\">", "<video poster='{}'>",
        "<img srcset=\"{} 2x, {} 1x\">", "<img srcset=\"{}, {}\">", "<source srcset=\"\n{} 1x,{} 2x\n\">",
    ] {
        let relative = A.trim_start_matches("https://wiki.example.com");
        for link in [A, relative, &A.replace('&', "&#38;"), &A["https:".len()..]] {
            finds(&html.replace("{}", link), &[FOUND]);
        }
    }
    finds(&format!("{A}\n\nhttps://wiki.example.com/x/QQAB\nhttps://other/a.\n"), &[FOUND, "/65601", "elsewhere https://other/a"]);
    finds("/download/attachments/1/my file.png", &["/download/attachments/1/my%20file.png"]);
    finds("  wiki.example.com/download/attachments/1/a.png\r\n\"WIKI.example.com/x/QQAB\"", &["/download/attachments/1/a.png", "/65601"]);
    finds("/usr/bin/env\nwiki.example.community\n1/2\n<p>/x</p>", &[]);
    finds("http://files/proxy/1/a.png", &["Ours"]);
    finds("https://other/?u=https://wiki.example.com/x/QQAB", &["elsewhere https://other/?u=https://wiki.example.com/x/QQAB"]);
    finds("xhttps://wiki.example.com/x/QQAB ahttp://b", &[]);
    finds("<link href=\"/s/a.css\"><a href=\"#top\"><a href=\"/display/A/B\"><a href='javascript:1'><img src=\"page_files/a.png\">", &[]);
    finds("", &[]);
}

#[test]
fn a_document_is_more_than_its_links() {
    for (text, expected) in [
        ("https://wiki.example.com/x/QQAB", false),
        (" <https://wiki.example.com/x/QQAB>,\n/x/QQAB\n", false),
        ("see https://wiki.example.com/x/QQAB", true),
        ("<img src=\"/x/QQAB\">", true),
        ("图 https://wiki.example.com/x/QQAB", true),
    ] {
        assert_eq!(wiki().read(text).is_document, expected, "{text}");
    }
}

#[test]
#[rustfmt::skip]
fn a_document_comes_back_with_its_files_replaced() {
    for (document, expected, replaced) in [
        ("<img src=\"/download/attachments/1/a.png?version=1&amp;modificationDate=5&amp;api=v2\" width=3>", "<img src=\"http://files/proxy/download/attachments/1/a.png?version=1\" width=3>", 1),
        ("<a href='https://wiki.example.com/download/attachments/1/a+b.zip?version=1&amp;download=true'>", "<a href='http://files/proxy/download/attachments/1/a%20b.zip?version=1&amp;download=true'>", 1),
        ("![](https://wiki.example.com/download/attachments/1/a.zip?version=1&download=true)", "![](http://files/proxy/download/attachments/1/a.zip?version=1&download=true)", 1),
        ("<img srcset=\"/download/thumbnails/1/a.png?width=9 2x, /other.png 1x\">", "<img srcset=\"http://files/proxy/download/thumbnails/1/a.png?width=9 2x, /other.png 1x\">", 1),
        ("<a href=/download/attachments/1/a.png>a</a>", "<a href=http://files/proxy/download/attachments/1/a.png>a</a>", 1),
        ("!https://wiki.example.com/download/attachments/1/a.png!, https://wiki.example.com/display/A/B?preview=/1/2/c.png.", "!http://files/proxy/download/attachments/1/a.png!, http://files/proxy/1/c.png.", 2),
        ("<embed src=\"/download/attachments/1/a.pdf?api=v2#page=5&amp;zoom=9\">", "<embed src=\"http://files/proxy/download/attachments/1/a.pdf#page=5&amp;zoom=9\">", 1),
        ("[a](https://wiki.example.com/download/attachments/1/a.pdf#page=5&zoom=9), b", "[a](http://files/proxy/download/attachments/1/a.pdf#page=5&zoom=9), b", 1),
        // A quote that is forgotten costs its own link, not those of the text behind it.
        ("<a href=\"x>https://wiki.example.com/download/attachments/1/a.png</a>\"", "<a href=\"x>http://files/proxy/download/attachments/1/a.png</a>\"", 1),
        ("/download/attachments/1/a.png", "/download/attachments/1/a.png", 0),
        ("<a href=\"/pages/viewpage.action?pageId=1\">", "<a href=\"/pages/viewpage.action?pageId=1\">", 0),
        ("<a href=\"https://wiki.example.com/download/attachments/1/", "<a href=\"https://wiki.example.com/download/attachments/1/", 0),
        ("<a href=\"/download/attachments/1/a.png", "<a href=\"/download/attachments/1/a.png", 0),
        ("src=\"/download/attachments/1/a.png\"", "src=\"/download/attachments/1/a.png\"", 0),
        ("?src=/download/attachments/1/a.png", "?src=/download/attachments/1/a.png", 0),
    ] {
        properties::pasting(document.as_bytes()); // in pieces, and twice
        let (found, count) = wiki().rewrite(document);
        assert_eq!((&*found, count), (expected, replaced), "{document}");
    }
}

#[test]
fn what_is_too_long_for_a_link_stays_as_it_is() {
    let link = "https://wiki.example.com/download/attachments/1/a.png?";
    for (junk, expected) in [(100, 1), (8 * 1024, 0), (100_000, 0)] {
        let document = format!("{link}{} {}", "x".repeat(junk), "y".repeat(20));
        let (found, replaced) = wiki().rewrite(&document);
        assert_eq!(replaced, expected, "{junk}");
        assert_eq!(found == document, expected == 0, "{junk}");
    }
    let document = format!("<img src=\"{}\">", "/".repeat(100_000));
    assert_eq!(wiki().rewrite(&document), (document, 0));
}

/// In GBK `\xcd\xbc` is a picture's name in Chinese; as UTF-8 it would be another name.
#[test]
#[rustfmt::skip]
fn a_link_in_another_encoding_stays_as_it_is() {
    const RAW: &[u8] = b"<img src=\"/download/attachments/1/\xcd\xbc.png\">";
    const PLAIN: &[u8] = b"<img src=\"/download/attachments/1/%E5%9B%BE.png\">";
    const TEXT: &[u8] = b"https://wiki.example.com/download/attachments/1/a";
    let long = " ".repeat(1024);
    for (parts, replaced, left) in [
        (&[b"<meta charset=gbk>", RAW, PLAIN][..], 1, 1),
        (&[PLAIN, RAW, b"<meta charset=\"gbk\">", RAW, long.as_bytes(), RAW], 1, 3),
        (&[b"<meta http-equiv=Content-Type content='text/html; charset=GB2312'>", long.as_bytes(), RAW, PLAIN], 1, 1),
        (&[b"<?xml version=\"1.0\" encoding=\"GB18030\"?>", RAW, RAW], 0, 2),
        (&[b"\xb5\xc4", RAW, PLAIN], 1, 1),
        (&[RAW, b"\xb5\xc4", long.as_bytes(), RAW], 0, 2),
        (&[PLAIN, long.as_bytes(), b"\xb5\xc4", RAW], 1, 1),
        (&[b"<img src=\"/download/attachments/1/\xb5\xc4.png\">", RAW], 0, 2),
        (&[b"<img srcset=\"/download/attachments/1/a.png 1x, /download/attachments/1/\xcd\xbc.png 2x\"><meta charset=gbk>"], 1, 1),
        // Two characters that begin with what is a full stop in UTF-8; an escape to another script.
        (&[b"<meta charset=gbk>", TEXT, b"\xe3\x80\x82\x40.png "], 0, 1),
        (&[b"<meta charset=gbk>", TEXT, b".\xe3\x80\x82\x40.png "], 0, 1),
        (&[b"<meta charset=iso-2022-jp>", TEXT, b"\x1b$B?^\x1b(B.png "], 0, 1),
        (&[b"<meta charset=gbk>", TEXT, b".png\n\xcd\xbc"], 1, 0),
        // UTF-8 all the same.
        (&[RAW, TEXT, "。图".as_bytes()], 2, 0),
        (&[b"<meta charset=UTF-8>", RAW], 1, 0),
        (&[b"<meta charset=utf-16>", RAW], 1, 0),
        (&[b"\xef\xbb\xbf<meta charset=gbk>", RAW], 1, 0),
        (&[long.as_bytes(), b"<meta charset=gbk>", RAW], 1, 0),
    ] {
        let document = parts.concat();
        properties::pasting(&document); // in pieces
        let (found, rewritten) = properties::rewritten(&wiki(), &document, usize::MAX).expect("no UTF-16");
        let text = String::from_utf8_lossy(&document);
        assert_eq!(rewritten, Rewritten { replaced, left }, "{text}");
        let has = |document: &[u8], part: &[u8]| document.windows(part.len()).any(|it| it == part);
        assert_eq!(has(&found, b"%CD%BC"), left == 0 && has(&document, RAW), "{text}");
    }
    for start in [b"\xff\xfe<\0", b"\xfe\xff\0<"] {
        let document = [start, RAW].concat();
        properties::pasting(&document);
        assert_eq!(properties::rewritten(&wiki(), &document, usize::MAX), None);
    }
}

/// Pieces that make trouble beside each other.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(
            &[
                "https://wiki.example.com",
                "http://h",
                "HTTPS://H",
                "/confluence",
                "/download/attachments/",
                "/download/thumbnails/",
                "/pages/viewpage.action?pageId=",
                "http://files.example.com/proxy",
                "1",
                "/a.png",
                "/a(b).png",
                "/a+%2B图.png",
                "?version=2",
                "&api=v2",
                "&amp;download=true",
                "preview=%2F1%2F2%2Fa.png",
                " href=\"",
                " src='",
                " src=",
                " srcset=\"",
                "\"",
                "'",
                " ",
                "\n",
                ",",
                ", ",
                "<",
                ">",
                "(",
                ")",
                "[",
                "]",
                "|",
                "!",
                ".",
                "&quot;",
                "&",
                ";jsessionid=1",
                "。",
                "（",
                "）",
                "/x/QQAB",
                "//h",
                "#",
                "%",
                "http",
                "://",
                "wiki.example.com",
                " href=\"/download/attachments/1/a.png\"",
                " srcset='/download/thumbnails/1/a.png 1x, /x 2x'",
                " https://wiki.example.com/download/attachments/1/a.png ",
            ][..]
        )
        .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_is_pasted_comes_back_whole(document in soup()) {
        properties::pasting(&document);
    }

    /// Whatever a file is called, and however its link is written: our path leads to the same file.
    #[test]
    fn every_file_is_found_again_by_its_path(
        (form, page, version) in (0..4, 1..u64::MAX / 2, prop::option::of(1..=u32::MAX)),
        (name, title) in ("(\\PC|[+%;&=?# .]){1,30}", "(\\PC|[+%&/ ]){1,30}"),
        (is_old, download) in any::<(bool, bool)>(),
        fragment in "([a-z0-9=&+,:%#图é]{0,9}[a-z])?",
    ) {
        let parse = |text: &str| FileName::parse(text.as_bytes()).ok();
        let (Some(parsed), Some(_)) = (parse(&name), parse(&title)) else {
            return Ok(());
        };
        // Old links are encoded as forms are.
        let encoded = |text: &str| {
            let text = encode_segment(text).to_string();
            if is_old { text.replace("%20", "+") } else { text }
        };
        let (name, title) = (encoded(&name), encoded(&title));
        let path = match form {
            0 => format!("attachments/{page}/{name}"),
            1 => format!("thumbnails/{page}/{name}"),
            2 => format!("attachments/embedded-page/{title}/{title}/{name}"),
            _ => format!("attachments/embedded-blogpost/{title}/2024/06/09/{title}/{name}"),
        };
        let mut link = format!("https://wiki.example.com/download/{path}?modificationDate=1");
        for (is_there, parameter) in [(!is_old, "&api=v2".to_owned()), (download, "&download=true".to_owned())] {
            link.push_str(if is_there { &parameter } else { "" });
        }
        if let Some(version) = version {
            link.push_str(&format!("&version={version}&width=9"));
        }
        link.push_str(&format!("#{fragment}"));
        let Meaning::File(file) = wiki().meaning(&link) else {
            panic!("{link} is no file");
        };
        prop_assert_eq!((file.name(), file.key.version(), file.download), (&parsed, version, download));
        properties::leads_back(&file, "/proxy");
        prop_assert_eq!(file.path.contains('#'), !fragment.is_empty());
        prop_assert_eq!(wiki().read(&link).links.len(), 1, "{}", link);
    }

    /// Files of any name between bytes of any kind: the links are replaced, and not a byte of the rest.
    #[test]
    fn all_but_the_links_stays_byte_for_byte(
        parts in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..9), 1..u64::MAX / 2, "\\PC{1,20}", any::<bool>()), 0..6),
    ) {
        let (mut document, mut expected, mut links) = (Vec::new(), Vec::new(), 0);
        for (junk, page, name, is_attribute) in parts {
            // A name with these is none, and bytes that are a part of a link are no junk.
            let name: String = name.chars().filter(|character| !"/\\".contains(*character)).collect();
            let is_name = FileName::parse(name.as_bytes()).is_ok();
            let encoded = encode_segment(&name).to_string();
            let (before, behind) = if is_attribute { ("\n<img src=\"", "\">") } else { ("\n", "\n") };
            let host = if is_attribute { "" } else { "https://wiki.example.com" };
            for side in [&mut document, &mut expected] {
                side.extend_from_slice(&junk);
                side.extend_from_slice(before.as_bytes());
            }
            let path = format!("/download/attachments/{page}/{encoded}");
            document.extend_from_slice(format!("{host}{path}{behind}").as_bytes());
            let host = if is_name { "http://files/proxy" } else { host };
            links += usize::from(is_name);
            expected.extend_from_slice(format!("{host}{path}{behind}").as_bytes());
        }
        prop_assume!(!document.starts_with(b"\xff\xfe") && !document.starts_with(b"\xfe\xff"));
        let rewritten = properties::rewritten(&wiki(), &document, usize::MAX);
        prop_assert_eq!(rewritten, Some((expected, Rewritten { replaced: links, left: 0 })));
    }
}
