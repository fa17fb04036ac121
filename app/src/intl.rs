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

/// Making a formatter is slow, so each is made once, when it is first needed.
#[derive(Default)]
struct Formatters {
    time: OnceCell<Function>,
    date_time: OnceCell<Function>,
    day: OnceCell<Function>,
    day_with_year: OnceCell<Function>,
    list: OnceCell<ListFormat>,
    number: OnceCell<Function>,
}

thread_local! {
    static FORMATTERS: Formatters = Formatters::default();
}

fn date_time_format(set: impl FnOnce(&DateTimeFormatOptions)) -> Function {
    let options = DateTimeFormatOptions::new();
    set(&options);
    DateTimeFormat::new(&locales(), &options).format()
}

fn set_day(options: &DateTimeFormatOptions) {
    // A day has no time zone: it is formatted as its midnight in UTC.
    options.set_time_zone("UTC");
    options.set_weekday(WeekdayFormat::Long);
    options.set_day(DayFormat::Numeric);
    options.set_month(MonthFormat::Long);
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
    let new = || date_time_format(|options| options.set_time_style(DateTimeStyle::Short));
    FORMATTERS.with(|formatters| call(formatters.time.get_or_init(new), at))
}

/// `Saturday 21 November 2026 at 09:05:07 GMT+8`.
pub(crate) fn date_time(at: Millis) -> String {
    let set = |options: &DateTimeFormatOptions| {
        options.set_date_style(DateTimeStyle::Full);
        options.set_time_style(DateTimeStyle::Long);
    };
    FORMATTERS.with(|formatters| call(formatters.date_time.get_or_init(|| date_time_format(set)), at))
}

/// `Saturday 21 November`, and its year if asked for.
pub(crate) fn day(day: Day, with_year: bool) -> String {
    let set = |options: &DateTimeFormatOptions| {
        set_day(options);
        if with_year {
            options.set_year(YearFormat::Numeric);
        }
    };
    FORMATTERS.with(|formatters| {
        let formatter = if with_year { &formatters.day_with_year } else { &formatters.day };
        call(formatter.get_or_init(|| date_time_format(set)), day * DAY_MS)
    })
}

/// `Ann, Bob and Cy`.
pub(crate) fn list(items: &[&str]) -> String {
    let items: Array = items.iter().map(|item| JsValue::from_str(item)).collect();
    let new = || ListFormat::new(&locales(), &Object::new());
    FORMATTERS.with(|formatters| formatters.list.get_or_init(new).format(&items).into())
}

/// `1,234`.
pub(crate) fn number(number: u64) -> String {
    let new = || NumberFormat::new(&locales(), &Object::new()).format();
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    FORMATTERS.with(|formatters| call(formatters.number.get_or_init(new), number))
}
