//! Many worlds that begin alike: one for each case, some of them beside each other.

use super::{Run, World, online::Online};
use std::{
    any::Any,
    fmt::Debug,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Where these stories publish to; `oci` is the registry of the world.
pub const EVERYWHERE: [&str; 3] = ["releases", "pages", "oci"];

/// What worlds begin with: a repository, and what is published of it before the case begins.
pub struct Beginning {
    published: Option<World>,
    now: World,
}

impl Beginning {
    /// Nothing is published of these charts.
    pub fn of(charts: &[(&str, &str)]) -> Self {
        let mut world = World::new();
        add(&mut world, charts);
        Self { published: None, now: world }
    }

    /// The first is published everywhere, then the repository becomes the second.
    pub fn after(published: &[(&str, &str)], now: &[(&str, &str)]) -> Self {
        let mut world = World::new();
        add(&mut world, published);
        let before = world.copy();
        add(&mut world, now);
        Self { published: Some(before), now: world }
    }

    /// A world that begins so. No request is counted yet.
    pub fn world(&self) -> Online {
        let Some(published) = &self.published else { return Online::around(self.now.copy()) };
        let mut world = Online::around(published.copy());
        publish(&world, &[]).ends_with(0);
        world.become_repository(&self.now);
        world.front.clear();
        world
    }
}

fn add(world: &mut World, charts: &[(&str, &str)]) {
    for (name, version) in charts {
        world.chart(&format!("charts/{name}"), name, version);
    }
    world.commit("Change the charts");
}

/// `chart-release publish` to every channel.
pub fn publish(world: &Online, arguments: &[&str]) -> Run {
    let oci = world.oci();
    let channels = EVERYWHERE.map(|channel| if channel == "oci" { oci.as_str() } else { channel });
    world.publish_to(&channels, arguments)
}

/// Tries each case, as many at once as there are processors; in the end all that failed are told.
pub fn each<T: Debug + Sync>(cases: &[T], attempt: impl Fn(&T) + Sync) {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| attempt(case))) {
                failed.lock().expect("a list").push(format!("{case:?}: {}", told(panic.as_ref())));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().expect("a list");
    assert!(failed.is_empty(), "{} of {} failed\n{}", failed.len(), cases.len(), failed.join("\n\n"));
}

fn told(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked")
}
