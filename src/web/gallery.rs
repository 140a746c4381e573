//! The files of a page for people: cards with small pictures, a filter, pages of fifty.

use super::catalogue::{Catalogue, FileKind, Item, Preview, Selection, Sort, View, ending};
use super::moment::{day, iso_8601};
use super::shell::{Language, Shell, escape, put};
use super::size::sized;

/// The badge of a file whose name has no ending.
const BADGE: &str = "FILE";

/// Where this service lives, and how its reader came.
#[derive(Clone, Copy, Debug)]
pub struct Entrance<'a> {
    /// The language of the page.
    pub language: Language,
    /// Where the API lives: `/proxy`.
    pub base_path: &'a str,
    /// The same as people reach it from elsewhere: `https://files.example.com/proxy`.
    pub address: &'a str,
    /// The canonical target.
    pub target: &'a str,
}

/// Renders what `view` shows of a page's files.
pub fn gallery(catalogue: &Catalogue, view: &View, entrance: &Entrance<'_>) -> String {
    let selection = catalogue.select(view);
    let language = entrance.language;
    let number = &catalogue.page;
    let title = match &catalogue.title {
        Some(title) => title.clone(),
        None => format!("{} {number}", language.pick("Page", "页面")),
    };
    let mut content = String::with_capacity(1024 + selection.items.len() * 1024);
    let heading = escape(&title);
    put(&mut content, format_args!("<h1>{heading}</h1>"));
    put_lead(&mut content, catalogue, language);
    if catalogue.files().len() == 0 {
        let empty = language.pick(
            "Nothing is attached to this page, or the account of this service may not see it.",
            "此页面没有附件，或者本服务的账号无权查看。",
        );
        put(&mut content, format_args!("<p class=\"card\">{empty}</p>"));
    } else {
        put_filter(&mut content, view, entrance, number);
        put_count(&mut content, &selection, view, language, catalogue);
        content.push_str("<div id=\"files\">");
        if selection.total == 0 {
            let nothing = language.pick(
                "No attachment of this page matches: use fewer letters, or another type.",
                "没有匹配的附件：请减少关键字，或选择其他类型。",
            );
            put(
                &mut content,
                format_args!("<p class=\"card\">{nothing}</p>"),
            );
        }
        content.push_str("<ul class=\"gallery\">");
        for item in &selection.items {
            put_card(&mut content, item, entrance, number);
        }
        content.push_str("</ul>");
        put_pages(&mut content, &selection, view, language);
        content.push_str("</div>");
    }
    let shell = Shell {
        language,
        title: &title,
        base_path: entrance.base_path,
        target: entrance.target,
    };
    shell.page(&content)
}

/// Where the page stands, and how much hangs on it.
fn put_lead(content: &mut String, catalogue: &Catalogue, language: Language) {
    let count = catalogue.files().len();
    let bytes: u64 = catalogue.files().filter_map(|file| file.bytes).sum();
    let (number, count, size) = (&catalogue.page, counted(count, language), sized(bytes));
    content.push_str("<p class=\"lead\">");
    if let Some(space) = &catalogue.space {
        let space = escape(space);
        let word = language.pick("Space", "空间");
        put(content, format_args!("{word} {space} · "));
    }
    let word = language.pick("page", "页面");
    put(
        content,
        format_args!("{word} {number} · {count} · {size}</p>"),
    );
}

fn put_filter(content: &mut String, view: &View, entrance: &Entrance<'_>, number: &str) {
    let language = entrance.language;
    let (base_path, words) = (escape(entrance.base_path), escape(&view.words));
    let name = language.pick("Name", "名称");
    put(
        content,
        format_args!(
            "<form class=\"filter\" role=\"search\" method=\"get\" action=\"{base_path}/{number}\" data-renews=\"count files\">\
             <div><label for=\"q\">{name}</label><input type=\"search\" id=\"q\" name=\"q\" value=\"{words}\" autocomplete=\"off\" spellcheck=\"false\"></div>"
        ),
    );
    let kinds = FileKind::ALL.map(|kind| (kind.word(), kind_name(kind, language)));
    let all = [("", language.pick("All", "全部"))];
    let chosen = view.kind.map_or("", FileKind::word);
    let options = all.into_iter().chain(kinds);
    put_choice(
        content,
        ("type", language.pick("Type", "类型")),
        options,
        chosen,
    );
    let sorts = Sort::ALL.map(|sort| (sort.word(), sort_name(sort, language)));
    put_choice(
        content,
        ("sort", language.pick("Sort by", "排序")),
        sorts,
        view.sort.word(),
    );
    if let Some(chosen) = &view.language {
        let chosen = escape(chosen);
        put(
            content,
            format_args!("<input type=\"hidden\" name=\"lang\" value=\"{chosen}\">"),
        );
    }
    let show = language.pick("Show", "显示");
    put(
        content,
        format_args!("<button class=\"main\">{show}</button></form>"),
    );
}

