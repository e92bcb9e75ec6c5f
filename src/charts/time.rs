//! Times in Chart.lock and index.yaml: RFC 3339 as Go reads it, and the looser forms of YAML 1.1.

/// A time that stands as text in a document, read far enough to know that Helm can read it.
///
/// `strict` is RFC 3339 (`2024-01-02T03:04:05.6Z`), what Helm wants of `generated` and `created`.
pub(crate) fn is_rfc_3339(text: &str) -> bool {
    let mut rest = text;
    let date = date(&mut rest, 2).is_some();
    date && eat(&mut rest, "T")
        && clock(&mut rest, 2).is_some()
        && zone(&mut rest).is_some()
        && rest.is_empty()
}

/// Is this what the Go YAML library takes for a time? `2024-1-2`, `2024-01-02 3:04:05`, RFC 3339 with short fields.
pub(crate) fn looks_like_time(text: &str) -> bool {
    let mut rest = text;
    if date(&mut rest, 1).is_none() {
        return false;
    }
    if rest.is_empty() {
        return true;
    }
    if eat(&mut rest, " ") {
        return clock(&mut rest, 1).is_some() && rest.is_empty();
    }
    (eat(&mut rest, "T") || eat(&mut rest, "t"))
        && clock(&mut rest, 1).is_some()
        && zone(&mut rest).is_some()
        && rest.is_empty()
}

/// The same time with the digits that Go writes: no zeros at the end of the fraction, `Z` for UTC.
pub(crate) fn rewritten(text: &str) -> String {
    // `2020-01-01T00:00:00` is 19 characters, whatever follows; `is_rfc_3339` holds.
    let (seconds, rest) = text.split_at_checked(19).unwrap_or((text, ""));
    let digits = rest.strip_prefix(['.', ',']).unwrap_or("");
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    let zone = if digits.is_empty() { rest } else { &digits[length..] };
    let fraction = digits[..length.min(9)].trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    let zone = if matches!(zone, "+00:00" | "-00:00") { "Z" } else { zone };
    format!("{seconds}{dot}{fraction}{zone}")
}

fn eat(rest: &mut &str, text: &str) -> bool {
    match rest.strip_prefix(text) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

/// A number of at least `least` and at most two digits.
fn pair(rest: &mut &str, least: usize) -> Option<u32> {
    let length = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if length < least.max(1) {
        return None;
    }
    let (digits, after) = rest.split_at(length);
    *rest = after;
    digits.parse().ok()
}

fn date(rest: &mut &str, least: usize) -> Option<()> {
    let year = rest.get(..4).filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()))?;
    let year: u32 = year.parse().ok()?;
    *rest = &rest[4..];
    eat(rest, "-").then_some(())?;
    let month = pair(rest, least)?;
    eat(rest, "-").then_some(())?;
    let day = pair(rest, least)?;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=days).contains(&day).then_some(())
}

fn clock(rest: &mut &str, least: usize) -> Option<()> {
    let hour = pair(rest, least)?;
    eat(rest, ":").then_some(())?;
    let minute = pair(rest, least)?;
    eat(rest, ":").then_some(())?;
    let second = pair(rest, least)?;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            // Go's strict RFC 3339 takes no comma.
            (least == 1 || rest.starts_with('.')).then_some(())?;
            *rest = &fraction[digits..];
        }
    }
    (hour < 24 && minute < 60 && second < 60).then_some(())
}

fn zone(rest: &mut &str) -> Option<()> {
    if eat(rest, "Z") {
        return Some(());
    }
    (eat(rest, "+") || eat(rest, "-")).then_some(())?;
    let hours = pair(rest, 2)?;
    eat(rest, ":").then_some(())?;
    let minutes = pair(rest, 2)?;
    (hours < 24 && minutes < 60).then_some(())
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
    fn only_rfc_3339_is_a_time_of_a_lock() {
        assert!(is_rfc_3339("2020-01-01T00:00:00.123456789+02:00"));
        for text in
            ["", "foo", "2020-01-02", "2020-1-1T00:00:00Z", "2020-01-01T00:00:00", "2020-01-01t00:00:00Z"]
        {
            assert!(!is_rfc_3339(text), "{text}");
        }
    }

    #[test]
    fn a_time_is_written_as_go_writes_it() {
        assert_eq!(rewritten("2020-01-01T00:00:00.500Z"), "2020-01-01T00:00:00.5Z");
        assert_eq!(rewritten("2020-01-01T00:00:00.0+00:00"), "2020-01-01T00:00:00Z");
        assert_eq!(rewritten("2020-01-01T00:00:00+02:00"), "2020-01-01T00:00:00+02:00");
    }
}
