//! The start page, from outside: paste links, get ours; by form and by address, in both languages, without a script.

use crate::support::{Client, PAGE, Proxy, Response};

/// What a browser sends of the form of the page.
fn post(client: &mut Client, target: &str, text: &str) -> Response {
    let form = format!("link={}", encoded(text));
    client.send(head(target, form.len()) + &form);
    client.response(false)
}

fn head(target: &str, length: usize) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
    )
}

fn encoded(text: &str) -> String {
    let mut form = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => form.push('+'),
            byte if byte.is_ascii_alphanumeric() => form.push(char::from(byte)),
            byte => form.push_str(&format!("%{byte:02X}")),
        }
    }
    form
}

/// The values of all fields that are there to be copied.
fn fields(page: &str) -> Vec<String> {
    let fields = page.split("readonly value=\"").skip(1);
    let values = fields.filter_map(|field| field.split('"').next());
    values.map(plain).collect()
}

fn plain(markup: &str) -> String {
    markup
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

fn link(proxy: &Proxy, name: &str) -> String {
    let url = proxy.origin.url();
    format!("{url}/download/attachments/{PAGE}/{name}")
}

#[test]
fn a_pasted_link_comes_back_as_one_that_opens() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a b+图.png", 1000);
    let mut client = proxy.connect();
    let link = link(
        &proxy,
        "a+b%2B%E5%9B%BE.png?version=1&modificationDate=5&cacheVersion=1",
    );
    let ours =
        format!("http://test/proxy/download/attachments/{PAGE}/a%20b%2B%E5%9B%BE.png?version=1");
    let by_form = post(&mut client, "/proxy/?lang=en", &link);
    let by_address = client.get(&format!("/proxy/?link={}", encoded(&link)));
    for response in [by_form, by_address] {
        assert_eq!(response.status, 200);
        assert_eq!(
            response.field("Content-Type"),
            Some("text/html; charset=utf-8")
        );
        let security = response.field("Content-Security-Policy").expect("a policy");
        assert!(!security.contains("unsafe"), "{security}");
        let page = response.text().to_owned();
        let expected = [
            ours.clone(),
            format!("<img src=\"{ours}\" alt=\"a b+图.png\">"),
            format!("![a b+图.png]({ours})"),
            format!("!{ours}!"),
        ];
        assert_eq!(fields(&page), expected);
        let preview = format!("<img src=\"{}\"", ours.trim_start_matches("http://test"));
        assert!(page.contains(&preview), "{preview}: {page}");
        assert!(
            page.contains(&format!("{}</textarea>", link.replace('&', "&amp;"))),
            "it is kept"
        );
        assert!(
            page.contains("<button hidden "),
            "buttons need the script, so it shows them"
        );
    }
    let opened = client.get(ours.trim_start_matches("http://test"));
    assert_eq!((opened.status, opened.body), (200, bytes));
}

#[test]
fn what_operators_call_the_service_is_in_the_links_and_our_own_path_in_previews() {
    let proxy = Proxy::with(&[("PROXY_PUBLIC_URL", "https://files.example.com/outer")]);
    let link = link(&proxy, "a.mp3");
    let page = post(&mut proxy.connect(), "/proxy/", &link)
        .text()
        .to_owned();
    let path = format!("/download/attachments/{PAGE}/a.mp3");
    assert_eq!(
        fields(&page)[0],
        format!("https://files.example.com/outer{path}")
    );
    assert!(
        page.contains(&format!("<audio src=\"/proxy{path}\"")),
        "{page}"
    );
}

