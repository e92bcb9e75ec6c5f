//! The times of an index.yaml: RFC 3339, as strictly as Go reads it.

use crate::problem::Problem;
use jiff::{civil, tz::Offset};

/// Seconds since 1970; `None` for Go's zero time, which says that nobody set one.
pub(super) fn seconds(text: &[u8]) -> Result<Option<i64>, Problem> {
    let time = read(text).ok_or_else(|| {
        Problem::new(format!("\"{}\" is not a time (RFC 3339)", String::from_utf8_lossy(text).escape_debug()))
    })?;
    Ok(Some(time.as_second()).filter(|seconds| *seconds != -62_135_596_800))
}

/// `2024-05-06T07:08:09Z`.
pub(super) fn text(seconds: i64) -> Result<String, Problem> {
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).map_err(|_| {
        Problem::new(format!("{seconds} seconds since 1970 is no time that an index.yaml can hold"))
    })
}

/// The time without its fraction.
fn read(text: &[u8]) -> Option<jiff::Timestamp> {
    let (moment, rest) = text.split_at_checked(19)?;
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.iter().any(|(at, separator)| moment[*at] != *separator) {
        return None;
    }
    let year = number(&moment[..2])? * 100 + number(&moment[2..4])?;
    let date = civil::Date::new(year, small(&moment[5..7])?, small(&moment[8..10])?).ok()?;
    // A second 60 is no time for Go, nor for this.
    let clock =
        civil::Time::new(small(&moment[11..13])?, small(&moment[14..16])?, small(&moment[17..])?, 0).ok()?;
    let zone = match rest {
        [b'.', rest @ ..] => match rest.iter().take_while(|byte| byte.is_ascii_digit()).count() {
            0 => return None,
            digits => &rest[digits..],
        },
        rest => rest,
    };
    let east = match zone {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), offset @ ..] if offset.len() == 5 && offset[2] == b':' => {
            let (hours, minutes) = (number(&offset[..2])?, number(&offset[3..])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = i32::from(hours) * 3600 + i32::from(minutes) * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    Offset::from_seconds(east).ok()?.to_timestamp(date.to_datetime(clock)).ok()
}

/// Two digits.
fn number(text: &[u8]) -> Option<i16> {
    let [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = text else { return None };
    Some(i16::from(tens - b'0') * 10 + i16::from(ones - b'0'))
}

fn small(text: &[u8]) -> Option<i8> {
    number(text).and_then(|number| i8::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_go_reads_them() {
        let read = |text: &str| seconds(text.as_bytes()).ok();
        assert_eq!(read("2024-05-06T07:08:09Z"), Some(Some(1_714_979_289)));
        assert_eq!(read("2024-05-06T07:08:09.123456789123Z"), Some(Some(1_714_979_289)));
        assert_eq!(read("2024-05-06T07:08:09.5+02:00"), Some(Some(1_714_979_289 - 7200)));
        assert_eq!(read("2024-05-06T07:08:09-05:30"), Some(Some(1_714_979_289 + 19_800)));
        assert_eq!(read("0001-01-01T00:00:00Z"), Some(None));
        for text in [
            "",
            "yesterday",
            "2024-05-06",
            "2024-05-06T07:08:09",
            "2024-05-06t07:08:09z",
            "2024-05-06 07:08:09Z",
            "2024-02-30T00:00:00Z",
            "2024-05-06T24:00:00Z",
            "2024-05-06T07:08:60Z",
            "2024-05-06T07:08:09.Z",
            "2024-05-06T07:08:09,5Z",
            "2024-05-06T07:08:09+24:00",
            "2024-05-06T07:08:09+0200",
            "2024-05-06T7:08:09Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_is_written_in_utc() {
        assert_eq!(text(1_714_979_289).ok().as_deref(), Some("2024-05-06T07:08:09Z"));
        assert!(text(i64::MAX).is_err());
    }
}
