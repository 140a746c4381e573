//! The media host of Cloud: another site on another port. It knows no account, only addresses that were handed out.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::answer::Answer;
use super::file::File;
use super::pages;
use super::request::Request;
use super::target::{Place, Target};

/// Addresses that stay good: many more than are asked for at once. The oldest go first.
const GRANTS_MAX: usize = 4096;

/// Who fetches, in the words of the media host: the same for the whole site.
const CLIENT_ID: &str = "5f3a7c18-2b64-4d0e-8e0b-93a1d6c4f520";

/// The files that may be fetched for the moment. Filled by the application, asked by the media host's listener.
pub(super) struct Media {
    base: String,
    granted: Mutex<Granted>,
}

#[derive(Default)]
struct Granted {
    count: u64,
    grants: VecDeque<Grant>,
}

/// One file, as it was when its address was handed out.
struct Grant {
    token: String,
    attachment: u64,
    file: File,
}

impl Media {
    pub(super) fn new(address: SocketAddr) -> Media {
        Media {
            base: format!("http://{address}"),
            granted: Mutex::default(),
        }
    }

    /// Makes an address under which anybody gets the file.
    pub(super) fn sign(&self, attachment: u64, name: &str, file: File) -> String {
        let mut granted = self.granted.lock().expect("no holder panics");
        granted.count += 1;
        let token = token(granted.count, attachment);
        let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
        let base = &self.base;
        let address = format!(
            "{base}/file/att{attachment}/binary?token={token}&client={CLIENT_ID}&name={name}"
        );
        if granted.grants.len() == GRANTS_MAX {
            granted.grants.pop_front();
        }
        granted.grants.push_back(Grant {
            token,
            attachment,
            file,
        });
        address
    }

    /// The answer of a media host that is well. Who asks does not matter: credentials are not looked at.
    pub(super) fn answer(&self, request: &Request, target: &Target) -> Answer {
        if target.place == Place::Refused {
            return pages::bad_request();
        }
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return Answer::of_front(405, *b"").with("Allow", "GET, HEAD");
        }
        let path = target.path();
        if !path.starts_with("/file/") || !path.ends_with("/binary") {
            return error(404, "NOT_FOUND", "There is nothing here");
        }
        match self.granted(path, target.parameter("token").unwrap_or_default()) {
            Some(file) => Answer::of_front(200, file.bytes.clone())
                .with("Content-Type", &file.media_type)
                .with("ETag", &file.etag()),
            None => error(
                401,
                "JWT_AUTH_ERROR",
                "The token is not valid for this file",
            ),
        }
    }

    fn granted(&self, path: &str, token: &str) -> Option<File> {
        let granted = self.granted.lock().expect("no holder panics");
        let grant = granted
            .grants
            .iter()
            .rev()
            .find(|grant| grant.token == token)?;
        let belongs = path == format!("/file/att{}/binary", grant.attachment);
        belongs.then(|| grant.file.clone())
    }
}

/// Something that looks like a signed JSON web token and is signed by nobody.
fn token(number: u64, attachment: u64) -> String {
    let head = URL_SAFE_NO_PAD.encode("{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
    let claims = URL_SAFE_NO_PAD.encode(format!(
        "{{\"iss\":\"{CLIENT_ID}\",\"sub\":\"att{attachment}\",\"jti\":{number}}}"
    ));
    let noise = [1, 3, 5, 7].map(|odd| {
        let mixed = (number + odd).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).to_be_bytes()
    });
    let signature = URL_SAFE_NO_PAD.encode(noise.concat());
    format!("{head}.{claims}.{signature}")
}

fn error(status: u16, code: &str, title: &str) -> Answer {
    let body = format!("{{\"error\":{{\"code\":\"{code}\",\"title\":\"{title}\"}}}}");
    Answer::of_front(status, body.into_bytes()).with("Content-Type", "application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_addresses_go_and_all_are_different() {
        let base = SocketAddr::from(([127, 0, 0, 1], 1));
        let media = Media::new(base);
        let sign = || media.sign(7, "a b", File::new("text/plain", *b"x"));
        let [first, second] = [sign(), sign()];
        assert_ne!(first, second);
        assert!(
            first.starts_with("http://127.0.0.1:1/file/att7/binary?token=eyJ"),
            "{first}"
        );
        assert!(first.ends_with("&name=a%20b"), "{first}");
        let is_good = |address: &str| {
            let local = address
                .strip_prefix("http://127.0.0.1:1")
                .expect("made above");
            let target = Target::parse(local, "");
            let token = target.parameter("token").expect("made above");
            media.granted(target.path(), token).is_some()
        };
        assert!(is_good(&first) && is_good(&second));
        for _ in 0..GRANTS_MAX - 1 {
            sign();
        }
        assert!(!is_good(&first) && is_good(&second));
    }
}
