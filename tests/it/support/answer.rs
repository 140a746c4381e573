//! Answers as they are on the wire, written out byte by byte. Only the value of `Date` is masked.

use super::{Client, PATIENCE};

/// A request that is always answered, without Confluence.
pub const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";

/// The answer to [`HEALTH`]. `connection` is that field with its line end, or nothing.
pub fn healthy(connection: &str) -> String {
    healthy_head(connection) + "ok\n"
}

/// The same after HEAD.
pub fn healthy_head(connection: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nDate: *\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\
         Content-Security-Policy: default-src 'none'; base-uri 'none'; frame-ancestors 'none'\r\nCache-Control: no-cache\r\nVary: Accept, Accept-Language\r\nX-Content-Type-Options: nosniff\r\n\
         X-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n{connection}\r\n"
    )
}

/// Asks on a connection that goes on, and says whether the answer is right in every byte.
pub fn is_healthy(client: &mut Client) -> bool {
    client.send(HEALTH);
    is_healthy_answer(client)
}

/// The same when the request has been sent before.
pub fn is_healthy_answer(client: &mut Client) -> bool {
    const DATE_BYTES: usize = "Sat, 28 Nov 2026 04:27:29 GMT".len();
    let healthy = healthy("");
    let (answer, whole) = client.exactly(healthy.len() - "*".len() + DATE_BYTES);
    whole && masked(&answer) == healthy
}

/// The answer of the gate itself to what goes no further than the gate. `extra` is a field with its line end.
pub fn refusal(status: &str, extra: &str, reason: &str) -> String {
    let body = refusal_body(status, reason);
    refusal_head(status, extra, reason) + &body
}

/// The same after HEAD.
pub fn refusal_head(status: &str, extra: &str, reason: &str) -> String {
    let length = refusal_body(status, reason).len();
    format!(
        "HTTP/1.1 {status}\r\nDate: *\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{extra}Connection: close\r\n\r\n"
    )
}

/// What is refused and can be met in a browser is told in Chinese as well, whoever asks.
fn refusal_body(status: &str, reason: &str) -> String {
    let chinese = match reason.split([' ', ';', ',']).take(4).collect::<Vec<_>>()[..] {
        ["this", "port", "speaks", "HTTPS"] => "此端口只支持 HTTPS，地址须以 https:// 开头\n",
        ["the", "address", "is", "longer"] => "地址超过 8 KiB\n",
        ["the", "form", "is", "larger"] => {
            "表单超过 256 KiB，约合 29,000 个汉字，因为每个汉字在表单中占 9 个字节；请分几次粘贴，或使用 confluence-attachment-proxy rewrite，它可以处理任意大小的文档\n"
        }
        ["the", "request", "head", "is"] if reason.contains("larger") => {
            "请求头超过 16 KiB，常见原因是 Cookie 太多，请清除本站的 Cookie\n"
        }
        ["the", "request", "has", "more"] => "请求头超过 100 个字段\n",
        ["too", "many", "connections", ""] => {
            "连接太多，请稍候再试；运维人员可以调大 PROXY_MAX_CONNECTIONS\n"
        }
        ["too", "many", "connections", "from"] => "来自您的地址的连接太多，请关闭一些\n",
        ["too", "many", "requests", "are"] => "正在处理的请求太多，请稍候再试\n",
        ["the", "proxy", "is", "stopping"] => "代理正在停止，请稍候再试\n",
        _ => "",
    };
    format!("{status}: {reason}\n{chinese}")
}

/// What came, with `*` for each `Date`, which must be a date of about now.
#[track_caller]
pub fn masked(bytes: &[u8]) -> String {
    const FIELD: &str = "\r\nDate: ";
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split(FIELD);
    let mut masked = parts.next().expect("split yields at least one").to_owned();
    for part in parts {
        let (date, rest) = part.split_once("\r\n").unwrap_or((part, ""));
        let date = httpdate::parse_http_date(date).expect("an HTTP date");
        let off = std::time::SystemTime::now().duration_since(date);
        assert!(off.expect("not in the future") < 3 * PATIENCE, "{part}");
        masked.push_str(FIELD);
        masked.push_str("*\r\n");
        masked.push_str(rest);
    }
    masked
}
