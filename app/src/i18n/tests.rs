//! The table holds what the page counts on.

use std::collections::BTreeSet;

use parlor_protocol::CloseCode;

use super::*;

/// Key, English and Chinese of everything there is.
fn all() -> Vec<(String, &'static str, &'static str)> {
    let words = WORDS.iter().map(|word| (format!("{word:?}"), ENGLISH[*word as usize], CHINESE[*word as usize]));
    let codes = CODES.iter().map(|(code, english, chinese)| ((*code).to_owned(), *english, *chinese));
    words.chain(codes).chain(of_forms()).collect()
}

#[cfg(feature = "ssr")]
fn of_forms() -> Vec<(String, &'static str, &'static str)> {
    let forms = forms::WORDS.iter().zip(forms::ENGLISH.iter().zip(forms::CHINESE));
    let forms = forms.map(|(word, (english, chinese))| (format!("form {word:?}"), *english, *chinese));
    let lab = lab::WORDS.iter().zip(lab::ENGLISH.iter().zip(lab::CHINESE));
    forms.chain(lab.map(|(word, (english, chinese))| (format!("lab {word:?}"), *english, *chinese))).collect()
}

#[cfg(not(feature = "ssr"))]
const fn of_forms() -> Vec<(String, &'static str, &'static str)> {
    Vec::new()
}

fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).map(|place| place.split_once('}').map_or("not closed", |(name, _)| name)).collect()
}

#[test]
fn both_languages_have_the_same_places() {
    for (key, english, chinese) in all() {
        let forms: Vec<_> = english.split(FORMS).chain(chinese.split(FORMS)).map(places).collect();
        assert!(forms.iter().all(|form| *form == forms[0]), "{key}: {forms:?}");
        for place in &forms[0] {
            assert!(place.bytes().all(|byte| byte.is_ascii_lowercase()), "{key}: {place}");
        }
    }
}

#[test]
fn words_with_a_number_have_each_form_and_others_have_one() {
    for (key, english, chinese) in all() {
        let forms = |text: &str| text.split(FORMS).count();
        let counted = forms(english) > 1;
        let expected = if counted { Language::ALL.map(Language::forms) } else { [1, 1] };
        assert_eq!([forms(english), forms(chinese)], expected, "{key}");
        assert!(!counted || places(english).contains("n"), "{key}");
    }
}

#[test]
fn nothing_is_left_untranslated() {
    for (key, english, chinese) in all() {
        assert!(!english.trim().is_empty() && !chinese.trim().is_empty(), "{key}");
        let is_chinese = chinese.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}' | '、' | '：' | '。' | '（'));
        // Names of things stay as they are.
        assert!(is_chinese || matches!(key.as_str(), "Tag" | "WebSocket" | "lab WebSocket"), "{key}: {chinese}");
        assert!(
            english.chars().all(|c| c.is_ascii() || matches!(c, '…' | '·' | '’' | '“' | '”' | '±')),
            "{key}: {english}"
        );
    }
}

#[test]
fn chinese_has_its_own_punctuation() {
    for (key, _, chinese) in all() {
        let wrong = chinese
            .chars()
            .zip(chinese.chars().skip(1))
            .any(|(before, mark)| !before.is_ascii() && matches!(mark, ',' | '.' | ';' | ':' | '?' | '!' | '(' | ')'));
        assert!(!wrong, "{key}: {chinese}");
    }
}

/// Some stand in HTML that is put together by hand.
#[test]
fn words_are_no_markup() {
    for (key, english, chinese) in all() {
        assert!(!(english.to_owned() + chinese).contains(['<', '>', '&', '"', '\'']), "{key}");
    }
}

#[test]
fn every_code_of_the_server_has_words() {
    let codes = include_str!("../../../protocol/src/error_code.rs");
    let codes: Vec<_> = codes.lines().filter_map(|line| line.split('"').nth(1)).collect();
    assert!(codes.len() > 15, "{codes:?}");
    for words in Language::ALL.map(Words::new) {
        for code in &codes {
            assert!(words.code(code).is_some(), "{code}");
        }
        for code in CloseCode::ALL {
            assert!(words.code(&code.code().to_string()).is_some(), "{code:?}");
        }
        assert_eq!(words.code("of_a_newer_server"), None);
        assert_eq!(words.code("Tag"), None);
    }
}

#[test]
fn a_list_knows_its_language() {
    for language in Language::ALL {
        assert_eq!(Words::new(language).language(), language);
    }
}

#[test]
fn numbers_choose_their_form() {
    let [english, chinese] = Language::ALL.map(Words::new);
    let say = |n| [english, chinese].map(|words| words.count(Word::NewMessages, n));
    assert_eq!(say(0), ["0 new messages", "0 条新消息"]);
    assert_eq!(say(1), ["1 new message", "1 条新消息"]);
    assert_eq!(say(2), ["2 new messages", "2 条新消息"]);
}

#[test]
fn what_is_filled_in_is_not_looked_at_again() {
    assert_eq!(fill("{b}-{a}-{b}", &[("a", "{b}"), ("b", "{a}")]), "{a}-{b}-{a}");
    assert_eq!(fill("nothing", &[]), "nothing");
}

#[test]
fn why_a_text_is_not_taken() {
    let [english, chinese] = Language::ALL.map(Words::new);
    for invalid in
        [ValidationError::Empty, ValidationError::ForbiddenCharacter, ValidationError::TooLong { chars: 40, limit: 32 }]
    {
        // The protocol has the same in English, for programs that are no page.
        assert_eq!(english.invalid(invalid), invalid.to_string());
    }
    assert_eq!(chinese.invalid(ValidationError::TooLong { chars: 40, limit: 32 }), "共 40 个字符，最多允许 32 个。");
}

#[cfg(feature = "ssr")]
#[test]
fn the_list_is_json_that_cannot_end_its_element() {
    for language in Language::ALL {
        let json = json(language);
        assert!(!json.contains('<'));
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap_or_default(), list(language));
    }
}

#[cfg(feature = "ssr")]
#[test]
fn one_thing_has_one_word_in_the_chat_and_on_the_pages() {
    use forms::Word as Say;
    for words in Language::ALL.map(Words::new) {
        assert_eq!(words.of(Word::You), words.say(Say::You));
        assert_eq!(words.of(Word::AllPeople), words.say(Say::People));
        // Who is away has not left.
        assert!(!words.of(Word::WentOut).contains(words.of(Word::Away)));
    }
    for (key, _, chinese) in all() {
        assert!(!chinese.contains('我'), "the reader is 你, also here: {key}");
    }
}
