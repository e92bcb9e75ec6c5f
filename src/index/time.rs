//! The times of an index.yaml.

use crate::{charts::time, problem::Problem};

/// Go's zero time, which says that nobody set one.
const NOBODYS: i64 = -62_135_596_800;

/// Seconds since 1970; `None` where nobody set a time.
pub(super) fn seconds(text: &[u8]) -> Result<Option<i64>, Problem> {
    let seconds = std::str::from_utf8(text).ok().and_then(time::seconds).ok_or_else(|| {
        let text = String::from_utf8_lossy(text);
        Problem::new(format!("\"{}\" is not a time (RFC 3339)", text.escape_debug()))
    })?;
    Ok(Some(seconds).filter(|seconds| *seconds != NOBODYS))
}

/// `2024-05-06T07:08:09Z`.
pub(super) fn text(seconds: i64) -> Result<String, Problem> {
    let what =
        || Problem::new(format!("{seconds} seconds since 1970 is no time that an index.yaml can hold"));
    time::rfc_3339(seconds).ok_or_else(what)
}
