//! How all benchmarks measure and tell: plain loops, in turn, the median and the best of them.

use std::{
    hint::black_box,
    process::{Command, Stdio},
    time::Instant,
};
use wait4::Wait4 as _;

/// What one go took.
pub struct Spent {
    seconds: f64,
    /// Of processes only.
    cost: Option<Cost>,
    /// Of processes that call a server in this one.
    requests: Option<usize>,
}

/// What processes cost the machine.
#[derive(Clone, Copy, Default)]
struct Cost {
    /// Of all processors together: what others do on the machine hardly changes it.
    processor_seconds: f64,
    /// The most memory that one of them held, in bytes.
    peak: u64,
}

/// One line of a table: what is done, and one go of it.
pub type Row<'a> = (&'a str, Box<dyn FnMut() -> Spent + 'a>);

/// A go of work in this process.
pub fn work<'a, T>(mut work: impl FnMut() -> T + 'a) -> Box<dyn FnMut() -> Spent + 'a> {
    Box::new(move || {
        let begun = Instant::now();
        black_box(work());
        Spent { seconds: begun.elapsed().as_secs_f64(), cost: None, requests: None }
    })
}

/// A go of other processes, one after the other, from the first one's start to the last one's end. What they print is
/// thrown away, and a failure ends the benchmark. Linux counts the memory of the process that starts another as that
/// one's too: measure memory from a small one.
pub fn processes<'a>(mut commands: impl FnMut() -> Vec<Command> + 'a) -> Box<dyn FnMut() -> Spent + 'a> {
    Box::new(move || {
        let mut commands = commands();
        let begun = Instant::now();
        let cost = commands.iter_mut().map(run).fold(Cost::default(), |sum, cost| Cost {
            processor_seconds: sum.processor_seconds + cost.processor_seconds,
            peak: sum.peak.max(cost.peak),
        });
        Spent { seconds: begun.elapsed().as_secs_f64(), cost: Some(cost), requests: None }
    })
}

/// A go of other processes that call a server in this one, which counts their requests. Their memory is not told: this
/// process is not small.
#[allow(dead_code, reason = "not every benchmark calls somebody")]
pub fn calls<'a>(
    commands: impl FnMut() -> Vec<Command> + 'a,
    requests: impl Fn() -> usize + 'a,
) -> Box<dyn FnMut() -> Spent + 'a> {
    let mut go = processes(commands);
    Box::new(move || {
        let spent = go();
        Spent { requests: Some(requests()), ..spent }
    })
}

/// Runs a command to its end.
fn run(command: &mut Command) -> Cost {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let ended = quiet.spawn().expect("it starts").wait4().expect("it ends");
    assert!(ended.status.success(), "{command:?} ended with {}", ended.status);
    let used = ended.rusage;
    Cost { processor_seconds: (used.utime + used.stime).as_secs_f64(), peak: used.maxrss }
}

/// Does all rows in turn, so that a busy moment of the machine hits all of them alike, and tells of each how long it
/// takes, compared with the first. One go of each before the first that counts.
pub fn table(title: &str, runs: usize, rows: &mut [Row<'_>]) {
    let mut spent: Vec<Vec<Spent>> = rows.iter().map(|_| Vec::with_capacity(runs)).collect();
    for run in 0..=runs {
        for ((_, go), spent) in rows.iter_mut().zip(&mut spent) {
            let gone = go();
            if run > 0 {
                spent.push(gone);
            }
        }
    }
    println!("{title}; {runs} goes of each");
    for ((what, _), goes) in rows.iter().zip(&spent) {
        let (best, median) = best_and_median(goes.iter().map(|spent| spent.seconds));
        let ratio = ratio(goes, &spent[0]);
        print!("  {what:44} median {median:9.2} ms, best {best:9.2} ms, {ratio:7.2} times the first");
        let costs: Vec<Cost> = goes.iter().filter_map(|spent| spent.cost).collect();
        if let Some(peak) = costs.iter().map(|cost| cost.peak).max() {
            let (_, processor) = best_and_median(costs.iter().map(|cost| cost.processor_seconds));
            print!("; {processor:9.2} ms of processors");
            let mut requests: Vec<usize> = goes.iter().filter_map(|spent| spent.requests).collect();
            requests.sort_unstable();
            match requests.get(requests.len() / 2) {
                Some(median) => print!(", {median} requests"),
                None => print!(", {:.1} MB", peak as f64 / 1e6),
            }
        }
        println!();
    }
    println!();
}

/// How many times as long as the first row, in the same round: the median of the rounds, because what else the machine
/// does changes from one to the next.
fn ratio(goes: &[Spent], first: &[Spent]) -> f64 {
    let ratios = goes.iter().zip(first).map(|(go, first)| go.seconds / first.seconds);
    best_and_median(ratios).1 / 1e3
}

/// In milliseconds, of seconds.
fn best_and_median(seconds: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut seconds: Vec<f64> = seconds.collect();
    seconds.sort_by(f64::total_cmp);
    (seconds[0] * 1e3, seconds[seconds.len() / 2] * 1e3)
}
