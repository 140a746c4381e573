//! The source tree as a test reads it: words and signs, without comments, texts and what is compiled for tests only.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One file below `src/`.
pub struct Source {
    /// Its path below `src/`, such as `cache/store.rs`.
    pub path: String,
    /// As it is on the disk.
    pub text: String,
    /// The code that ships.
    pub tokens: Vec<Token>,
}

/// A word or a sign of the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// A name that the code uses, such as `std::thread::spawn`, or `.elapsed` for a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub parts: Vec<String>,
    pub line: usize,
}

/// The directory of `Cargo.toml`.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Reads a file of the project.
#[track_caller]
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What is below the program, a package a line.
pub fn cargo_tree(options: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").expect("cargo runs the tests");
    let output = Command::new(cargo)
        .args(["tree", "--prefix", "none", "--offline", "--locked"])
        .args(options)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("names are text")
}

/// Every Rust file below `src/` with code that ships, in the order of their names.
pub fn sources() -> Vec<Source> {
    let directory = root().join("src");
    let mut files = Vec::new();
    collect(&directory, &mut files);
    files.sort();
    let mut test_files = BTreeSet::new();
    let mut sources = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a file of ours is text");
        let below = file.strip_prefix(&directory).expect("it was found there");
        let path = below.to_str().expect("names of ours are plain").to_owned();
        let (tokens, test_modules) = without_tests(tokens(&text));
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let own = path
            .trim_end_matches(".rs")
            .rsplit('/')
            .next()
            .expect("a name")
            .to_owned();
        for module in test_modules {
            // `#[path = "..."]` names the file, else it is named like the module.
            let (name, below_own) = match module.path {
                Some(name) => (name, false),
                None => (
                    format!("{}.rs", module.name),
                    !matches!(own.as_str(), "mod" | "lib" | "main"),
                ),
            };
            let mut place = folder.to_owned();
            for part in below_own
                .then_some(own.as_str())
                .into_iter()
                .chain([name.as_str()])
            {
                place = if place.is_empty() {
                    part.into()
                } else {
                    format!("{place}/{part}")
                };
            }
            test_files.insert(place);
        }
        sources.push(Source { path, text, tokens });
    }
    sources.retain(|source| !test_files.contains(&source.path));
    sources
}

impl Source {
    /// A file that is not on the disk.
    pub fn from_text(path: &str, text: &str) -> Source {
        let (tokens, _) = without_tests(tokens(text));
        Source {
            path: path.into(),
            text: text.into(),
            tokens,
        }
    }

    /// The room: `cache/store.rs` is in `cache`, `server.rs` in `server`.
    pub fn room(&self) -> &str {
        let first = self
            .path
            .split('/')
            .next()
            .expect("split yields at least one");
        first.trim_end_matches(".rs")
    }

    /// Every name that the code uses, those in `use` written out, `self` and `super` resolved.
    pub fn names(&self) -> Vec<Name> {
        let mut names = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let before = at
                .checked_sub(1)
                .map(|before| self.tokens[before].text.as_str());
            match self.tokens[at].text.as_str() {
                "use" if before != Some("::") => {
                    at = use_tree(&self.tokens, at + 1, &[], &mut names)
                }
                "." if is_word(self.tokens.get(at + 1)) => {
                    let method = &self.tokens[at + 1];
                    names.push(Name {
                        parts: vec![format!(".{}", method.text)],
                        line: method.line,
                    });
                    at += 2;
                }
                _ if is_word(self.tokens.get(at)) => at = inline_path(&self.tokens, at, &mut names),
                _ => at += 1,
            }
        }
        let module = self.module();
        for name in &mut names {
            name.parts = resolve(&module, std::mem::take(&mut name.parts));
        }
        names
    }

    /// Where this file's code lives, such as `crate::cache::store`.
    fn module(&self) -> Vec<String> {
        let plain = self.path.trim_end_matches(".rs");
        let parts = plain
            .split('/')
            .filter(|part| !matches!(*part, "mod" | "lib" | "main"));
        std::iter::once("crate")
            .chain(parts)
            .map(str::to_owned)
            .collect()
    }

    /// Name, first line and number of lines of every function.
    pub fn functions(&self) -> Vec<(String, usize, usize)> {
        let mut functions = Vec::new();
        for at in 0..self.tokens.len() {
            if self.tokens[at].text != "fn" || !is_word(self.tokens.get(at + 1)) {
                continue; // `fn(u32)` is a type
            }
            let Some(body) = find_at_depth_0(&self.tokens, at, &["{", ";"]) else {
                continue;
            };
            if self.tokens[body].text == "{" {
                let end = closing(&self.tokens, body);
                let (first, last) = (self.tokens[at].line, self.tokens[end].line);
                functions.push((self.tokens[at + 1].text.clone(), first, last - first + 1));
            }
        }
        functions
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.parts.join("::"))
    }
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("src is there") {
        let path = entry.expect("a readable directory").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Splits code into words, plain texts (with their quotation marks) and signs.
pub fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let (mut tokens, mut at, mut line) = (Vec::new(), 0, 1);
    while at < bytes.len() {
        let end = match bytes[at] {
            byte if byte.is_ascii_whitespace() => at + 1,
            b'/' if text[at..].starts_with("//") => {
                at + text[at..].find('\n').unwrap_or(text.len() - at)
            }
            b'/' if text[at..].starts_with("/*") => block_comment(bytes, at),
            b'"' => {
                let end = quoted(bytes, at);
                tokens.push(Token {
                    text: text[at..end].into(),
                    line,
                });
                end
            }
            b'\'' => character_or_lifetime(text, at),
            byte if byte == b'_' || byte.is_ascii_alphanumeric() || 0x80 <= byte => {
                let end = word(bytes, at);
                match literal_prefix(bytes, at, end) {
                    Some(end) => end,
                    None => {
                        let text = text[at..end].trim_start_matches("r#").to_owned();
                        tokens.push(Token { text, line });
                        end
                    }
                }
            }
            b':' if bytes.get(at + 1) == Some(&b':') => {
                tokens.push(Token {
                    text: "::".into(),
                    line,
                });
                at + 2
            }
            sign => {
                tokens.push(Token {
                    text: char::from(sign).into(),
                    line,
                });
                at + 1
            }
        };
        line += bytes[at..end].iter().filter(|&&byte| byte == b'\n').count();
        at = end;
    }
    tokens
}

