//! Dates and times for people: civil arithmetic on Unix milliseconds, without a calendar library in the wasm.

use parlor_protocol::Millis;

use crate::i18n::{I18n, Key};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// A day: the number of days since 1970-01-01.
pub type Day = i64;

/// Where the reader's clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// So many minutes east of UTC at all times. What the server can know, and so the first render in the browser too.
    Fixed(i32),
    /// The browser's own zone, summer time included.
    Browser,
}

impl Zone {
    /// Minutes east of UTC at this moment.
    #[must_use]
    pub fn minutes_at(self, at: Millis) -> i32 {
        match self {
            Self::Fixed(minutes) => minutes,
            Self::Browser => crate::clock::browser_offset(at),
        }
    }

    /// The day on the reader's calendar.
    #[must_use]
    pub fn day(self, at: Millis) -> Day {
        (at + i64::from(self.minutes_at(at)) * MINUTE).div_euclid(DAY)
    }

    /// `09:05`.
    #[must_use]
    pub fn hhmm(self, at: Millis) -> String {
        let minutes = (at + i64::from(self.minutes_at(at)) * MINUTE).div_euclid(MINUTE).rem_euclid(24 * 60);
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// `Saturday 21 November 2026, 09:05:07 (UTC+8)`.
    #[must_use]
    pub fn full(self, at: Millis, i18n: I18n) -> String {
        let second = at.div_euclid(1000).rem_euclid(60);
        let offset = self.minutes_at(at);
        let sign = if offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.abs() / 60, offset.abs() % 60);
        let minutes = if minutes == 0 { String::new() } else { format!(":{minutes:02}") };
        let (time, offset) = (format!("{}:{second:02}", self.hhmm(at)), format!("{sign}{hours}{minutes}"));
        let date = date(Key::DateWithYear, self.day(at), i18n);
        i18n.format(Key::DateTime, &[("date", &date), ("time", &time), ("offset", &offset)])
    }
}

/// `Today`, `Yesterday`, `Saturday 21 November`, and with the year when it is not this one.
#[must_use]
pub fn day_label(day: Day, today: Day, i18n: I18n) -> String {
    match today - day {
        0 => i18n.t(Key::Today).to_owned(),
        1 => i18n.t(Key::Yesterday).to_owned(),
        _ if civil(day).0 == civil(today).0 => date(Key::Date, day, i18n),
        _ => date(Key::DateWithYear, day, i18n),
    }
}

/// `2026-11-21T09:05:07Z`, for machines.
#[must_use]
pub fn iso(at: Millis) -> String {
    let (year, month, day) = civil(at.div_euclid(DAY));
    let seconds = at.div_euclid(1000).rem_euclid(24 * 60 * 60);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

const WEEKDAYS: [Key; 7] =
    [Key::Monday, Key::Tuesday, Key::Wednesday, Key::Thursday, Key::Friday, Key::Saturday, Key::Sunday];

const MONTHS: [Key; 12] = [
    Key::January,
    Key::February,
    Key::March,
    Key::April,
    Key::May,
    Key::June,
    Key::July,
    Key::August,
    Key::September,
    Key::October,
    Key::November,
    Key::December,
];

/// Formats a day in the order of the language.
fn date(form: Key, day: Day, i18n: I18n) -> String {
    let (year, month, date) = civil(day);
    // 1970-01-01 was a Thursday.
    let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap_or(0);
    let (year, date) = (year.to_string(), date.to_string());
    let (weekday, month) = (i18n.t(WEEKDAYS[weekday]), i18n.t(MONTHS[month - 1]));
    let parts = [("weekday", weekday), ("day", &date), ("month", month), ("year", &year)];
    i18n.format(form, &parts)
}

/// Year, month (1-12) and day of the month (1-31) in the Gregorian calendar.
///
/// Years begin in March here, so that the leap day is the last of its year; 400 years have 146,097 days.
fn civil(day: Day) -> (i64, usize, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let date = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, usize::try_from(month).unwrap_or(1), date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Language;
    use proptest::prelude::*;

    const AT: Millis = 1_795_252_027_000; // 2026-11-21T09:07:07Z

    #[test]
    fn a_known_moment() {
        assert_eq!(iso(AT), "2026-11-21T09:07:07Z");
        assert_eq!(Zone::Fixed(0).hhmm(AT), "09:07");
        assert_eq!(Zone::Fixed(330).hhmm(AT), "14:37");
        let [english, chinese] = [Language::English, Language::Chinese].map(I18n::new);
        assert_eq!(Zone::Fixed(-600).full(AT, english), "Friday 20 November 2026, 23:07:07 (UTC-10)");
        assert_eq!(Zone::Fixed(330).full(AT, english), "Saturday 21 November 2026, 14:37:07 (UTC+5:30)");
        assert_eq!(Zone::Fixed(330).full(AT, chinese), "2026年11月21日 星期六 14:37:07（UTC+5:30）");
        assert_eq!(iso(-1), "1969-12-31T23:59:59Z");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00Z");
    }

    #[test]
    fn days_have_names() {
        let today = Zone::Fixed(0).day(AT);
        for (days, english, chinese) in [
            (0, "Today", "今天"),
            (1, "Yesterday", "昨天"),
            (2, "Thursday 19 November", "11月19日 星期四"),
            (6, "Sunday 15 November", "11月15日 星期日"),
            (366, "Thursday 20 November 2025", "2025年11月20日 星期四"),
        ] {
            let labels = [Language::English, Language::Chinese]
                .map(|language| day_label(today - days, today, I18n::new(language)));
            assert_eq!(labels, [english, chinese]);
        }
    }

    #[test]
    fn months_follow_each_other() {
        // The 15th of each month of 2026.
        let days = (0..12).map(|month| 20_467 + month * 30 + (month * 5 + 3) / 10);
        let months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October"];
        for (day, month) in days.zip(months.into_iter().chain(["November", "December"])) {
            assert!(date(Key::Date, day, I18n::default()).ends_with(month), "{day} {month}");
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
