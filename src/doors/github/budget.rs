//! How many writes are made, so that GitHub does not lock us out for an hour.

use crate::problem::Problem;
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Counts the writes of the last minute and hour. All writes of a version are taken before it is begun, so that what
/// was begun can be finished.
#[derive(Debug)]
pub struct Budget {
    per_minute: usize,
    per_hour: usize,
    taken: Mutex<VecDeque<Instant>>,
}

/// What is said to somebody who wants to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Go on: the writes are counted.
    Now,
    /// The minute is used up. Ask again after this time.
    In(Duration),
    /// The hour is used up for this long.
    NotThisHour(Duration),
}

impl Budget {
    /// So many writes in any minute, and in any hour.
    pub fn new(per_minute: u32, per_hour: u32) -> Self {
        let most = |number: u32| usize::try_from(number).unwrap_or(usize::MAX).max(1);
        Self { per_minute: most(per_minute), per_hour: most(per_hour), taken: Mutex::default() }
    }

    /// Takes so many writes at this time, all or none.
    pub fn take(&self, writes: usize, now: Instant) -> Turn {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while taken.front().is_some_and(|first| now.saturating_duration_since(*first) >= HOUR) {
            taken.pop_front();
        }
        if let Some(wait) = wait(&taken, writes, self.per_hour, HOUR, now) {
            return Turn::NotThisHour(wait);
        }
        if let Some(wait) = wait(&taken, writes, self.per_minute, MINUTE, now) {
            return Turn::In(wait);
        }
        taken.extend(std::iter::repeat_n(now, writes));
        Turn::Now
    }

    /// Takes so many writes, and waits for a minute to pass where that is needed. `doing` says what they are for.
    ///
    /// # Errors
    /// The hour is used up.
    pub async fn reserve(&self, writes: usize, doing: &str) -> Result<(), Problem> {
        let mut told = false;
        loop {
            let wait = match self.take(writes, Instant::now()) {
                Turn::Now => return Ok(()),
                Turn::In(wait) => wait,
                Turn::NotThisHour(wait) => return Err(self.used_up(wait)),
            };
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(
                    "{doing}: waiting {} s, GitHub takes {} writes a minute",
                    wait.as_secs() + 1,
                    self.per_minute
                );
            }
            tokio::time::sleep(wait).await;
        }
    }

    fn used_up(&self, wait: Duration) -> Problem {
        let minutes = wait.as_secs().div_ceil(60).max(1);
        let what = format!("GitHub takes {} writes an hour, and they are used up", self.per_hour);
        Problem::new(what)
            .next(format!("run again in {minutes} min: what is published stays, the rest follows"))
            .passing()
    }
}

/// How long until so many more writes fit into a time; `None` when they do now.
fn wait(
    taken: &VecDeque<Instant>,
    writes: usize,
    most: usize,
    span: Duration,
    now: Instant,
) -> Option<Duration> {
    let age = |at: &Instant| now.saturating_duration_since(*at);
    let recent = taken.iter().rev().take_while(|at| age(at) < span).count();
    // A version that needs more than the limit goes alone.
    let surplus = (recent + writes).saturating_sub(most).min(recent);
    if surplus == 0 {
        return None;
    }
    taken.get(taken.len() - recent + surplus - 1).map(|at| span.saturating_sub(age(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn a_burst_is_free_and_then_the_minute_has_to_pass() {
        let (budget, start) = (Budget::new(6, 100), Instant::now());
        assert_eq!(budget.take(3, start), Turn::Now);
        assert_eq!(budget.take(3, start + seconds(10)), Turn::Now);
        assert_eq!(budget.take(3, start + seconds(20)), Turn::In(seconds(40)));
        assert_eq!(budget.take(4, start + seconds(20)), Turn::In(seconds(50)));
        assert_eq!(budget.take(3, start + seconds(60)), Turn::Now);
    }

    #[tokio::test]
    async fn a_used_up_hour_is_told_and_passes() {
        let (budget, start) = (Budget::new(100, 6), Instant::now());
        assert_eq!(budget.take(4, start), Turn::Now);
        assert_eq!(budget.take(3, start + seconds(600)), Turn::NotThisHour(seconds(3000)));
        assert_eq!(budget.take(2, start + seconds(600)), Turn::Now);
        assert_eq!(budget.take(3, start + seconds(3600)), Turn::Now);
        let budget = Budget::new(100, 6);
        budget.reserve(6, "demo@1.0.0").await.unwrap();
        let problem = budget.reserve(3, "demo@1.1.0").await.unwrap_err();
        assert!(problem.passing);
        assert!(problem.next.unwrap().starts_with("run again in 60 min"));
    }

    #[test]
    fn more_than_the_limit_goes_alone() {
        let (budget, start) = (Budget::new(2, 100), Instant::now());
        assert_eq!(budget.take(4, start), Turn::Now);
        assert_eq!(budget.take(4, start + seconds(1)), Turn::In(seconds(59)));
        assert_eq!(budget.take(4, start + seconds(60)), Turn::Now);
    }
}