fn word(bytes: &[u8], at: usize) -> usize {
    let is_part = |byte: &u8| *byte == b'_' || byte.is_ascii_alphanumeric() || 0x80 <= *byte;
    let length = bytes[at..].iter().take_while(|byte| is_part(byte)).count();
    let end = at + length;
    let raw = &bytes[at..end] == b"r"
        && bytes.get(end) == Some(&b'#')
        && bytes.get(end + 1).is_some_and(is_part);
    if raw { word(bytes, end + 1) } else { end }
}

/// The end of the text that starts with this word: `r"..."`, `r#"..."#`, `b"..."`, `b'x'`, `c"..."`.
fn literal_prefix(bytes: &[u8], at: usize, end: usize) -> Option<usize> {
    let raw = matches!(&bytes[at..end], b"r" | b"br" | b"cr");
    if raw {
        let hashes = bytes[end..]
            .iter()
            .take_while(|&&byte| byte == b'#')
            .count();
        if bytes.get(end + hashes) != Some(&b'"') {
            return None;
        }
        let mut close = vec![b'"'];
        close.extend(std::iter::repeat_n(b'#', hashes));
        let start = end + hashes + 1;
        let length = bytes[start..]
            .windows(close.len())
            .position(|window| window == close);
        return Some(start + length.expect("a text ends") + close.len());
    }
    match (&bytes[at..end], bytes.get(end)) {
        (b"b" | b"c", Some(b'"')) => Some(quoted(bytes, end)),
        (b"b", Some(b'\'')) => Some(quoted(bytes, end)),
        _ => None,
    }
}

