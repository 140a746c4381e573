//! What is wrong with an address, in Chinese; `Display` says the same in English.

use super::query::THUMBNAIL_PIXELS_MAX;
use super::route::{Nowhere, Reason};
use crate::attachment::{FILE_NAME_BYTES_MAX, KeyError};

impl Nowhere {
    /// The same as its `Display`.
    pub fn chinese(self) -> &'static str {
        match self {
            Nowhere::Download => {
                "Confluence 的链接中以下几种可用：/download/attachments/{页面 ID}/{文件名}、\
             /download/thumbnails/{页面 ID}/{文件名}、\
             /download/attachments/embedded-page/{空间}/{标题}/{文件名} 和 \
             /download/attachments/embedded-blogpost/{空间}/{年}/{月}/{日}/{标题}/{文件名}"
            }
            Nowhere::Elsewhere => {
                "文件的地址是 {base path}/{页面 ID}/{文件名} 或 \
             {base path}/download/attachments/{页面 ID}/{文件名}"
            }
        }
    }
}

impl Reason {
    /// The same as its `Display`.
    pub fn chinese(&self) -> String {
        match self {
            Reason::Target => "请求的目标不是路径".into(),
            Reason::Escape => "地址中的 % 后面须有两位十六进制数字，% 本身写作 %25".into(),
            Reason::EmptySegment => "地址中有空的一段（//）".into(),
            Reason::Segments => "页面 ID 后面只能有一个文件名，且其中不含 /".into(),
            Reason::Session => "地址中带有会话（;jsessionid=），请去掉这一部分".into(),
            Reason::Key(why) => key(why),
            Reason::Version => format!("version 须是 1 到 {} 的数字", u32::MAX),
            Reason::Pixels { name } => {
                format!("{name} 须是 1 到 {} 的数字", THUMBNAIL_PIXELS_MAX)
            }
            Reason::Download => "download 须是 true 或 false".into(),
            Reason::Repeated { name } => format!("参数 {name} 出现了两次"),
        }
    }
}

fn key(why: &KeyError) -> String {
    match why {
        KeyError::PageId => "页面 ID 是 1 到 19 位数字，例如 123456".into(),
        KeyError::Empty => "文件名是空的".into(),
        KeyError::Dots => "“.”和“..”不是文件名".into(),
        KeyError::TooLong { bytes } => {
            format!("文件名有 {bytes} 字节，最多允许 {FILE_NAME_BYTES_MAX} 字节")
        }
        KeyError::Forbidden { character } => format!("文件名不能含有 {character:?}"),
        KeyError::NotUtf8 => "文件名解码后不是 UTF-8".into(),
        KeyError::Day => "博客文章的日期写作 2024/06/09".into(),
    }
}
