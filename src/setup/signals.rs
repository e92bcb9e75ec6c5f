//! SIGINT and SIGTERM: the first one stops what is not begun, the same one again everything.

use super::NoAnswer;
use crate::problem::Problem;
use tokio::sync::watch;

/// Listens from the beginning of a run to its end, so that no signal falls between two parts of it.
pub(super) struct Signals(watch::Receiver<bool>);

impl Signals {
    /// Begins to listen. After the first signal the versions that are under way are finished, and no other begun. The same
    /// one again ends the program at once; running again finishes what it began. SIGTERM after SIGINT is how a runner of
    /// workflows cancels a job: it means what the first one meant. Where no signal can be heard, none comes.
    pub(super) fn listen() -> Self {
        let (tell, told) = watch::channel(false);
        let heard = heard();
        tokio::spawn(async move {
            if let Ok(mut heard) = heard {
                let mut before = Vec::new();
                loop {
                    let signal = heard.one().await;
                    if before.contains(&signal) {
                        tracing::warn!("stopped at once: the next run finishes what this one began");
                        std::process::exit(130);
                    }
                    before.push(signal);
                    tell.send_replace(true);
                }
            }
            tell.closed().await;
        });
        Self(told)
    }

    /// Whether the first one came.
    pub(super) fn came(&self) -> bool {
        *self.0.borrow()
    }

    /// Does something that writes to no channel, and leaves it at the first signal.
    pub(super) async fn interrupt<T>(&self, work: impl Future<Output = T>) -> Result<T, NoAnswer> {
        let mut told = self.0.clone();
        tokio::select! {
            done = work => Ok(done),
            Ok(_) = told.wait_for(|came| *came) => {
                Err(Problem::new("stopped by a signal before anything was published").next("run again").passing().into())
            }
        }
    }
}

#[cfg(unix)]
struct Heard(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
fn heard() -> std::io::Result<Heard> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok(Heard(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
}

#[cfg(unix)]
impl Heard {
    async fn one(&mut self) -> &'static str {
        tokio::select! {
            _ = self.0.recv() => "SIGINT",
            _ = self.1.recv() => "SIGTERM",
        }
    }
}

#[cfg(windows)]
struct Heard(tokio::signal::windows::CtrlC);

#[cfg(windows)]
fn heard() -> std::io::Result<Heard> {
    Ok(Heard(tokio::signal::windows::ctrl_c()?))
}

#[cfg(windows)]
impl Heard {
    async fn one(&mut self) -> &'static str {
        self.0.recv().await;
        "Ctrl-C"
    }
}
