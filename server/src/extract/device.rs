//! Describes a client by its user agent, for the list of sessions.

/// Maximum length of the name of a program other than a browser, in characters.
const MAX_PROGRAM: usize = 24;

/// Browser and system according to `User-Agent` (RFC 9110, section 10.1.5); for other programs, its first product. A guess
/// that helps to recognise a device.
pub(super) fn describe(user_agent: &str) -> Option<String> {
    let has = |word: &str| user_agent.contains(word);
    // Browsers also name those that they are compatible with, after their own name: the first match counts.
    let browser = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let system = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |words: &[(&str, &'static str)]| words.iter().find(|(word, _)| has(word)).map(|(_, name)| *name);
    match (find(&browser), find(&system)) {
        (Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
        (Some(name), None) | (None, Some(name)) => Some(name.into()),
        (None, None) => {
            let is_word = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let program: String = user_agent.trim_start().chars().take_while(is_word).take(MAX_PROGRAM).collect();
            (!program.is_empty()).then_some(program)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_in_a_few_words() {
        for (agent, words) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
                "Chrome on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/139.0 Mobile Safari/604.1",
                "Chrome on iPhone",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0", "Firefox on Linux"),
            ("Mozilla/5.0 (Android 15; Mobile; rv:142.0) Gecko/142.0 Firefox/142.0", "Firefox on Android"),
            (
                "Mozilla/5.0 (Linux; Android 15; SM-S918B) AppleWebKit/537.36 SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36",
                "Samsung Internet on Android",
            ),
            ("curl/8.5.0", "curl"),
            ("a-very-long-name-of-a-program-indeed/1", "a-very-long-name-of-a-pr"),
        ] {
            assert_eq!(describe(agent).as_deref(), Some(words), "{agent}");
        }
        for nothing in ["", "  ", "<script>", "\"", "正确"] {
            assert_eq!(describe(nothing), None, "{nothing:?}");
        }
    }
}
