//! The form in which words are written down.

/// Makes the keys and, for each language, the list of their words.
///
/// ```
/// parlor_app::i18n! {
///     Hello: "Hello, {name}", "你好，{name}";
///     Waits: ["{n} message waits", "{n} messages wait"], ["{n} 条消息在等待"];
/// }
/// assert_eq!(CHINESE[Word::Hello as usize], "你好，{name}");
/// assert_eq!(ENGLISH[Word::Waits as usize], "{n} message waits|{n} messages wait");
/// ```
///
/// What has no Chinese is not compiled:
///
/// ```compile_fail
/// parlor_app::i18n! {
///     Hello: "Hello, {name}";
/// }
/// ```
///
/// Nor what has not each form that its language counts with, here the English one for many:
///
/// ```compile_fail
/// parlor_app::i18n! {
///     Waits: ["{n} message waits"], ["{n} 条消息在等待"];
/// }
/// ```
#[macro_export]
macro_rules! words {
    ($($key:ident: $english:tt, $chinese:tt;)+) => {
        /// Names words.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Word {
            $(#[doc = $crate::english!($english)] $key,)+
        }

        /// All keys.
        pub const WORDS: &[Word] = &[$(Word::$key),+];
        /// The words of each key.
        pub const ENGLISH: &[&str] = &[$($crate::english!($english)),+];
        /// The words of each key.
        pub const CHINESE: &[&str] = &[$($crate::chinese!($chinese)),+];
    };
}

/// One text, or one for 1 and one for other numbers.
#[doc(hidden)]
#[macro_export]
macro_rules! english {
    ([$one:literal, $other:literal]) => {
        concat!($one, "|", $other)
    };
    ($text:literal) => {
        $text
    };
}

/// One text, whatever the number.
#[doc(hidden)]
#[macro_export]
macro_rules! chinese {
    ([$text:literal]) => {
        $text
    };
    ($text:literal) => {
        $text
    };
}