/// The end of a text in the quotation marks that stand at `at`.
fn quoted(bytes: &[u8], at: usize) -> usize {
    let mark = bytes[at];
    let mut end = at + 1;
    while bytes[end] != mark {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    end + 1
}

fn character_or_lifetime(text: &str, at: usize) -> usize {
    let mut rest = text[at + 1..].chars();
    match (rest.next(), rest.next()) {
        (Some('\\'), _) => quoted(text.as_bytes(), at),
        (Some(first), Some('\'')) => at + first.len_utf8() + 2,
        _ => word(text.as_bytes(), at + 1),
    }
}

fn block_comment(bytes: &[u8], at: usize) -> usize {
    let (mut depth, mut end) = (1, at + 2);
    while 0 < depth {
        match &bytes[end..end + 2] {
            b"/*" => (depth, end) = (depth + 1, end + 2),
            b"*/" => (depth, end) = (depth - 1, end + 2),
            _ => end += 1,
        }
    }
    end
}

/// A module of tests in a file of its own.
struct TestModule {
    name: String,
    path: Option<String>,
}

/// Leaves out every item behind `#[cfg(test)]`, and says which modules of tests have files of their own.
fn without_tests(tokens: Vec<Token>) -> (Vec<Token>, Vec<TestModule>) {
    let (mut kept, mut modules, mut at) = (Vec::new(), Vec::new(), 0);
    while at < tokens.len() {
        if !is_attribute(&tokens, at) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        // All attributes of one item.
        let (start, mut for_tests, mut path) = (at, false, None);
        while is_attribute(&tokens, at) {
            let end = closing(&tokens, at + 1);
            let words: Vec<&str> = tokens[at..end]
                .iter()
                .map(|token| token.text.as_str())
                .collect();
            for_tests |=
                words.contains(&"cfg") && words.contains(&"test") && !words.contains(&"not");
            if let ["#", "[", "path", "=", name] = words[..] {
                path = Some(name.trim_matches('"').to_owned());
            }
            at = end + 1;
        }
        if !for_tests {
            kept.extend_from_slice(&tokens[start..at]);
            continue;
        }
        let end = item_end(&tokens, at);
        if let [word, name, end] = &tokens[at..=end]
            && (word.text.as_str(), end.text.as_str()) == ("mod", ";")
        {
            modules.push(TestModule {
                name: name.text.clone(),
                path,
            });
        }
        at = end + 1;
    }
    (kept, modules)
}

fn is_attribute(tokens: &[Token], at: usize) -> bool {
    let text = |at: usize| tokens.get(at).map(|token| token.text.as_str());
    text(at) == Some("#") && text(at + 1) == Some("[")
}

/// The last token of the item that starts at `at`.
fn item_end(tokens: &[Token], at: usize) -> usize {
    let end = find_at_depth_0(tokens, at, &["{", ";"]).expect("an item ends");
    if tokens[end].text == ";" {
        return end;
    }
    let end = closing(tokens, end);
    let followed = tokens.get(end + 1).is_some_and(|token| token.text == ";");
    if followed { end + 1 } else { end } // `use a::{b, c};`
}

/// The first of these signs from `at` on that stands in no round or square brackets.
fn find_at_depth_0(tokens: &[Token], at: usize, signs: &[&str]) -> Option<usize> {
    let mut depth = 0;
    for (place, token) in tokens.iter().enumerate().skip(at) {
        match token.text.as_str() {
            text if depth == 0 && signs.contains(&text) => return Some(place),
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The bracket that closes the one at `at`.
fn closing(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0;
    for (place, token) in tokens.iter().enumerate().skip(at) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth -= 1;
                if depth == 0 {
                    return place;
                }
            }
            _ => {}
        }
    }
    panic!("line {}: a bracket is not closed", tokens[at].line)
}

fn is_word(token: Option<&Token>) -> bool {
    let first = token.and_then(|token| token.text.chars().next());
    first.is_some_and(|first| first == '_' || first.is_alphabetic())
}

/// Writes out the names below `before` in the tree that starts at `at`; where it ends.
fn use_tree(tokens: &[Token], mut at: usize, before: &[String], names: &mut Vec<Name>) -> usize {
    let mut parts = before.to_vec();
    let line = tokens[at].line;
    loop {
        match tokens[at].text.as_str() {
            "::" => at += 1,
            "{" => {
                at += 1;
                while tokens[at].text != "}" {
                    at = use_tree(tokens, at, &parts, names);
                    if tokens[at].text == "," {
                        at += 1;
                    }
                }
                return at + 1;
            }
            "as" => at += 2,
            "," | "}" | ";" => break,
            "self" if !before.is_empty() => at += 1,
            word => {
                parts.push(word.to_owned());
                at += 1;
            }
        }
    }
    names.push(Name { parts, line });
    at
}

fn inline_path(tokens: &[Token], mut at: usize, names: &mut Vec<Name>) -> usize {
    let line = tokens[at].line;
    let mut parts = vec![tokens[at].text.clone()];
    while tokens.get(at + 1).is_some_and(|token| token.text == "::") && is_word(tokens.get(at + 2))
    {
        parts.push(tokens[at + 2].text.clone());
        at += 2;
    }
    if tokens.get(at + 1).is_some_and(|token| token.text == "!") && parts.len() == 1 {
        parts[0].push('!'); // a macro
    }
    names.push(Name { parts, line });
    at + 1
}

/// Replaces `self` and `super` at the beginning by the module they mean.
fn resolve(module: &[String], parts: Vec<String>) -> Vec<String> {
    let supers = parts.iter().take_while(|part| *part == "super").count();
    if supers == 0 && parts[0] != "self" || parts.len() == 1 {
        return parts;
    }
    let rest = if supers == 0 { 1 } else { supers };
    let base = module.len().saturating_sub(supers).max(1);
    module[..base]
        .iter()
        .cloned()
        .chain(parts.into_iter().skip(rest))
        .collect()
}
