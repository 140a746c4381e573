//! The files of a page for programs.

use serde_json::json;

use super::catalogue::{Catalogue, Preview, View};
use super::moment::iso_8601;

/// Writes what `view` shows of a page's files. `base_path` is where this service lives, `address` the same as people
/// reach it from elsewhere: `https://files.example.com/proxy`.
pub fn gallery_json(catalogue: &Catalogue, view: &View, base_path: &str, address: &str) -> Vec<u8> {
    let selection = catalogue.select(view);
    let page = &catalogue.page;
    let files: Vec<_> = selection
        .items
        .iter()
        .map(|item| {
            let (file, name) = (&item.file, item.file.path.as_deref());
            let pictured = name.filter(|_| item.preview() == Preview::Thumbnail);
            let thumbnail = pictured
                .map(|name| format!("{base_path}/download/thumbnails/{page}/{name}?width=300"));
            json!({
                "name": file.name,
                "path": name.map(|name| format!("{base_path}/{page}/{name}")),
                "url": name.map(|name| format!("{address}/{page}/{name}")),
                "type": item.kind.word(),
                "media_type": file.media_type,
                "bytes": file.bytes,
                "version": file.version,
                "modified": file.modified.map(iso_8601),
                "comment": file.comment,
                "thumbnail": thumbnail,
            })
        })
        .collect();
    let answer = json!({
        "page_id": page,
        "title": catalogue.title,
        "space": catalogue.space,
        "total": selection.total,
        "bytes": selection.bytes,
        "page": selection.number,
        "pages": selection.pages,
        "files": files,
    });
    let mut text = answer.to_string().into_bytes();
    text.push(b'\n');
    text
}