#[test]
fn mistakes_are_explained_in_the_readers_language() {
    let proxy = Proxy::start();
    let url = proxy.origin.url();
    let text = format!(
        "{url}/pages/viewpage.action?pageId=65601\r\n{url}/display/DOC/Title\r\n\
         {url}/download/attachments/att12/a.png\r\nhttps://other.example/a.png\r\nhttp://test/proxy/12/a.png\r\n"
    );
    for (target, expected) in [
        (
            "/proxy/?lang=en",
            [
                "This is a page, not a file",
                "This names a page by its title",
                "This has the id of an attachment",
                "This is of another host",
                "This is a link of this service already",
            ],
        ),
        (
            "/proxy/?lang=zh",
            [
                "这是页面，不是文件",
                "该链接只有页面标题",
                "该地址中是附件自己的 ID",
                "这属于其他主机",
                "这已经是本服务的链接",
            ],
        ),
    ] {
        let page = post(&mut proxy.connect(), target, &text).text().to_owned();
        for part in expected {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert_eq!(fields(&page), ["http://test/proxy/65601"]);
    }
    let nothing = post(&mut proxy.connect(), "/proxy/", "some words")
        .text()
        .to_owned();
    assert!(nothing.contains("There is no link in it."), "{nothing}");
    let empty = post(&mut proxy.connect(), "/proxy/", " \r\n")
        .text()
        .to_owned();
    assert!(!empty.contains("id=\"results\""), "{empty}");
    assert_eq!(
        proxy.origin.requests(),
        1,
        "after the login Confluence is not asked about what is pasted"
    );
}

#[test]
fn a_pasted_document_comes_back_rewritten() {
    let proxy = Proxy::start();
    let document = "<p class=\"x\">图\r\n<img src=\"/download/attachments/7/a.png?version=1&amp;api=v2\"></p>\r\n";
    let page = post(&mut proxy.connect(), "/proxy/", document)
        .text()
        .to_owned();
    let (_, rest) = page
        .split_once("<textarea id=\"document\"")
        .expect("it comes back");
    let (start, rest) = rest.split_once(">\n").expect("its text");
    let (text, _) = rest.split_once("</textarea>").expect("its end");
    assert!(start.contains("readonly"), "{start}");
    let expected = document.replace(
        "/download/attachments/7/a.png?version=1&amp;api=v2",
        "http://test/proxy/download/attachments/7/a.png?version=1",
    );
    assert_eq!(plain(text), expected);
    assert!(page.contains("1 link was replaced."), "{page}");
}

#[test]
fn nothing_that_is_pasted_becomes_markup() {
    let proxy = Proxy::start();
    let url = proxy.origin.url();
    let hostile = format!(
        "</textarea><script>alert(1)</script> {url}/download/attachments/7/%3Cscript%3E%22'.png \
         {url}/download/attachments/7/a.png?\"><script>alert(2)</script> <img src='{url}/download/attachments/7/\"onerror=alert(3) x.png'> \
         javascript:alert(4) {url}/download/attachments/7/%00 \u{0}\u{202e}"
    );
    let mut client = proxy.connect();
    let form = post(&mut client, "/proxy/", &hostile).text().to_owned();
    let address = client
        .get(&format!("/proxy/?link={}", encoded(&hostile)))
        .text()
        .to_owned();
    for page in [form, address] {
        assert_eq!(page.matches("<script").count(), 1, "{page}");
        assert!(
            !page.contains("\"onerror") && !page.contains("href=\"javascript"),
            "{page}"
        );
        let sources = page.split(" src=\"").skip(1);
        for source in sources {
            assert!(source.starts_with("/proxy/"), "{source}");
        }
    }
}

#[test]
fn much_is_answered_and_too_much_is_refused() {
    let proxy = Proxy::start();
    let mut client = proxy.connect();
    let one = "https://other.example/a.png\n";
    let much = one.repeat(200 * 1024 / encoded(one).len());
    let response = post(&mut client, "/proxy/", &much);
    assert_eq!(response.status, 200);
    let page = response.text().to_owned();
    assert_eq!(
        page.matches("<li class").count(),
        1,
        "each link is there once"
    );
    let different: String = (0..5000)
        .map(|number| format!("http://o/{number}\n"))
        .collect();
    let page = post(&mut client, "/proxy/", &different).text().to_owned();
    assert_eq!(page.matches("<li class").count(), 50);
    assert!(page.contains("4950 more, not shown"));
    // It is refused by its length, before it is sent.
    client.send(head("/proxy/", 256 * 1024 + 1));
    let too_much = client.response(false);
    assert_eq!(too_much.status, 413);
}
