//! The commands `link` and `rewrite`: from Confluence's links to ours between standard input and output. A part of the
//! doorway; what links mean is the business of the room `links`.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};

use confluence_attachment_proxy::config::{Addresses, Config, Environment};
use confluence_attachment_proxy::links::{Link, Meaning, Rewriter, Rewritten, Translator, Utf16};
use confluence_attachment_proxy::logging::Style;

use crate::{CONFIGURATION, complain};

/// How a command ends: an exit code of sysexits.h.
type Code = u8;

/// What was given cannot be used.
const DATA: Code = 65;

/// Reading or writing failed.
const INPUT_OUTPUT: Code = 74;

/// Why a document is not taken, and the remedy.
const UTF_16: &str = "standard input is UTF-16, in which no link can be found: convert it first, with iconv -f UTF-16 -t UTF-8; in PowerShell write it with Out-File -Encoding utf8";

/// Why links stay, and the remedy.
const NOT_UTF_8: &str = "because the document is not in UTF-8: convert it first, with iconv -f GBK -t UTF-8 or whatever it is in, and correct the charset that it names";

/// Most bytes of standard input in which `link` looks for links; a document is for `rewrite`.
const TEXT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// How much of a document is read at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// Prints what links are called here, one per line, and explains what has no name here.
pub fn link(environment: &Environment<'_>, texts: &[OsString]) -> Code {
    let translator = match translator(environment) {
        Ok(translator) => translator,
        Err(code) => return code,
    };
    let mut code = 0;
    for text in texts {
        let text = match text == OsStr::new("-") {
            true => standard_input(),
            false => Ok(text.to_string_lossy().into_owned()),
        };
        let links = match text {
            Ok(text) => found(&translator, text),
            Err(error) => return failed("standard input", &error),
        };
        for link in links {
            if let Some(explanation) = link.meaning.explanation() {
                complain(
                    Style::Human,
                    &format!("{:?}: {}", link.text, explanation.english),
                );
            }
            let Some(address) = address(&translator, link) else {
                code = DATA;
                continue;
            };
            if let Err(error) = writeln!(io::stdout(), "{address}") {
                return failed("standard output", &error);
            }
        }
    }
    code
}

/// Copies a document with its links replaced, and says how many those were.
pub fn rewrite(environment: &Environment<'_>) -> Code {
    let translator = match translator(environment) {
        Ok(translator) => translator,
        Err(code) => return code,
    };
    let mut rewriter = Rewriter::new(&translator);
    let (mut piece, mut out) = (vec![0; PIECE_BYTES], Vec::new());
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    loop {
        match input.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => {
                if let Err(Utf16) = rewriter.push(&piece[..length], &mut out) {
                    complain(Style::Human, &UTF_16);
                    return DATA;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return failed("standard input", &error),
        }
        if let Err(error) = output.write_all(&out).and_then(|()| output.flush()) {
            return failed("standard output", &error);
        }
        out.clear();
    }
    let Rewritten { replaced, left } = rewriter.finish(&mut out);
    if let Err(error) = output.write_all(&out).and_then(|()| output.flush()) {
        return failed("standard output", &error);
    }
    complain(Style::Human, &format!("{} replaced", counted(replaced)));
    if 0 < left {
        let links = counted(left);
        complain(
            Style::Human,
            &format!("{links} left as written, {NOT_UTF_8}"),
        );
    }
    0
}

fn counted(links: usize) -> String {
    let word = if links == 1 { "link" } else { "links" };
    format!("{links} {word}")
}

fn translator(environment: &Environment<'_>) -> Result<Translator, Code> {
    match Config::addresses_from_lookup(environment) {
        Ok(Addresses { confluence, proxy }) => Ok(Translator::new(&confluence, &proxy)),
        Err(errors) => {
            for problem in errors.problems {
                complain(Style::Human, &problem);
            }
            Err(CONFIGURATION)
        }
    }
}

/// The links in a text; a text without any is a mistake itself.
fn found(translator: &Translator, text: String) -> Vec<Link> {
    let links = translator.read(&text).links;
    if !links.is_empty() {
        return links;
    }
    let meaning = translator.meaning(&text);
    vec![Link { text, meaning }]
}

/// What a link is called here.
fn address(translator: &Translator, link: Link) -> Option<String> {
    match link.meaning {
        Meaning::Ours => Some(link.text),
        meaning @ (Meaning::File(_)
        | Meaning::Page(_)
        | Meaning::Unnamed(_)
        | Meaning::Mistake(_)) => meaning.path().map(|path| translator.address(&path)),
    }
}

fn standard_input() -> io::Result<String> {
    let mut bytes = Vec::new();
    io::stdin()
        .take(TEXT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    if TEXT_BYTES_MAX < bytes.len() as u64 {
        return Err(io::Error::other(
            "more than 16 MiB, which is a document for rewrite",
        ));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Ends without a word if nobody reads any more, as `head` does.
fn failed(what: &str, error: &io::Error) -> Code {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return 0;
    }
    complain(Style::Human, &format!("{what}: {error}"));
    INPUT_OUTPUT
}
