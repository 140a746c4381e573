//! In which language a page speaks.

/// The two languages of this service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// For everybody who does not prefer the other.
    English,
    /// Simplified.
    Chinese,
}

impl Language {
    /// What an `Accept-Language` prefers, unless the reader has chosen.
    pub fn of(chosen: Option<&str>, accept_language: Option<&str>) -> Language {
        let list = chosen.or(accept_language).unwrap_or_default();
        let known = list.split(',').map(str::trim).find(|tag| {
            let tag = tag.to_ascii_lowercase();
            tag.starts_with("zh") || tag.starts_with("en")
        });
        match known {
            Some(tag) if tag.to_ascii_lowercase().starts_with("zh") => Language::Chinese,
            Some(_) | None => Language::English,
        }
    }

    /// One of two.
    pub fn pick<T>(self, english: T, chinese: T) -> T {
        match self {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }

    /// For `lang=""`.
    pub fn tag(self) -> &'static str {
        self.pick("en", "zh-CN")
    }
}
