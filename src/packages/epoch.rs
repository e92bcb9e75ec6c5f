//! The one time that stands in a package.

use crate::problem::Problem;

/// The time of every entry of a package, in seconds since 1970, where `SOURCE_DATE_EPOCH` does not say another:
/// 1980-02-01. A package depends on nothing but the chart's files, so it is always the same; and it is not 0, because
/// tools take 0 for "no time", and ZIP and FAT, into which packages get unpacked, begin in 1980, in local time.
pub const DEFAULT_TIME: u64 = 318_211_200;

/// Reads the value of `SOURCE_DATE_EPOCH`, in seconds since 1970, as Helm 4.3.1 does: empty is not set.
///
/// With an epoch, package [`Chart::stamped`](crate::charts::Chart::stamped) with it: Helm writes it into Chart.lock too.
///
/// # Errors
/// What is no decimal number, a negative one, and one above the largest `i64`.
pub fn parse_epoch(text: &str) -> Result<Option<u64>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let invalid = |why: &str| {
        Problem::new(format!("invalid SOURCE_DATE_EPOCH {text:?}: {why}"))
            .next("set it to the seconds since 1970, as `git log -1 --format=%ct` prints them, or unset it")
    };
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid("invalid syntax"));
    }
    let value: i64 = text.parse().map_err(|_| invalid("value out of range"))?;
    u64::try_from(value).map(Some).map_err(|_| invalid("must not be negative"))
}
