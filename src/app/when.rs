//! Times as people say them, and when such a text changes next: the screen
//! sleeps until then instead of waking up to look.

use jiff::{Timestamp, tz::TimeZone};

/// A text that ages, and when it will read differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aging {
    /// "3 min ago", "in 9 d".
    pub text: String,
    /// The moment at which it is out of date.
    pub until: Timestamp,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The distance from `now` to `time`: "now", "3 min ago", "in 214 d". Days are
/// the largest unit, since an owner plans in days.
pub fn relative(time: Timestamp, now: Timestamp) -> Aging {
    let distance = time.as_second() - now.as_second();
    let (unit, word) = unit(distance);
    let amount = match word {
        "" => 0,
        _ => distance.abs() / unit,
    };
    let text = match (amount, distance < 0) {
        (0, true) => "just now".to_owned(),
        (0, false) => "now".to_owned(),
        (_, true) => format!("{amount} {word} ago"),
        (_, false) => format!("in {amount} {word}"),
    };
    let until = now.as_second() + changes_in(time, now);
    let until = Timestamp::from_second(until).unwrap_or(Timestamp::MAX);
    Aging { text, until }
}

/// The unit in seconds that a distance is told in, and its word; none below a
/// minute.
fn unit(distance: i64) -> (i64, &'static str) {
    match distance.abs() {
        0..MINUTE => (MINUTE, ""),
        MINUTE..HOUR => (MINUTE, "min"),
        HOUR..DAY => (HOUR, "h"),
        _ => (DAY, "d"),
    }
}

/// In how many seconds the text of [`relative`] is out of date; at least one.
pub fn changes_in(time: Timestamp, now: Timestamp) -> i64 {
    let distance = time.as_second() - now.as_second();
    let (unit, _) = unit(distance);
    // A past time grows at the next full unit, a future one shrinks as soon as
    // the full unit is no longer there.
    match distance {
        ..0 => unit - distance.abs() % unit,
        0.. => distance % unit + 1,
    }
}

/// A length of time in one unit: "45 s", "90 d". Rounded up, so that what is
/// counted down ends at one; but days are counted when they are full.
pub fn length(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", (seconds + MINUTE - 1) / MINUTE),
        7200..172_800 => format!("{} h", (seconds + HOUR - 1) / HOUR),
        _ => format!("{} d", seconds / DAY),
    }
}

/// A window of time, in days where it is some: "30 days", "36 h".
pub fn window(seconds: u64) -> String {
    let day = DAY.unsigned_abs();
    match seconds / day {
        0 => length(seconds),
        _ if !seconds.is_multiple_of(day) => length(seconds),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// A moment in the owner's zone with its offset: `2026-04-01 09:30 +02:00`.
pub fn exact(time: Timestamp, zone: &TimeZone) -> String {
    let time = time.to_zoned_datetime(zone.clone());
    time.strftime("%Y-%m-%d %H:%M %:z").to_string()
}

/// The day of a moment in the owner's zone.
pub fn day(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned_datetime(zone.clone())
        .strftime("%Y-%m-%d")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn distances_read_as_people_say_them() {
        let now = 1_000_000_000;
        for (distance, text) in [
            (0, "now"),
            (-30, "just now"),
            (-180, "3 min ago"),
            (-7200, "2 h ago"),
            (-4 * DAY, "4 d ago"),
            (9 * DAY + 5, "in 9 d"),
            (214 * DAY, "in 214 d"),
            (59, "now"),
        ] {
            assert_eq!(relative(at(now + distance), at(now)).text, text);
        }
    }

    proptest! {
        #[test]
        fn a_text_holds_exactly_until_it_says(distance in -400 * DAY..400 * DAY) {
            let now = 1_000_000_000;
            let aging = relative(at(now + distance), at(now));
            let before = at(aging.until.as_second() - 1);
            prop_assert_eq!(&relative(at(now + distance), before).text, &aging.text);
            prop_assert_ne!(&relative(at(now + distance), aging.until).text, &aging.text);
        }
    }
}
