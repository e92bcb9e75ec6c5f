//! The times of an index.yaml: RFC 3339, as strictly as Go reads it.

use crate::problem::Problem;

/// Seconds since 1970; `None` for Go's zero time, which says that nobody set one.
pub(super) fn seconds(text: &[u8]) -> Result<Option<i64>, Problem> {
    let read = whole_seconds(text).and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let time = read.ok_or_else(|| {
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

/// The time without its fraction, where it has the shape that Go demands; days in a month and hours in a day are
/// jiff's business.
fn whole_seconds(text: &[u8]) -> Option<String> {
    let (moment, rest) = text.split_at_checked(19)?;
    let zone = match rest {
        [b'.', rest @ ..] => match rest.iter().take_while(|byte| byte.is_ascii_digit()).count() {
            0 => return None,
            digits => &rest[digits..],
        },
        rest => rest,
    };
    let shape = moment.iter().zip(b"0000-00-00T00:00:00").all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        other => byte == other,
    });
    let two = |tens: u8, ones: u8, below: u8| {
        tens.is_ascii_digit() && ones.is_ascii_digit() && (tens - b'0') * 10 + (ones - b'0') < below
    };
    let known_zone = match *zone {
        [b'Z'] => true,
        [b'+' | b'-', a, b, b':', c, d] => two(a, b, 24) && two(c, d, 60),
        _ => false,
    };
    // A second 60 is no time for Go.
    if !shape || !known_zone || moment[17] > b'5' {
        return None;
    }
    Some(format!("{}{}", std::str::from_utf8(moment).ok()?, std::str::from_utf8(zone).ok()?))
}
