//! Work that blocks or computes goes away from the threads that everybody shares. A panic in it is a problem of the one
//! who asked (rule 8), told in one way.

use crate::problem::Problem;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;

/// Does work that blocks or computes. `doing` says what, as in "packaging demo@1.0.0".
///
/// # Errors
/// Those of the work, and a panic in it.
pub async fn blocking<T, E>(doing: &str, work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Problem> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(fault(doing).into()))
}

/// Does work that waits. `doing` says what.
///
/// # Errors
/// Those of the work, and a panic in it.
pub async fn guarded<T>(doing: &str, work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| Err(fault(doing)))
}

/// Does work on this thread. `doing` says what.
///
/// # Errors
/// Those of the work, and a panic in it.
pub fn caught<T, E: From<Problem>>(doing: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(fault(doing).into()))
}

fn fault(doing: &str) -> Problem {
    Problem::new(format!("{doing} ended in a fault of this program")).next("please report it, with the chart")
}
