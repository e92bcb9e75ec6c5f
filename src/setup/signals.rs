//! SIGINT and SIGTERM: the first one stops what is not begun, a second one everything.

use super::NoAnswer;
use crate::problem::Problem;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Set by the first SIGINT or SIGTERM: the wave that is under way is finished, and no other begun. A second one ends
/// the program at once; running again finishes what it began.
pub(super) fn stop_at_signal(stopped: Arc<AtomicBool>) {
    tokio::spawn(async move {
        if signal().await {
            stopped.store(true, Ordering::Relaxed);
            if signal().await {
                std::process::exit(130);
            }
        }
    });
}

/// Does something that writes to no channel, and leaves it at the first SIGINT or SIGTERM.
pub(super) async fn interruptible<T>(work: impl Future<Output = T>) -> Result<T, NoAnswer> {
    tokio::select! {
        done = work => Ok(done),
        true = signal() => {
            Err(Problem::new("stopped by a signal before anything was published").next("run again").passing().into())
        }
    }
}

/// Waits for SIGINT or SIGTERM; `false` where neither can be heard.
async fn signal() -> bool {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return false };
        tokio::select! {
            interrupt = tokio::signal::ctrl_c() => interrupt.is_ok(),
            _ = terminate.recv() => true,
        }
    }
    #[cfg(not(unix))]
    {
        tokio::signal::ctrl_c().await.is_ok()
    }
}
