//! A sample Confluence for the tests in a browser: serves a directory, and stops when its standard input ends.
//!
//!     browser_confluence DIRECTORY
//!
//! DIRECTORY/7/a.png is the file a.png on page 7. Prints its address when it is ready.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use confluence_attachment_proxy::demo::{File, Options, SampleConfluence};

/// What an uploader's browser would say of a file, by the end of its name.
const TYPES: &[(&str, &str)] = &[
    ("mp4", "video/mp4"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("txt", "text/plain"),
];

fn main() -> io::Result<()> {
    let directory = std::env::args().nth(1).expect("expected DIRECTORY");
    let confluence = SampleConfluence::start(Options::default())?;
    for page in fs::read_dir(directory)? {
        let page = page?.path();
        let id = text(&page).parse().expect("a directory for each page id");
        confluence.name_page(id, "DOC", &format!("Page {id}"));
        for file in fs::read_dir(&page)? {
            let file = file?.path();
            let media_type = TYPES.iter().find(|(end, _)| text(&file).ends_with(end));
            let (_, media_type) = media_type.expect("a known type");
            confluence.put(id, &text(&file), File::new(media_type, fs::read(&file)?));
        }
    }
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", confluence.url())?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn text(path: &Path) -> String {
    let name = path.file_name().expect("it was listed");
    name.to_string_lossy().into_owned()
}
