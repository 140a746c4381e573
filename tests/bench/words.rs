//! What a table says, in the languages of the READMEs.

/// One phrase in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// For README.md, and for whoever runs the bench.
    pub english: String,
    /// For README.zh-CN.md.
    pub chinese: String,
}

/// One of the languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// That of README.md.
    English,
    /// That of README.zh-CN.md.
    Chinese,
}

impl Words {
    /// The phrase in this language.
    pub fn of(&self, language: Language) -> &str {
        match language {
            Language::English => &self.english,
            Language::Chinese => &self.chinese,
        }
    }

    /// A phrase.
    pub fn new(english: impl Into<String>, chinese: impl Into<String>) -> Words {
        Words {
            english: english.into(),
            chinese: chinese.into(),
        }
    }
}
