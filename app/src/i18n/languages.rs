//! The languages, and which of them a reader gets.
//!
//! To add one, write its file in `languages/` (start from a copy of `en.rs`) and name it in `languages!` below.

#[cfg(any(not(feature = "browser"), feature = "csr"))]
use super::Key;
// The lab is a page of the server's.
#[cfg(not(feature = "browser"))]
use super::LabKey;

/// Writing direction, as in the `dir` attribute of HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    LeftToRight,
    RightToLeft,
}

impl Direction {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

/// What a language file says about its language.
struct Info {
    /// BCP 47 tag: in the cookie, the `lang` attribute and `Content-Language`.
    tag: &'static str,
    /// Name in the language itself.
    name: &'static str,
    direction: Direction,
    /// Primary subtags of `Accept-Language` that this language serves.
    accept: &'static [&'static str],
    /// Number of plural forms, and which of them goes with a number (Unicode CLDR, cardinal rules for whole numbers).
    plural: (usize, fn(u64) -> usize),
}

/// The content of a language file. The texts are left out of the browser build: the page carries those of its language.
macro_rules! language {
    (
        tag: $tag:literal,
        name: $name:literal,
        direction: $direction:ident,
        accept: $accept:expr,
        plural: $plural:expr,
        messages: { $($key:ident => $text:literal,)+ }
        lab: { $($lab_key:ident => $lab_text:literal,)+ }
    ) => {
        use super::*;

        pub(super) const INFO: Info = Info {
            tag: $tag,
            name: $name,
            direction: Direction::$direction,
            accept: &$accept,
            plural: $plural,
        };

        #[cfg(any(not(feature = "browser"), feature = "csr"))]
        pub(super) const fn message(key: Key) -> &'static str {
            match key {
                $(Key::$key => $text,)+
            }
        }

        #[cfg(not(feature = "browser"))]
        pub(super) const fn lab_message(key: LabKey) -> &'static str {
            match key {
                $(LabKey::$lab_key => $lab_text,)+
            }
        }
    };
}

/// Declares the languages by their files, in the order in which the page offers them. The first is the default.
macro_rules! languages {
    ($first:ident = $first_module:ident, $($language:ident = $module:ident,)*) => {
        mod $first_module;
        $(mod $module;)*

        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum Language {
            #[default]
            $first,
            $($language,)*
        }

        impl Language {
            pub const ALL: &[Self] = &[Self::$first, $(Self::$language,)*];

            const fn info(self) -> Info {
                match self {
                    Self::$first => $first_module::INFO,
                    $(Self::$language => $module::INFO,)*
                }
            }

            #[cfg(any(not(feature = "browser"), feature = "csr"))]
            pub(super) const fn message(self, key: Key) -> &'static str {
                match self {
                    Self::$first => $first_module::message(key),
                    $(Self::$language => $module::message(key),)*
                }
            }

            #[cfg(not(feature = "browser"))]
            pub(super) const fn lab_message(self, key: LabKey) -> &'static str {
                match self {
                    Self::$first => $first_module::lab_message(key),
                    $(Self::$language => $module::lab_message(key),)*
                }
            }
        }
    };
}

languages! {
    English = en,
    Chinese = zh_hans,
}

impl Language {
    /// BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        self.info().tag
    }

    /// Name in the language itself.
    pub const fn name(self) -> &'static str {
        self.info().name
    }

    /// Writing direction, as the value of the `dir` attribute.
    pub const fn dir(self) -> &'static str {
        self.info().direction.as_str()
    }

    /// The language with exactly this tag.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|language| language.tag() == tag)
    }

    /// Chooses a language by the value of `Accept-Language`: the supported one with the highest quality, the first of equals
    /// (RFC 9110, section 12.5.4); the default if none is supported.
    pub fn negotiate(accept_language: &str) -> Self {
        let mut best = None;
        for range in accept_language.split(',') {
            let (tag, quality) = range.split_once(';').map_or((range, 1.0), |(tag, rest)| (tag, quality(rest)));
            let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
            let language = match primary.as_str() {
                "*" => Self::default(),
                primary => match Self::ALL.iter().find(|language| language.info().accept.contains(&primary)) {
                    Some(language) => *language,
                    None => continue,
                },
            };
            if quality > 0.0 && best.is_none_or(|(_, most)| quality > most) {
                best = Some((language, quality));
            }
        }
        best.map_or_else(Self::default, |(language, _)| language)
    }

    pub const fn plural_forms(self) -> usize {
        self.info().plural.0
    }

    /// Index of the plural form for a number.
    pub fn plural_form(self, n: u64) -> usize {
        (self.info().plural.1)(n)
    }
}

/// The `q` parameter of a language range; 0 if it is invalid.
fn quality(parameters: &str) -> f32 {
    let weight = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
    weight.map_or(1.0, |weight| weight.trim().parse().ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::{Language::*, *};

    #[test]
    fn negotiation_follows_accept_language() {
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
            assert_eq!(Language::negotiate(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn plural_forms_follow_cldr() {
        for (n, english, chinese) in [(0, 1, 0), (1, 0, 0), (2, 1, 0), (11, 1, 0), (21, 1, 0), (101, 1, 0)] {
            assert_eq!((English.plural_form(n), Chinese.plural_form(n)), (english, chinese), "{n}");
        }
        for &language in Language::ALL {
            assert!((0..200).all(|n| language.plural_form(n) < language.plural_forms()));
        }
    }

    #[test]
    fn tags_round_trip() {
        for &language in Language::ALL {
            assert_eq!(Language::from_tag(language.tag()), Some(language));
        }
        for tag in ["", "EN", "zh", "zh-Hant", "en\r\n"] {
            assert_eq!(Language::from_tag(tag), None);
        }
    }
}
