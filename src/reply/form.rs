//! In which form a client wants to be told that there is no file: the negotiation by `Accept` (RFC 9110 section 12.5.1).

use super::wish::Wish;

pub(super) const JSON: &str = "application/problem+json";

/// The form of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `application/problem+json` (RFC 9457): a program that reads JSON.
    Json,
    /// HTML: somebody who follows a link in a browser.
    Page,
    /// SVG: an `<img>`, in whose place a few words can be shown.
    Picture,
    /// Plain text: everybody else, terminals first.
    Text,
}

/// The form that a client likes best; of several it likes equally, the first in the order of [`Form`].
///
/// `*/*` alone asks for nothing: curl, `<video>` and scripts send it. A browser's `<img>` names picture types of its
/// own, some browsers' without SVG but with `*/*`, which admits it.
pub fn form(wish: &Wish) -> Form {
    preferred(wish.accept.as_deref().unwrap_or_default())
}

/// What a list of media ranges says about the types that matter here, in thousandths; `None`: not named.
#[derive(Default)]
struct Named {
    json: Option<u16>,
    html: Option<u16>,
    plain: Option<u16>,
    any_text: Option<u16>,
    svg: Option<u16>,
    /// A type of picture, or all of them.
    picture: Option<u16>,
    any_picture: Option<u16>,
    anything: Option<u16>,
}

fn preferred(accept: &str) -> Form {
    let mut named = Named::default();
    for element in accept.split(',') {
        named.add(element);
    }
    let svg = named.svg.or(named.any_picture).or(named.anything);
    let (first, weight) = [
        (Form::Json, named.json),
        (Form::Page, named.html),
        (Form::Picture, named.picture.and(svg)),
        (Form::Text, named.plain.max(named.any_text)),
    ]
    .into_iter()
    .rev() // of equals, the last one is found
    .max_by_key(|(_, weight)| weight.unwrap_or(0))
    .expect("there are four");
    match weight {
        None | Some(0) => Form::Text,
        Some(_) => first,
    }
}

impl Named {
    fn add(&mut self, element: &str) {
        let mut pieces = element
            .split(';')
            .map(|piece| piece.trim_matches([' ', '\t']));
        let media_range = pieces.next().unwrap_or_default().to_ascii_lowercase();
        let weight = pieces
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.eq_ignore_ascii_case("q"))
            .map_or(1000, |(_, value)| thousandths(value));
        let like = |what: &mut Option<u16>| *what = Some(weight.max(what.unwrap_or(0)));
        match &*media_range {
            JSON | "application/json" => like(&mut self.json),
            "text/html" => like(&mut self.html),
            "text/plain" => like(&mut self.plain),
            "text/*" => like(&mut self.any_text),
            "image/svg+xml" => like(&mut self.svg),
            "image/*" => like(&mut self.any_picture),
            "*/*" => like(&mut self.anything),
            _ => {}
        }
        if media_range.starts_with("image/") {
            like(&mut self.picture);
        }
    }
}

/// A weight of RFC 9110, section 12.4.2; a malformed one counts as 0.
fn thousandths(weight: &str) -> u16 {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    if 3 < decimals.len() || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    let decimals = format!("{decimals:0<3}").parse().unwrap_or(0);
    match whole {
        "0" => decimals,
        "1" if decimals == 0 => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_gets_the_form_it_can_show() {
        for (client, accept, expected) in [
            ("nothing said", "", Form::Text),
            ("curl, fetch(), <video> of Chromium", "*/*", Form::Text),
            (
                "Chromium, a navigation",
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
                Form::Page,
            ),
            (
                "Firefox, a navigation",
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                Form::Page,
            ),
            (
                "Chromium, an <img>",
                "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
                Form::Picture,
            ),
            (
                "Firefox, an <img>",
                "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
                Form::Picture,
            ),
            (
                "Firefox before 2024, an <img>",
                "image/avif,image/webp,*/*",
                Form::Picture,
            ),
            (
                "Safari, an <img>",
                "image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
                Form::Picture,
            ),
            (
                "Firefox, a <video>",
                "video/webm,video/ogg,video/*;q=0.9,application/ogg;q=0.7,audio/*;q=0.6,*/*;q=0.5",
                Form::Text,
            ),
            (
                "a script with axios",
                "application/json, text/plain, */*",
                Form::Json,
            ),
            (
                "a text browser",
                "text/html, text/plain, text/*;q=0.5, image/*",
                Form::Page,
            ),
        ] {
            assert_eq!(preferred(accept), expected, "{client}: {accept}");
        }
    }

    #[test]
    fn weights_decide_and_ties_go_to_the_form_that_says_most() {
        for (accept, expected) in [
            ("application/*", Form::Text),
            ("application/json", Form::Json),
            ("Application/Problem+JSON;q=0.1", Form::Json),
            ("application/json;q=0", Form::Text),
            ("application/json;q=0.000", Form::Text),
            ("application/json;q=1.5", Form::Text),
            ("application/json;q=x", Form::Text),
            ("application/json ; charset=utf-8 ; Q=0.5, */*", Form::Json),
            ("text/html, application/json", Form::Json),
            ("text/html, application/json;q=0.9", Form::Page),
            ("text/*;q=0.25, application/json;q=0.3", Form::Json),
            ("text/*, application/json;q=0.3", Form::Text),
            ("TEXT/HTML;q=0.2, text/plain;q=0.1", Form::Page),
            ("text/html;q=0.1, text/plain;q=0.2", Form::Text),
            ("text/html;q=0, */*", Form::Text),
            ("image/*, text/html;q=0.5", Form::Picture),
            ("image/*;q=0.5, text/html", Form::Page),
            ("image/png", Form::Text), // SVG would not be shown
            ("image/png, image/svg+xml;q=0, */*", Form::Text),
            ("image/png, */*;q=0", Form::Text),
            ("image/png, image/*;q=0.3, text/plain;q=0.4", Form::Text),
            ("image/png;q=0.1, image/*;q=0.3", Form::Picture),
        ] {
            assert_eq!(preferred(accept), expected, "accept: {accept}");
        }
    }
}
