//! Web pages in place of files, and files that are web pages.

use super::tests::*;
use super::*;

#[test]
fn a_good_login_is_no_refused_account_whatever_else_comes() {
    let good = "X-Seraph-LoginReason: OK";
    for (status, lines, start, expected) in [
        (
            302,
            "Location: /login.action?permissionViolation=true",
            &b""[..],
            UpstreamError::Forbidden,
        ),
        (
            302,
            "Location: /plugins/servlet/samlsso",
            b"",
            UpstreamError::Forbidden,
        ),
        (
            200,
            "Content-Type: text/html",
            PAGE,
            UpstreamError::Unusable(Fault::Page),
        ),
    ] {
        check(status, &format!("{lines}\n{good}"), start, Err(expected));
    }
}

#[test]
fn a_notice_of_maintenance_is_no_login_page() {
    let html = "Content-Type: text/html";
    for page in [
        "<!DOCTYPE html><title>Maintenance</title>",
        "<html><body>The wiki is temporarily unavailable",
        "<html><title>系统维护中</title>",
        "<html><h1>We will be back soon",
    ] {
        let fault = Err(UpstreamError::Unusable(Fault::Maintenance));
        check(200, html, page.as_bytes(), fault);
    }
    for page in [
        "<html><title>Log In - Confluence</title> maintenance",
        "<html><form>maintenance <input type=password>",
        "<html><title>Welcome",
    ] {
        check(200, html, page.as_bytes(), refused(Refusal::LoginPage));
    }
    // The head alone cannot tell: whoever judges reads on.
    let login = UpstreamError::Refused(Refusal::LoginPage);
    assert!(wants_body(&login, &headers(html)));
    let password = UpstreamError::Refused(Refusal::Password);
    assert!(!wants_body(&password, &headers(html)));
    let unauthorized = UpstreamError::Refused(Refusal::Unauthorized);
    assert!(!wants_body(&unauthorized, &headers(html)));
    assert!(wants_body(
        &unauthorized,
        &headers("Content-Type: application/json")
    ));
}

#[test]
fn a_file_is_good_whatever_it_is() {
    check(200, FILE, b"", Ok(()));
    check(200, FILE, b"\x89PNG\r\n", Ok(()));
    check(200, "", b"\x89PNG\r\n", Ok(()));
    check(
        200,
        &format!("{FILE}\nX-Seraph-LoginReason: OK"),
        b"x",
        Ok(()),
    );
    check(
        200,
        &format!("{FILE}\nTransfer-Encoding: chunked"),
        b"x",
        Ok(()),
    );
    let html = "Content-Disposition: attachment\nContent-Type: text/html";
    for name in ["report.html", "export.xls", "notes.txt", "user-avatar"] {
        check_name(name, 200, html, PAGE, Ok(()));
    }
    check_name(
        "drawing.svg",
        200,
        "Content-Type: image/svg+xml",
        b"<!DOCTYPE svg>",
        Ok(()),
    );
    check_name(
        "page.html",
        200,
        "Content-Type: application/octet-stream",
        PAGE,
        Ok(()),
    );
}

#[test]
fn a_web_page_in_place_of_a_file_is_a_login_page() {
    let page = refused(Refusal::LoginPage);
    check(
        200,
        "Content-Type: text/html;charset=UTF-8",
        b"",
        page.clone(),
    );
    check(200, "Content-Type: TEXT/HTML", b"\x89PNG", page.clone());
    check_name("a.html", 200, "Content-Type: text/html", PAGE, page.clone());
    check(
        200,
        "Content-Type: application/xhtml+xml",
        b"",
        page.clone(),
    );
    for start in [
        PAGE,
        b"<html>",
        b"<!doctype HTML>",
        b"\xef\xbb\xbf <!-- SSO -->\r\n<!-- x --><HTML lang=en>",
        b"<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC",
        b"<head><script>",
    ] {
        check(200, "Content-Type: image/png", start, page.clone());
        check(200, "", start, page.clone());
    }
    for start in [
        &b"<htm"[..],
        b"<!-- <html>",
        b"x<html>",
        b"<?xml <html>",
        b"",
    ] {
        check(200, "", start, Ok(()));
    }
}

#[test]
fn a_web_page_that_was_uploaded_as_a_picture_does_not_condemn_the_account() {
    let fault = Err(UpstreamError::Unusable(Fault::Page));
    check(200, FILE, PAGE, fault.clone());
    check_name("A.PDF", 200, "Content-Disposition: attachment", PAGE, fault);
}

/// One byte beyond ASCII behind the media type, or a field before it, must not let a login page through as a file.
#[test]
fn an_odd_media_type_hides_no_page() {
    for odd in [
        "text/html;charset=\u{e9}",
        " TEXT/HTML \u{e9}",
        "application/xhtml+xml\u{e9}",
        "\nContent-Type: text/html",
    ] {
        let html = format!("Content-Type: {odd}");
        check(200, &html, b"Please log in", refused(Refusal::LoginPage));
        check_kind(
            Kind::Media { name: "a.png" },
            200,
            &html,
            b"expired",
            Err(UpstreamError::Unusable(Fault::Page)),
        );
    }
}