fn put_choice<'a>(
    content: &mut String,
    (name, label): (&str, &str),
    options: impl IntoIterator<Item = (&'a str, &'a str)>,
    chosen: &str,
) {
    put(
        content,
        format_args!(
            "<div><label for=\"{name}\">{label}</label><select id=\"{name}\" name=\"{name}\">"
        ),
    );
    for (value, text) in options {
        let selected = if value == chosen { " selected" } else { "" };
        put(
            content,
            format_args!("<option value=\"{value}\"{selected}>{text}</option>"),
        );
    }
    content.push_str("</select></div>");
}

/// How many files are meant, if not all.
fn put_count(
    content: &mut String,
    selection: &Selection<'_>,
    view: &View,
    language: Language,
    catalogue: &Catalogue,
) {
    content.push_str("<p id=\"count\" class=\"soft\" role=\"status\">");
    if view.is_narrow() {
        let size = sized(selection.bytes);
        let (found, all) = (selection.total, counted(catalogue.files().len(), language));
        let all_link = language.pick("Show all", "显示全部");
        match language {
            Language::English => put(content, format_args!("{found} of {all}, {size}")),
            Language::Chinese => put(content, format_args!("{all}中的 {found} 个，{size}")),
        }
        let address = View::parse("").with_language(view).address(1);
        let address = escape(&address);
        put(
            content,
            format_args!(" · <a href=\"{address}\">{all_link}</a>"),
        );
    }
    content.push_str("</p>");
}

fn put_card(content: &mut String, item: &Item, entrance: &Entrance<'_>, page: &str) {
    let file = &item.file;
    let (name, base_path) = (escape(&file.name), escape(entrance.base_path));
    let address = file.path.as_ref().map(|path| format!("{page}/{path}"));
    content.push_str("<li class=\"card\">");
    match &address {
        Some(address) => {
            put(
                content,
                format_args!(
                    "<a class=\"preview\" href=\"{base_path}/{address}\" tabindex=\"-1\" aria-hidden=\"true\">"
                ),
            );
            put_preview(content, item, &base_path, address);
            put(
                content,
                format_args!("</a><h2><a href=\"{base_path}/{address}\">{name}</a></h2>"),
            );
        }
        None => {
            content.push_str("<div class=\"preview\" aria-hidden=\"true\">");
            put_badge(content, item);
            put(content, format_args!("</div><h2>{name}</h2>"));
        }
    }
    content.push_str("<p class=\"soft\">");
    put_facts(content, item, entrance.language);
    content.push_str("</p>");
    if let Some(comment) = &file.comment {
        let comment = escape(comment);
        put(content, format_args!("<p class=\"comment\">{comment}</p>"));
    }
    put_deeds(content, entrance, &name, address.as_deref());
    content.push_str("</li>");
}

/// The file as a picture, if it has one. `address` is what stands behind the base path.
fn put_preview(content: &mut String, item: &Item, base_path: &str, address: &str) {
    let picture = match item.preview() {
        Preview::Thumbnail => format!("download/thumbnails/{address}?width=300"),
        Preview::Itself => address.to_owned(),
        Preview::Badge => return put_badge(content, item),
    };
    put(
        content,
        format_args!(
            "<img src=\"{base_path}/{picture}\" alt=\"\" loading=\"lazy\" decoding=\"async\">"
        ),
    );
}

fn put_badge(content: &mut String, item: &Item) {
    let ending = ending(&item.file.name).to_uppercase();
    let badge = escape(if ending.is_empty() { BADGE } else { &ending });
    let kind = item.kind.word();
    put(
        content,
        format_args!("<span class=\"badge {kind}\">{badge}</span>"),
    );
}

