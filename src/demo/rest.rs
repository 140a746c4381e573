//! The few REST answers that the sample Confluence gives.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use super::account::Login;
use super::answer::Answer;
use super::content::Pages;
use super::file::Attachment;
use super::target::Target;

/// Attachments on one page of a listing when nobody says `limit`, and the most that anybody gets.
const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 200;

/// This Confluence stands in China: its times carry the offset +08:00.
const ZONE_OFFSET_SECONDS: u64 = 8 * 3600;

pub(super) fn current_user(username: &str, login: Login) -> Answer {
    let name = json(username);
    let body = match login {
        Login::Known => format!(
            "{{\"type\":\"known\",\"username\":{name},\"userKey\":\"8a7f80828bd4\",\"displayName\":{name}}}"
        ),
        Login::Anonymous | Login::Failed | Login::Denied => {
            "{\"type\":\"anonymous\",\"username\":\"anonymous\",\"displayName\":\"Anonymous\"}"
                .to_owned()
        }
    };
    Answer::json(200, body)
}

pub(super) fn wrong_password() -> Answer {
    error(
        401,
        "Basic authentication failed: wrong user name or password",
    )
    .with("WWW-Authenticate", "OAuth realm=\"sample\"")
}

pub(super) fn not_permitted() -> Answer {
    error(403, "anonymous users are not permitted to use Confluence")
}

/// `/rest/api/content/{id}`: which space a page belongs to.
pub(super) fn content(pages: &Pages, id: u64) -> Answer {
    let Some(page) = pages.page(id) else {
        return no_content(id);
    };
    let title = json(page.title.as_deref().unwrap_or("Untitled"));
    let space = json(page.space.as_deref().unwrap_or("SAMPLE"));
    Answer::json(
        200,
        format!(
            "{{\"id\":\"{id}\",\"type\":\"page\",\"status\":\"current\",\"title\":{title},\"space\":{{\"key\":{space},\"type\":\"global\"}}}}"
        ),
    )
}

/// `/rest/api/content/{id}/child/attachment`: the files of a page, by name.
pub(super) fn children(pages: &Pages, id: u64, target: &Target, url: &str) -> Answer {
    let Some(page) = pages.page(id) else {
        return no_content(id);
    };
    let number = |name: &str| target.parameter(name)?.parse::<usize>().ok();
    let limit = number("limit").unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX);
    let start = number("start").unwrap_or(0);
    let expand = target.parameter("expand").unwrap_or_default();
    let with_version = expand.split(',').any(|word| word == "version");
    let wanted = target.parameter("filename");
    let matching: Vec<_> = page
        .files
        .iter()
        .filter(|(name, _)| wanted.is_none_or(|wanted| wanted == name.as_str()))
        .collect();
    let results: Vec<String> = matching
        .iter()
        .skip(start)
        .take(limit)
        .map(|(name, attachment)| child(id, name, attachment, with_version))
        .collect();
    let size = results.len();
    let next = match start + size < matching.len() && 0 < size {
        true => format!(
            ",\"next\":\"/rest/api/content/{id}/child/attachment?expand={}&limit={limit}&start={}\"",
            if with_version { "version" } else { "" },
            start + size
        ),
        false => String::new(),
    };
    Answer::json(
        200,
        format!(
            "{{\"results\":[{}],\"start\":{start},\"limit\":{limit},\"size\":{size},\"_links\":{{\"base\":{}{next}}}}}",
            results.join(","),
            json(url),
        ),
    )
}

fn child(page: u64, name: &str, attachment: &Attachment, with_version: bool) -> String {
    let file = attachment.current();
    let media_type = json(&file.media_type);
    let number = attachment.versions.len();
    let version = match (with_version, file.uploaded) {
        (true, Some(when)) => format!(
            "\"version\":{{\"when\":\"{}\",\"number\":{number},\"minorEdit\":false}},",
            timestamp(when)
        ),
        _ => String::new(),
    };
    format!(
        "{{\"id\":\"att{}\",\"type\":\"attachment\",\"status\":\"current\",\"title\":{},{version}\
         \"metadata\":{{\"mediaType\":{media_type}}},\
         \"extensions\":{{\"mediaType\":{media_type},\"fileSize\":{},\"comment\":\"\"}},\
         \"container\":{{\"id\":\"{page}\",\"type\":\"page\"}}}}",
        attachment.id,
        json(name),
        file.bytes.len(),
    )
}

fn no_content(id: u64) -> Answer {
    error(
        404,
        &format!("No content found with id: ContentId{{id={id}}}"),
    )
}

fn error(status: u16, message: &str) -> Answer {
    let message = json(message);
    Answer::json(
        status,
        format!("{{\"statusCode\":{status},\"message\":{message}}}"),
    )
}

/// Writes a JSON string with its quotes.
fn json(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => {
                let code = u32::from(control);
                write!(quoted, "\\u{code:04x}").expect("a String takes everything");
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Writes a moment in ISO 8601 with milliseconds and offset, as Confluence does.
fn timestamp(when: SystemTime) -> String {
    let since_1970 = when.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since_1970.as_secs() + ZONE_OFFSET_SECONDS;
    let (mut day, time) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970;
    while days_of(year) <= day {
        day -= days_of(year);
        year += 1;
    }
    let february = days_of(year) - 337;
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    format!(
        "{year}-{month:02}-{:02}T{:02}:{:02}:{:02}.{:03}+08:00",
        day + 1,
        time / 3600,
        time / 60 % 60,
        time % 60,
        since_1970.subsec_millis(),
    )
}

fn days_of(year: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if leap { 366 } else { 365 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn timestamps_are_those_of_the_calendar() {
        for (milliseconds, expected) in [
            (0, "1970-01-01T08:00:00.000+08:00"),
            (1_709_164_799_000, "2024-02-29T07:59:59.000+08:00"),
            (1_709_222_400_000, "2024-03-01T00:00:00.000+08:00"),
            (1_568_346_691_250, "2019-09-13T11:51:31.250+08:00"),
            (1_704_038_399_999, "2023-12-31T23:59:59.999+08:00"),
        ] {
            let when = UNIX_EPOCH + Duration::from_millis(milliseconds);
            assert_eq!(timestamp(when), expected, "milliseconds: {milliseconds}");
        }
    }

    #[test]
    fn json_strings_are_escaped() {
        assert_eq!(json("图 \"a\\b\"\n"), r#""图 \"a\\b\"\u000a""#);
    }
}
