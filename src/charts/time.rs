//! Times: RFC 3339 as Go reads and writes it, and the looser forms of YAML 1.1.

use jiff::civil;

/// The seconds since 1970 of an RFC 3339 time (`2024-01-02T03:04:05.6+07:00`), without its fraction; `None` for
/// what Go, and so Helm, does not read as one.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let mut rest = text;
    let date = date(&mut rest, 2)?;
    eat(&mut rest, "T")?;
    let clock = clock(&mut rest, 2)?;
    let east = zone(&mut rest)?;
    if !rest.is_empty() {
        return None;
    }
    let since = date.to_datetime(clock).duration_since(civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
    Some(since.as_secs() - east)
}

/// Seconds since 1970 as RFC 3339 in UTC: `2024-01-02T03:04:05Z`. `None` outside the years 0 to 9999, which it cannot
/// write.
pub(crate) fn rfc_3339(seconds: i64) -> Option<String> {
    const YEAR_0: i64 = -62_167_219_200;
    let time = jiff::Timestamp::from_second(seconds).ok().filter(|time| time.as_second() >= YEAR_0)?;
    Some(time.to_string())
}

/// Is this what the Go YAML library takes for a time? `2024-1-2`, `2024-01-02 3:04:05`, RFC 3339 with short fields.
pub(crate) fn looks_like_time(text: &str) -> bool {
    loose(text).is_some_and(str::is_empty)
}

/// What is left behind such a time.
fn loose(text: &str) -> Option<&str> {
    let mut rest = text;
    date(&mut rest, 1)?;
    if rest.is_empty() {
        return Some(rest);
    }
    if eat(&mut rest, " ").is_some() {
        clock(&mut rest, 1)?;
        return Some(rest);
    }
    eat(&mut rest, "T").or_else(|| eat(&mut rest, "t"))?;
    clock(&mut rest, 1)?;
    zone(&mut rest)?;
    Some(rest)
}

/// The same time with the digits that Go writes: no zeros at the end of the fraction, `Z` for UTC.
pub(crate) fn rewritten(text: &str) -> String {
    // `2020-01-01T00:00:00` is 19 characters, whatever follows: `seconds` has read it.
    let (seconds, rest) = text.split_at_checked(19).unwrap_or((text, ""));
    let digits = rest.strip_prefix(['.', ',']).unwrap_or("");
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    let zone = if digits.is_empty() { rest } else { &digits[length..] };
    let fraction = digits[..length.min(9)].trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    let zone = if matches!(zone, "+00:00" | "-00:00") { "Z" } else { zone };
    format!("{seconds}{dot}{fraction}{zone}")
}

fn eat(rest: &mut &str, text: &str) -> Option<()> {
    *rest = rest.strip_prefix(text)?;
    Some(())
}

/// A number of at least `least` and at most two digits.
fn pair(rest: &mut &str, least: usize) -> Option<i8> {
    let length = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if length < least {
        return None;
    }
    let (digits, after) = rest.split_at(length);
    *rest = after;
    digits.parse().ok()
}

fn date(rest: &mut &str, least: usize) -> Option<civil::Date> {
    let (year, after) =
        rest.split_at_checked(4).filter(|(year, _)| year.bytes().all(|b| b.is_ascii_digit()))?;
    *rest = after;
    eat(rest, "-")?;
    let month = pair(rest, least)?;
    eat(rest, "-")?;
    let day = pair(rest, least)?;
    civil::Date::new(year.parse().ok()?, month, day).ok()
}

/// The time of day without its fraction. A second 60 is none, for Go as for us.
fn clock(rest: &mut &str, least: usize) -> Option<civil::Time> {
    let hour = pair(rest, least)?;
    eat(rest, ":")?;
    let minute = pair(rest, least)?;
    eat(rest, ":")?;
    let second = pair(rest, least)?;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            // Go's strict RFC 3339 takes no comma.
            (least == 1 || rest.starts_with('.')).then_some(())?;
            *rest = &fraction[digits..];
        }
    }
    civil::Time::new(hour, minute, second, 0).ok()
}

/// How many seconds the zone is east of UTC.
fn zone(rest: &mut &str) -> Option<i64> {
    if eat(rest, "Z").is_some() {
        return Some(0);
    }
    let sign = if eat(rest, "-").is_some() { -1 } else { eat(rest, "+").map(|()| 1)? };
    let hours = pair(rest, 2)?;
    eat(rest, ":")?;
    let minutes = pair(rest, 2)?;
    (hours < 24 && minutes < 60).then(|| sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_from_versions() {
        for text in ["2024-01-01", "2024-1-1", "2024-02-29T1:2:3.5+02:00", "2024-01-01 00:00:00"] {
            assert!(looks_like_time(text), "{text}");
        }
        for text in ["2024-13-01", "2023-02-29", "2024-01-01T00:00:00", "24-01-01", "2024-01-01Z", "1.2.3"] {
            assert!(!looks_like_time(text), "{text}");
        }
    }

    #[test]
    fn times_are_read_as_go_reads_them() {
        assert_eq!(seconds("2024-05-06T07:08:09Z"), Some(1_714_979_289));
        assert_eq!(seconds("2024-05-06T07:08:09.123456789123Z"), Some(1_714_979_289));
        assert_eq!(seconds("2024-05-06T07:08:09.5+02:00"), Some(1_714_979_289 - 7200));
        assert_eq!(seconds("2024-05-06T07:08:09-05:30"), Some(1_714_979_289 + 19_800));
        assert_eq!(seconds("0001-01-01T00:00:00Z"), Some(-62_135_596_800));
        assert_eq!(seconds("9999-12-31T23:59:59-23:59"), Some(253_402_300_799 + 86_340));
        for text in [
            "",
            "yesterday",
            "2024-05-06",
            "2024-5-6T07:08:09Z",
            "2024-05-06T07:08:09",
            "2024-05-06t07:08:09z",
            "2024-05-06 07:08:09Z",
            "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-05-06T24:00:00Z",
            "2024-05-06T07:08:60Z",
            "2024-05-06T07:08:09.Z",
            "2024-05-06T07:08:09,5Z",
            "2024-05-06T07:08:09+24:00",
            "2024-05-06T07:08:09+0200",
            "2024-05-06T7:08:09Z",
            "2024-05-06T07:08:09Z ",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_is_written_in_utc() {
        assert_eq!(rfc_3339(1_714_979_289).as_deref(), Some("2024-05-06T07:08:09Z"));
        assert_eq!(rfc_3339(-62_167_219_200).as_deref(), Some("0000-01-01T00:00:00Z"));
        assert_eq!(rfc_3339(-62_167_219_201), None);
        assert_eq!(rfc_3339(i64::MAX), None);
    }

    #[test]
    fn a_time_is_written_as_go_writes_it() {
        assert_eq!(rewritten("2020-01-01T00:00:00.500Z"), "2020-01-01T00:00:00.5Z");
        assert_eq!(rewritten("2020-01-01T00:00:00.0+00:00"), "2020-01-01T00:00:00Z");
        assert_eq!(rewritten("2020-01-01T00:00:00+02:00"), "2020-01-01T00:00:00+02:00");
    }
}