/// What can be done with a file, or why nothing can. `name` is escaped.
fn put_deeds(content: &mut String, entrance: &Entrance<'_>, name: &str, address: Option<&str>) {
    let language = entrance.language;
    let Some(address) = address else {
        let why = language.pick(
            "No address can hold this name, so there is no link: rename the file in Confluence, without / and \\ and with at most 255 bytes.",
            "任何地址都无法表示这个文件名，所以没有链接：请在 Confluence 中重命名该文件，名称中不要有 / 和 \\，且不超过 255 字节。",
        );
        return put(content, format_args!("<p class=\"nameless\">{why}</p>"));
    };
    let (base_path, outside) = (escape(entrance.base_path), escape(entrance.address));
    let download = language.pick("Download", "下载");
    let copy = language.pick("Copy link", "复制链接");
    put(
        content,
        format_args!(
            "<p class=\"deeds\"><a class=\"button\" href=\"{base_path}/{address}?download=true\" aria-label=\"{download}: {name}\">{download}</a>\
             <button type=\"button\" hidden data-copy-text=\"{outside}/{address}\" aria-label=\"{copy}: {name}\">{copy}</button></p>"
        ),
    );
}

/// Size, date and version, as far as they are known.
fn put_facts(content: &mut String, item: &Item, language: Language) {
    let mut separator = "";
    if let Some(bytes) = item.file.bytes {
        let size = sized(bytes);
        put(content, format_args!("{size}"));
        separator = " · ";
    }
    if let Some(modified) = item.file.modified {
        let (day, moment) = (day(modified), iso_8601(modified));
        put(
            content,
            format_args!("{separator}<time datetime=\"{moment}\" title=\"{moment}\">{day}</time>"),
        );
        separator = " · ";
    }
    if let Some(version) = item.file.version {
        match language {
            Language::English => put(content, format_args!("{separator}version {version}")),
            Language::Chinese => put(content, format_args!("{separator}版本 {version}")),
        }
    }
}

/// The other pages of the same: the first, the last, and those around this one.
fn put_pages(content: &mut String, selection: &Selection<'_>, view: &View, language: Language) {
    let (number, pages) = (selection.number, selection.pages);
    if pages == 1 {
        return;
    }
    let label = language.pick("Pages", "分页");
    put(
        content,
        format_args!("<nav class=\"pages\" aria-label=\"{label}\"><ul>"),
    );
    let link = |content: &mut String, to: usize, text: &str, rel: &str| {
        let address = escape(&view.address(to));
        put(
            content,
            format_args!("<li><a href=\"{address}\"{rel}>{text}</a></li>"),
        );
    };
    if 1 < number {
        let text = language.pick("Previous", "上一页");
        link(content, number - 1, text, " rel=\"prev\"");
    }
    let mut last = 0;
    for other in
        (1..=pages).filter(|other| [1, pages].contains(other) || other.abs_diff(number) <= 2)
    {
        if last + 1 != other {
            content.push_str("<li aria-hidden=\"true\">…</li>");
        }
        last = other;
        if other == number {
            put(
                content,
                format_args!("<li><strong aria-current=\"page\">{other}</strong></li>"),
            );
        } else {
            let word = language.pick("Page", "第");
            let label = format!(" aria-label=\"{word} {other}{}\"", language.pick("", " 页"));
            link(content, other, &other.to_string(), &label);
        }
    }
    if number < pages {
        let text = language.pick("Next", "下一页");
        link(content, number + 1, text, " rel=\"next\"");
    }
    content.push_str("</ul></nav>");
}

fn counted(count: usize, language: Language) -> String {
    match (language, count) {
        (Language::English, 1) => "1 attachment".to_owned(),
        (Language::English, count) => format!("{count} attachments"),
        (Language::Chinese, count) => format!("{count} 个附件"),
    }
}

fn kind_name(kind: FileKind, language: Language) -> &'static str {
    match kind {
        FileKind::Image => language.pick("Pictures", "图片"),
        FileKind::Video => language.pick("Videos", "视频"),
        FileKind::Audio => language.pick("Sound", "音频"),
        FileKind::Document => language.pick("Documents", "文档"),
        FileKind::Archive => language.pick("Archives", "压缩包"),
        FileKind::Other => language.pick("Others", "其他"),
    }
}

fn sort_name(sort: Sort, language: Language) -> &'static str {
    match sort {
        Sort::Name => language.pick("Name", "名称"),
        Sort::Newest => language.pick("Newest first", "最新优先"),
        Sort::Largest => language.pick("Largest first", "最大优先"),
    }
}
