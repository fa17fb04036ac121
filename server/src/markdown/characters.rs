//! Classes of characters that decide where words, URLs and emphasis begin and end.

use parlor_protocol::validate;

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Letters of scripts without spaces, or with suffixes directly after a word: Chinese, Japanese, Korean, Thai and others of
/// Southeast Asia.
pub(super) const fn is_unspaced(c: char) -> bool {
    matches!(
        c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{2fff}'
            | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
            | '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' | '\u{ff66}'..='\u{ffef}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

/// Punctuation of these scripts.
pub(super) const fn is_unspaced_punctuation(c: char) -> bool {
    matches!(
        c,
        '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{303f}' | '\u{fe10}'..='\u{fe1f}' | '\u{fe30}'..='\u{fe4f}'
            | '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}'
    )
}

/// Characters that would change how an address is displayed, or not show in it.
pub(super) const fn is_hidden(c: char) -> bool {
    validate::is_invisible(c)
}

/// Code points that are for internal use only (Unicode, section 23.7). [`super::protect`] marks texts with them.
pub(super) const fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || c as u32 & 0xfffe == 0xfffe
}
