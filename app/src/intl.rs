//! Formats dates, lists and numbers in the user's locale by the browser's `Intl`. Only for the browser: the server renders
//! neutral text, which the browser replaces after it has taken the page over.

use std::cell::OnceCell;

use js_sys::{
    Array, Function,
    Intl::{
        DateTimeFormat, DateTimeFormatOptions, DateTimeStyle, DayFormat, ListFormat, MonthFormat, NumberFormat,
        WeekdayFormat, YearFormat,
    },
    Object,
};
use parlor_protocol::Millis;
use wasm_bindgen::JsValue;

use crate::{browser, i18n::I18n, time::Day};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Making a formatter is slow, so each is made once.
struct Formatters {
    time: Function,
    date_time: Function,
    day: Function,
    day_with_year: Function,
    list: ListFormat,
    number: Function,
}

thread_local! {
    static FORMATTERS: OnceCell<Formatters> = const { OnceCell::new() };
}

fn with<T>(format: impl FnOnce(&Formatters) -> T) -> T {
    FORMATTERS.with(|formatters| format(formatters.get_or_init(Formatters::new)))
}

impl Formatters {
    fn new() -> Self {
        let locales = locales();
        let date_time = |options: &DateTimeFormatOptions| DateTimeFormat::new(&locales, options).format();
        let time = DateTimeFormatOptions::new();
        time.set_time_style(DateTimeStyle::Short);
        let full = DateTimeFormatOptions::new();
        full.set_date_style(DateTimeStyle::Full);
        full.set_time_style(DateTimeStyle::Long);
        let day = DateTimeFormatOptions::new();
        // A day has no time zone: it is formatted as its midnight in UTC.
        day.set_time_zone("UTC");
        day.set_weekday(WeekdayFormat::Long);
        day.set_day(DayFormat::Numeric);
        day.set_month(MonthFormat::Long);
        let without_year = date_time(&day);
        day.set_year(YearFormat::Numeric);
        Self {
            time: date_time(&time),
            date_time: date_time(&full),
            day: without_year,
            day_with_year: date_time(&day),
            list: ListFormat::new(&locales, &Object::new()),
            number: NumberFormat::new(&locales, &Object::new()).format(),
        }
    }
}

/// The user's preferred variants of the page's language, then the language itself: dates in another language than the
/// words around them would be hard to read.
fn locales() -> Array {
    let language = I18n::current().language().tag();
    let primary = language.split('-').next().unwrap_or(language);
    let preferred = browser::languages();
    let variants = preferred.iter().filter(|tag| tag.split('-').next() == Some(primary));
    variants.map(String::as_str).chain([language]).map(JsValue::from_str).collect()
}

#[allow(clippy::cast_precision_loss)]
fn call(formatter: &Function, number: i64) -> String {
    let text = formatter.call1(&JsValue::UNDEFINED, &JsValue::from_f64(number as f64));
    text.ok().and_then(|text| text.as_string()).unwrap_or_default()
}

/// `09:05`, or `9:05 AM`.
pub(crate) fn time(at: Millis) -> String {
    with(|formatters| call(&formatters.time, at))
}

/// `Saturday 21 November 2026 at 09:05:07 GMT+8`.
pub(crate) fn date_time(at: Millis) -> String {
    with(|formatters| call(&formatters.date_time, at))
}

/// `Saturday 21 November`, and its year if asked for.
pub(crate) fn day(day: Day, with_year: bool) -> String {
    with(|formatters| call(if with_year { &formatters.day_with_year } else { &formatters.day }, day * DAY_MS))
}

/// `Ann, Bob and Cy`.
pub(crate) fn list(items: &[&str]) -> String {
    let items: Array = items.iter().map(|item| JsValue::from_str(item)).collect();
    with(|formatters| formatters.list.format(&items).into())
}

/// `1,234`.
pub(crate) fn number(number: u64) -> String {
    with(|formatters| call(&formatters.number, i64::try_from(number).unwrap_or(i64::MAX)))
}
