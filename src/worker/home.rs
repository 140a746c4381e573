//! The start page: what somebody has pasted comes by its form or in its address.

use percent_encoding::percent_decode_str;

use super::desk::Desk;
use super::lookup::query;
use crate::acceptor::Job;
use crate::links::Translator;
use crate::web::{self, Place};

/// The field of the form.
const FIELD: &str = "link";

/// Renders the page for a request.
pub(super) fn home(desk: &Desk, job: &Job) -> String {
    let house = &desk.house;
    let ours = house.address(job.fields.host.as_deref(), job.client.scheme());
    let translator = Translator::new(&house.confluence_url, &ours);
    let form = job.fields.form.as_deref();
    let pasted = form.and_then(pasted).or_else(|| pasted(query(&job.target)));
    let place = Place {
        translator: &translator,
        base_path: &house.base_path,
        target: &job.target,
        pasted: pasted.as_deref(),
    };
    let languages = job.fields.accept_language.as_deref();
    web::home(&place, languages, house.showcase.as_ref())
}

/// The text in a form, urlencoded as forms and queries are: all fields of the name, one below the other.
fn pasted(form: &str) -> Option<String> {
    let fields = form.split('&').filter_map(|pair| pair.split_once('='));
    let texts: Vec<String> = fields
        .filter(|(name, _)| *name == FIELD)
        .map(|(_, value)| {
            let spaced = value.replace('+', " ");
            let text = percent_decode_str(&spaced).decode_utf8_lossy();
            text.into_owned()
        })
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        for (form, expected) in [
            ("link=a+b%2Bc%26%E5%9B%BE%0D%0Ad", Some("a b+c&图\r\nd")),
            ("lang=zh&link=a&link=b", Some("a\nb")),
            ("link=%FF%", Some("\u{fffd}%")),
            ("link=", Some("")),
            ("links=a&link", None),
            ("", None),
        ] {
            assert_eq!(pasted(form).as_deref(), expected, "{form}");
        }
    }
}
