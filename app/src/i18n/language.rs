//! The languages of the page, which of them a reader gets, and how each of them counts.

/// A language of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// All of them, in the order in which the page offers them.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// Its tag (BCP 47): in the cookie, in the document, in headers.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-Hans",
        }
    }

    /// What it calls itself: who looks for it may read no other.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "中文",
        }
    }

    /// The language with exactly this tag.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// What a reader gets who asks so: the first that there is, by quality and then by place (RFC 9110, section 12.5.4;
    /// lookup of RFC 4647, section 3.4). English where nothing fits.
    ///
    /// Whoever asks for traditional Chinese gets the simplified: it is the nearer of the two.
    #[must_use]
    pub fn asked(accept_language: &str) -> Self {
        let mut best = None;
        for range in accept_language.split(',') {
            let (tag, quality) = range.split_once(';').map_or((range, 1.0), |(tag, rest)| (tag, quality(rest)));
            let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
            let language = match primary.as_str() {
                "zh" => Self::Chinese,
                "en" | "*" => Self::English,
                _ => continue,
            };
            if quality > 0.0 && best.is_none_or(|(_, most)| quality > most) {
                best = Some((language, quality));
            }
        }
        best.map_or_else(Self::default, |(language, _)| language)
    }

    /// How many forms a word has that stands with a number.
    #[must_use]
    pub const fn forms(self) -> usize {
        match self {
            Self::English => 2,
            Self::Chinese => 1,
        }
    }

    /// Which of them goes with this number (Unicode CLDR, plural rules for whole numbers): English has one for 1 and another
    /// for the rest, Chinese has one for all.
    #[must_use]
    pub const fn form(self, n: u64) -> usize {
        match self {
            Self::English if n == 1 => 0,
            Self::English => 1,
            Self::Chinese => 0,
        }
    }
}

/// The weight in the parameters of a range; one that cannot be read counts for nothing.
fn quality(parameters: &str) -> f32 {
    let weight = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
    weight.map_or(1.0, |weight| weight.trim().parse().ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::{Language::*, *};

    #[test]
    fn a_reader_gets_what_the_browser_asks_for() {
        for (accept, expected) in [
            ("", English),
            ("en-GB,en;q=0.9", English),
            ("zh", Chinese),
            ("zh-CN,zh;q=0.9,en;q=0.8", Chinese),
            ("zh-Hans", Chinese),
            ("zh-SG", Chinese),
            ("ZH-hans-CN", Chinese),
            ("zh-TW", Chinese),
            ("zh-Hant,en;q=0.5", Chinese),
            ("zho", English),
            ("de", English),
            ("de,en;q=0.7,zh;q=0.9", Chinese),
            ("de,zh;q=0.7,en;q=0.9", English),
            ("en;q=0.8, zh;q=0.8", English),
            ("zh;q=0.8, en;q=0.8", Chinese),
            ("zh;q=0, en;q=0.1", English),
            ("zh;q=0", English),
            ("zh;q=2, en;q=0.1", English),
            ("zh;q=nan, en;q=0.1", English),
            ("zh ; q=0.5 , *;q=0.4", Chinese),
            ("*", English),
            (";;;,,q=1,=", English),
        ] {
            assert_eq!(Language::asked(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn each_language_counts_by_its_own_rule() {
        for (n, english, chinese) in [(0, 1, 0), (1, 0, 0), (2, 1, 0), (11, 1, 0), (21, 1, 0), (101, 1, 0)] {
            assert_eq!((English.form(n), Chinese.form(n)), (english, chinese), "{n}");
        }
        for language in Language::ALL {
            assert!((0..200).all(|n| language.form(n) < language.forms()));
        }
    }

    #[test]
    fn tags_name_their_language() {
        for language in Language::ALL {
            assert_eq!(Language::of_tag(language.tag()), Some(language));
        }
        for tag in ["", "EN", "zh", "zh-Hant", "en\r\n"] {
            assert_eq!(Language::of_tag(tag), None);
        }
    }
}
