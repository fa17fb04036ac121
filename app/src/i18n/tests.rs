//! Checks of the texts in all languages.

use std::collections::BTreeSet;

use super::*;

/// Every key with its text in a language.
fn texts(language: Language) -> impl Iterator<Item = (String, &'static str)> {
    let messages = Key::ALL.iter().map(move |key| (format!("{key:?}"), language.message(*key)));
    messages.chain(LabKey::ALL.iter().map(move |key| (format!("lab {key:?}"), language.lab_message(*key))))
}

/// Every key with its text in English and in a language.
fn pairs() -> impl Iterator<Item = (Language, String, &'static str, &'static str)> {
    Language::ALL.iter().flat_map(|language| {
        let english = texts(Language::English);
        english.zip(texts(*language)).map(|((key, english), (_, text))| (*language, key, english, text))
    })
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).map(|rest| rest.split_once('}').map_or("not closed", |(name, _)| name)).collect()
}

#[test]
fn every_language_has_the_placeholders_of_english() {
    for (language, key, english, text) in pairs() {
        let expected = placeholders(english);
        assert!(expected.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase())), "{key}: {english}");
        for form in english.split(PLURAL_SEPARATOR).chain(text.split(PLURAL_SEPARATOR)) {
            assert_eq!(placeholders(form), expected, "{language:?} {key}: {form}");
        }
    }
}

#[test]
fn every_language_has_its_plural_forms() {
    let forms = |text: &str| text.split(PLURAL_SEPARATOR).count();
    for (language, key, english, text) in pairs() {
        let counted = forms(english) > 1;
        assert_eq!(forms(text), if counted { language.plural_forms() } else { 1 }, "{language:?} {key}: {text}");
        assert!(!counted || placeholders(english).contains("n"), "{key}");
    }
}

/// Some texts are put into HTML that is built by hand.
#[test]
fn texts_are_not_empty_and_contain_no_markup() {
    for (language, key, _, text) in pairs() {
        assert!(!text.trim().is_empty(), "{language:?} {key}");
        assert!(!text.contains(['<', '>', '&', '"', '\'']), "{language:?} {key}: {text}");
    }
}

#[test]
fn english_is_ascii_with_typographic_marks() {
    for (key, text) in texts(Language::English) {
        assert!(text.chars().all(|c| c.is_ascii() || matches!(c, '…' | '·' | '’' | '“' | '”' | '±')), "{key}: {text}");
    }
}

#[test]
fn chinese_is_translated_and_uses_chinese_punctuation() {
    for (key, text) in texts(Language::Chinese) {
        let is_chinese = text.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}' | '、' | '：' | '。' | '（'));
        assert!(is_chinese || key.ends_with("WebSocket"), "{key}: {text}");
        let wrong = text
            .chars()
            .zip(text.chars().skip(1))
            .any(|(before, mark)| !before.is_ascii() && matches!(mark, ',' | '.' | ';' | ':' | '?' | '!' | '(' | ')'));
        assert!(!wrong, "{key}: {text}");
        assert!(!text.contains('我'), "the reader is 你: {key}");
    }
}

#[test]
fn every_error_code_has_a_text() {
    let source = include_str!("../../../protocol/src/error_code.rs");
    let codes: Vec<_> = source.lines().filter_map(|line| line.split('"').nth(1)).collect();
    assert!(codes.len() > 15, "{codes:?}");
    for code in codes {
        assert!(Key::for_error(code).is_some(), "{code}");
    }
    assert_eq!(Key::for_error("of_a_newer_server"), None);
}

#[test]
fn plural_uses_the_form_for_the_number() {
    let [english, chinese] = [Language::English, Language::Chinese].map(I18n::new);
    let text = |n| [english, chinese].map(|i18n| i18n.plural(Key::NewMessageCount, n));
    assert_eq!(text(0), ["0 new messages", "0 条新消息"]);
    assert_eq!(text(1), ["1 new message", "1 条新消息"]);
    assert_eq!(text(2), ["2 new messages", "2 条新消息"]);
}

#[test]
fn values_are_not_formatted_again() {
    assert_eq!(format("{b}-{a}-{b}", &[("a", "{b}"), ("b", "{a}")]), "{a}-{b}-{a}");
    assert_eq!(format("nothing", &[]), "nothing");
}

#[test]
fn validation_errors_have_the_texts_of_the_protocol() {
    let [english, chinese] = [Language::English, Language::Chinese].map(I18n::new);
    let too_long = ValidationError::TooLong { chars: 40, limit: 32 };
    for error in [ValidationError::Empty, ValidationError::ForbiddenCharacter, too_long] {
        assert_eq!(english.validation_error(error), error.to_string());
    }
    assert_eq!(chinese.validation_error(too_long), "共 40 个字符，最多允许 32 个。");
}

#[cfg(feature = "ssr")]
#[test]
fn page_json_is_safe_in_a_script_element() {
    for language in Language::ALL {
        let json = page_json(*language);
        assert!(!json.contains('<'));
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap_or_default(), page_texts(*language));
    }
}

#[test]
fn away_is_not_left() {
    for language in Language::ALL {
        assert!(!language.message(Key::UsersLeft).contains(language.message(Key::Away)));
    }
}
