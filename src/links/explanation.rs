//! What a link is, in words for who has pasted it.

use super::link::{Meaning, Mistake};
use crate::router::Reason;

/// A sentence in both languages, without the full stop at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Begins with a small letter.
    pub english: String,
    /// The same in Chinese.
    pub chinese: String,
}

impl Meaning {
    /// What there is to say about a link; nothing about one of a file.
    pub fn explanation(&self) -> Option<Explanation> {
        let (english, chinese) = match self {
            Meaning::File(_) => return None,
            Meaning::Page(_) => (
                "this is a page, not a file: here is the list of its files",
                "这是页面，不是文件：下面是该页面的文件列表",
            ),
            Meaning::Unnamed(_) => (
                "the address does not say the file's name: look for it in the list of the page's files",
                "该地址不含文件名：请在页面的文件列表中查找",
            ),
            Meaning::Ours => (
                "this is a link of this service already",
                "这已经是本服务的链接",
            ),
            Meaning::Mistake(mistake) => return Some(mistake.explanation()),
        };
        Some(said(english, chinese))
    }
}

impl Mistake {
    /// What is wrong, and what would be right.
    pub fn explanation(&self) -> Explanation {
        let (english, chinese) = match self {
            Mistake::TitleOnly => (
                "this names a page by its title, and its page id is not in it: open it in Confluence, choose Page Information in the menu ···, and take that address, which has pageId=123456; or take the link of the file itself",
                "该链接只有页面标题，没有页面 ID：请在 Confluence 中打开该页面，在「···」菜单中选择「页面信息」，复制那里含有 pageId=123456 的地址；也可以直接复制文件自己的链接",
            ),
            Mistake::Space => (
                "this is the start of a space, not a page with a number: open the page that has the file, and take its address",
                "这是空间首页，不是带编号的页面：请打开文件所在的页面，再复制它的地址",
            ),
            Mistake::AttachmentId => (
                "this has the id of an attachment (att123456) where the id of its page belongs: that is the number in the page's address, pageId=123456 or /pages/123456/",
                "该地址中是附件自己的 ID（att123456），这里应当是页面 ID：即页面地址中的数字，pageId=123456 或 /pages/123456/",
            ),
            Mistake::Bad(reason) => return because(reason),
            Mistake::Unknown => (
                "this is in Confluence, but neither a file nor a page",
                "这在 Confluence 中，但既不是文件也不是页面",
            ),
            Mistake::Outside => (
                "this is on Confluence's host, but not in Confluence",
                "这在 Confluence 的主机上，但不在 Confluence 中",
            ),
            Mistake::Elsewhere => (
                "this is of another host: only links of the Confluence that stands behind this service can be turned",
                "这属于其他主机：只能转换本服务所连接的 Confluence 的链接",
            ),
            Mistake::Nothing => (
                "this is no link: one begins with https:// or http://",
                "这不是链接：链接以 https:// 或 http:// 开头",
            ),
        };
        said(english, chinese)
    }
}

fn said(english: &str, chinese: &str) -> Explanation {
    Explanation {
        english: english.to_owned(),
        chinese: chinese.to_owned(),
    }
}

fn because(reason: &Reason) -> Explanation {
    Explanation {
        english: format!("this is nearly the link of a file: {reason}"),
        chinese: format!("这几乎是文件链接：{}", reason.chinese()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Translator;

    #[test]
    fn whatever_is_no_file_is_explained_in_both_languages() {
        let translator = Translator::new("https://wiki/c", "http://files");
        for link in [
            "https://wiki/c/pages/viewpage.action?pageId=1",
            "https://wiki/c/rest/api/content/1/child/attachment/att2/download",
            "http://files/1/a.png",
            "https://wiki/c/display/A/B",
            "https://wiki/c/display/A",
            "https://wiki/c/download/attachments/att1/a.png",
            "https://wiki/c/download/attachments/1/%",
            "https://wiki/c/download/attachments/1/a%00",
            "https://wiki/c/x",
            "https://wiki/b",
            "https://other/",
            "",
        ] {
            let meaning = translator.meaning(link);
            let said = meaning.explanation().expect("it is no file");
            let first = said.english.chars().next();
            assert!(
                first.is_some_and(|first| first.is_ascii_lowercase()),
                "{link}"
            );
            assert!(
                !said.english.ends_with('.') && !said.chinese.ends_with('。'),
                "{link}"
            );
            assert!(
                !said.chinese.is_ascii() && said.english != said.chinese,
                "{link}"
            );
            assert!(!said.english.contains(char::is_control), "{link}");
        }
        let file = translator.meaning("https://wiki/c/download/attachments/1/a.png");
        assert_eq!(file.explanation(), None);
    }
}
