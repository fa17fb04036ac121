//! Days and times of the user. The server, and the browser's first render, show neutral text at a fixed offset from UTC, so
//! that both make the same HTML. Once the page runs, it shows what the browser's `Intl` makes of it.

use parlor_protocol::Millis;

use crate::{
    i18n::{I18n, Key},
    intl,
};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// A day: the number of days since 1970-01-01.
pub type Day = i64;

/// The user's time zone, and with it who formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// A fixed offset from UTC in minutes, and neutral text.
    Fixed(i32),
    /// The browser's zone, daylight saving time included, and its locale.
    Browser,
}

impl Zone {
    /// The offset from UTC at a time, in minutes.
    pub fn offset_at(self, at: Millis) -> i32 {
        match self {
            Self::Fixed(minutes) => minutes,
            Self::Browser => crate::clock::browser_offset(at),
        }
    }

    fn local(self, at: Millis) -> Millis {
        at + i64::from(self.offset_at(at)) * MINUTE
    }

    pub fn day(self, at: Millis) -> Day {
        self.local(at).div_euclid(DAY)
    }

    /// `09:05`.
    pub fn time(self, at: Millis) -> String {
        match self {
            Self::Fixed(_) => iso(self.local(at))[11..16].to_owned(),
            Self::Browser => intl::time(at),
        }
    }

    /// `2026-11-21 09:05:07 UTC+8`; in the browser with the weekday.
    pub fn date_time(self, at: Millis) -> String {
        let Self::Fixed(offset) = self else { return intl::date_time(at) };
        let sign = if offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.abs() / 60, offset.abs() % 60);
        let minutes = if minutes == 0 { String::new() } else { format!(":{minutes:02}") };
        let local = iso(self.local(at));
        format!("{} {} UTC{sign}{hours}{minutes}", &local[..10], &local[11..19])
    }

    /// `Today`, `Yesterday`, or the date: `2026-11-19`; in the browser `Thursday 19 November`, with the year if it is not
    /// this one.
    pub fn day_label(self, day: Day, today: Day, i18n: I18n) -> String {
        match (today - day, self) {
            (0, _) => i18n.t(Key::Today).to_owned(),
            (1, _) => i18n.t(Key::Yesterday).to_owned(),
            (_, Self::Fixed(_)) => iso(day * DAY)[..10].to_owned(),
            (_, Self::Browser) => intl::day(day, year(day) != year(today)),
        }
    }

    /// `Ann, Bob, Cy`; in the browser `Ann, Bob and Cy`.
    pub fn list(self, items: &[&str]) -> String {
        match self {
            Self::Fixed(_) => items.join(", "),
            Self::Browser => intl::list(items),
        }
    }

    /// `1234`; in the browser `1,234`.
    pub fn number(self, number: u64) -> String {
        match self {
            Self::Fixed(_) => number.to_string(),
            Self::Browser => intl::number(number),
        }
    }
}

/// `2026-11-21T09:05:07Z`, for machines.
pub fn iso(at: Millis) -> String {
    let (year, month, day) = civil(at.div_euclid(DAY));
    let seconds = at.div_euclid(1000).rem_euclid(24 * 60 * 60);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn year(day: Day) -> i64 {
    civil(day).0
}

/// Year, month (1-12) and day of the month (1-31) in the Gregorian calendar.
///
/// Years begin in March here, so that the leap day is the last of its year; 400 years have 146,097 days.
fn civil(day: Day) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let date = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Language;
    use proptest::prelude::*;

    const AT: Millis = 1_795_252_027_000; // 2026-11-21T09:07:07Z

    #[test]
    fn times_are_formatted_at_an_offset() {
        assert_eq!(iso(AT), "2026-11-21T09:07:07Z");
        assert_eq!(Zone::Fixed(0).time(AT), "09:07");
        assert_eq!(Zone::Fixed(330).time(AT), "14:37");
        assert_eq!(Zone::Fixed(-600).date_time(AT), "2026-11-20 23:07:07 UTC-10");
        assert_eq!(Zone::Fixed(330).date_time(AT), "2026-11-21 14:37:07 UTC+5:30");
        assert_eq!(iso(-1), "1969-12-31T23:59:59Z");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00Z");
    }

    #[test]
    fn days_are_labelled() {
        let today = Zone::Fixed(0).day(AT);
        for (days, english, chinese) in [
            (0, "Today", "今天"),
            (1, "Yesterday", "昨天"),
            (2, "2026-11-19", "2026-11-19"),
            (366, "2025-11-20", "2025-11-20"),
        ] {
            let label = |language| Zone::Fixed(0).day_label(today - days, today, I18n::new(language));
            assert_eq!([Language::English, Language::Chinese].map(label), [english, chinese]);
        }
    }

    proptest! {
        #[test]
        fn days_follow_each_other(day in -800_000_i64..800_000) {
            let (year, month, date) = civil(day);
            let next = civil(day + 1);
            prop_assert!((1..=31).contains(&date) && (1..=12).contains(&month));
            prop_assert!(next == (year, month, date + 1) || next.2 == 1);
            prop_assert!(next > (year, month, date));
        }
    }
}
