//! What a table says, in the languages of the READMEs.

/// One phrase in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// For README.md, and for whoever runs the bench.
    pub english: String,
    /// For README.zh-CN.md.
    pub chinese: String,
}

impl Words {
    /// A phrase.
    pub fn new(english: impl Into<String>, chinese: impl Into<String>) -> Words {
        Words {
            english: english.into(),
            chinese: chinese.into(),
        }
    }
}
