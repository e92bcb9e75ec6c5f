//! How often a call is repeated, and what is done before a write is: a look at whether it was done after all.

use crate::problem::Problem;
use backon::{BackoffBuilder, ExponentialBuilder};
use std::time::Duration;

/// Why a call did not come to what was asked for.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It may go better soon: a time-out, a connection that broke, 5xx, a rate limit. A write may have been done.
    Passing {
        /// What went wrong.
        problem: Problem,
        /// What the other side asks to wait.
        after: Option<Duration>,
    },
    /// Repeating it would not help.
    Lasting(Problem),
}

impl Fault {
    /// One after which nobody asked to wait.
    pub fn passing(problem: Problem) -> Self {
        Self::Passing { problem, after: None }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self::Lasting(problem)
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Passing { problem, .. } => problem.passing(),
            Fault::Lasting(problem) => problem,
        }
    }
}

/// How often calls are repeated, with growing pauses between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How often one is made again after the first time.
    pub again: usize,
    /// The pause after the first failure; each next one is twice as long, and some chance is added to each.
    pub pause: Duration,
    /// The longest wait that another side may ask for; a run that would have to wait longer ends, to be run again.
    pub longest: Duration,
}

impl Patience {
    /// Makes a call that changes nothing, until it is answered.
    ///
    /// # Errors
    /// What lasts, and what did not pass in time.
    pub async fn read<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T, Problem>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let mut pauses = self.pauses();
        loop {
            match call().await {
                Ok(answer) => return Ok(answer),
                Err(fault) => self.wait(fault, &mut pauses).await?,
            }
        }
    }

    /// Makes a call that changes something, until it is done. When it is not known whether it was, `look` is asked
    /// before it is made again: what it gives is the answer.
    ///
    /// # Errors
    /// What lasts, and what did not pass in time.
    pub async fn write<T, F, L>(
        &self,
        mut call: impl FnMut() -> F,
        mut look: impl FnMut() -> L,
    ) -> Result<T, Problem>
    where
        F: Future<Output = Result<T, Fault>>,
        L: Future<Output = Result<Option<T>, Fault>>,
    {
        let mut pauses = self.pauses();
        loop {
            match call().await {
                Ok(answer) => return Ok(answer),
                Err(fault) => self.wait(fault, &mut pauses).await?,
            }
            while let Some(fault) = match look().await {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => None,
                Err(fault) => Some(fault),
            } {
                self.wait(fault, &mut pauses).await?;
            }
        }
    }

    fn pauses(&self) -> impl Iterator<Item = Duration> + use<> {
        ExponentialBuilder::new()
            .with_min_delay(self.pause)
            .with_max_delay(self.longest)
            .with_max_times(self.again)
            .with_jitter()
            .build()
    }

    /// Waits before the next time, or says why there is none.
    async fn wait(&self, fault: Fault, pauses: &mut impl Iterator<Item = Duration>) -> Result<(), Problem> {
        let (problem, after) = match fault {
            Fault::Passing { problem, after } => (problem, after),
            Fault::Lasting(problem) => return Err(problem),
        };
        let Some(pause) = pauses.next() else { return Err(problem.passing()) };
        let wait = match after {
            Some(asked) if asked > self.longest => {
                let what = format!("{}; it asks to wait {} s", problem.what, asked.as_secs());
                return Err(Problem { what, ..problem }.passing());
            }
            Some(asked) => asked.max(pause),
            None => pause,
        };
        if wait >= WORTH_TELLING {
            tracing::warn!("waiting {} s: {}", wait.as_secs(), problem.what);
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// A shorter wait is nothing that people notice.
const WORTH_TELLING: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    const AT_ONCE: Patience = Patience { again: 3, pause: Duration::ZERO, longest: Duration::from_secs(1) };

    fn broken() -> Fault {
        Fault::passing(Problem::new("the connection broke"))
    }

    #[tokio::test]
    async fn a_call_is_repeated_while_its_fault_may_pass() {
        let calls = Cell::new(0);
        let call = || {
            calls.set(calls.get() + 1);
            let made = calls.get();
            async move { if made < 3 { Err(broken()) } else { Ok(made) } }
        };
        assert_eq!(AT_ONCE.read(call).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_fault_that_lasts_is_told_at_once_and_one_that_does_not_pass_at_last() {
        let calls = Cell::new(0);
        let lasting = || {
            calls.set(calls.get() + 1);
            async { Err::<(), _>(Fault::Lasting(Problem::new("forbidden"))) }
        };
        assert!(!AT_ONCE.read(lasting).await.unwrap_err().passing);
        assert_eq!(calls.take(), 1);
        let passing = || {
            calls.set(calls.get() + 1);
            async { Err::<(), _>(broken()) }
        };
        assert!(AT_ONCE.read(passing).await.unwrap_err().passing);
        assert_eq!(calls.get(), 4);
    }

    #[tokio::test]
    async fn a_write_that_was_done_after_all_is_not_made_again() {
        let done = Cell::new(0);
        let write = || {
            done.set(done.get() + 1);
            async { Err(broken()) }
        };
        let look = || {
            let done = done.get();
            async move { Ok((done > 0).then_some("it is there")) }
        };
        assert_eq!(AT_ONCE.write(write, look).await.unwrap(), "it is there");
        assert_eq!(done.get(), 1);
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_is_bearable() {
        let fault = || {
            let problem = Problem::new("too many requests");
            Fault::Passing { problem, after: Some(Duration::from_secs(3600)) }
        };
        let problem = AT_ONCE.read(|| async { Err::<(), _>(fault()) }).await.unwrap_err();
        assert!(problem.passing);
        assert_eq!(problem.what, "too many requests; it asks to wait 3600 s");
    }
}
