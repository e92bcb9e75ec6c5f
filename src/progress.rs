//! Events → a bar on a terminal, plain lines elsewhere, or silence; and the log of `-v`.

use crate::{
    problem::Problem,
    report::{Event, Watch, text},
    secret::Redaction,
};
use indicatif::{BinaryBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::{self, IsTerminal, Write},
    time::Duration,
};

/// Who watches the run: chosen once. With `-v` there are lines on a terminal too, because the log would tear a bar.
pub fn watch(quiet: bool, verbose: u8, redaction: &Redaction) -> Box<dyn Watch> {
    let redaction = redaction.clone();
    if quiet {
        Box::new(Silent)
    } else if verbose == 0 && io::stderr().is_terminal() {
        Box::new(Bar::new(redaction))
    } else {
        Box::new(Lines(redaction))
    }
}

/// Tells people something beside the data: everything on stderr goes through here.
pub fn tell(redaction: &Redaction, text: &str) {
    // Nobody is left to be told that nobody listens.
    let _ = anstream::stderr().lock().write_all(redaction.of(text).as_bytes());
}

/// Tells faults of this program like everything else: the text of a panic may hold anything, too.
pub fn tell_faults(redaction: &Redaction) {
    let redaction = redaction.clone();
    std::panic::set_hook(Box::new(move |fault| {
        let trace = Backtrace::capture();
        let trace = match trace.status() {
            BacktraceStatus::Captured => format!("\n{trace}"),
            _ => String::new(),
        };
        tell(&redaction, &text::error(&Problem::new(format!("{fault}{trace}"))));
    }));
}

/// A writer for whole texts: the log writes each of its lines at once.
struct Told(Redaction);

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        tell(&self.0, &String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the log to stderr: what somebody may wonder at (0), what is done (1), what is asked of git, disk and
/// network (2), or everything (3). Never what the libraries below tell: their lines may hold headers.
pub fn log(quiet: bool, verbose: u8, redaction: &Redaction) {
    let level = match verbose {
        0 if quiet => return,
        0 => "chart_release=warn",
        1 => "chart_release=info",
        2 => "chart_release=debug",
        _ => "chart_release=trace",
    };
    let redaction = redaction.clone();
    let log = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        .with_writer(move || Told(redaction.clone()))
        .with_ansi(true)
        .without_time()
        .with_target(false);
    // A second call, in a program that uses the library, keeps the log that it has.
    let _ = log.try_init();
}

/// `--quiet`.
struct Silent;

impl Watch for Silent {
    fn saw(&self, _: Event<'_>) {}
}

/// One line for each event worth telling.
struct Lines(Redaction);

impl Watch for Lines {
    fn saw(&self, event: Event<'_>) {
        if let Some(line) = line(event) {
            tell(&self.0, &format!("{line}\n"));
        }
    }
}

/// One bar: it turns while the channels are asked, then counts what becomes public. It is gone when it is dropped.
struct Bar(ProgressBar, Redaction);

impl Bar {
    fn new(redaction: Redaction) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style("{spinner} {wide_msg}"));
        bar.set_message("reading the repository");
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar, redaction)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Watch for Bar {
    fn saw(&self, event: Event<'_>) {
        match event {
            Event::Decided { writes, .. } if writes > 0 => {
                self.0.set_length(writes as u64);
                self.0.set_style(style("{spinner} {bar:30} {pos}/{len} {wide_msg}"));
            }
            Event::Exposed(..) | Event::Attached(..) => self.0.inc(1),
            // What went wrong stays on the screen; everything else is in the answer.
            Event::Stopped(is, problem) => {
                self.0.suspend(|| tell(&self.1, &text::stopped(is, problem)));
            }
            _ => {}
        }
        if let Some(line) = line(event) {
            self.0.set_message(self.1.of(&line).into_owned());
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// An event in words; `None` for what is not worth a line.
fn line(event: Event<'_>) -> Option<String> {
    Some(match event {
        Event::Surveyed { charts } => format!("found {}", several(charts, "chart")),
        Event::Looked(channel, versions) => format!("asked {channel} for {}", several(versions, "version")),
        Event::Decided { versions: 0, .. } => return None,
        Event::Decided { versions, .. } => format!("{} to work on", several(versions, "version")),
        Event::Packed(is, size) => format!("packaged {is} ({})", BinaryBytes(size)),
        Event::Staged(..) => return None,
        Event::Exposed(is, channel) => format!("published {is} in {channel}"),
        Event::Attached(is, channel) => format!("attached to {is} in {channel}"),
        Event::Stopped(is, problem) => text::stopped(is, problem).trim_end().to_owned(),
    })
}

fn several(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{charts::ChartVersion, holdings::ChannelId};

    #[test]
    fn events_are_told_in_the_words_of_the_report() {
        let is = ChartVersion::new("demo", "1.0.0");
        let channel = ChannelId("folder:published".into());
        let problem = Problem::new("no room\nnone at all");
        let told = |event| line(event).map(|line| anstream::adapter::strip_str(&line).to_string());
        let told = |event| told(event).unwrap_or_else(|| "-".into());
        assert_eq!(told(Event::Surveyed { charts: 1 }), "found 1 chart");
        assert_eq!(told(Event::Looked(&channel, 3)), "asked folder:published for 3 versions");
        assert_eq!(told(Event::Decided { versions: 0, writes: 0 }), "-");
        assert_eq!(told(Event::Decided { versions: 2, writes: 4 }), "2 versions to work on");
        assert_eq!(told(Event::Packed(&is, 2048)), "packaged demo@1.0.0 (2.00 KiB)");
        assert_eq!(told(Event::Staged(&is, &channel)), "-");
        assert_eq!(told(Event::Exposed(&is, &channel)), "published demo@1.0.0 in folder:published");
        assert_eq!(told(Event::Attached(&is, &channel)), "attached to demo@1.0.0 in folder:published");
        assert_eq!(told(Event::Stopped(&is, &problem)), "stopped demo@1.0.0: no room");
    }

    #[test]
    fn a_bar_counts_what_becomes_public() {
        let is = ChartVersion::new("demo", "1.0.0");
        let channel = ChannelId("folder:published".into());
        let bar = Bar::new(Redaction::default());
        bar.0.set_draw_target(ProgressDrawTarget::hidden());
        bar.saw(Event::Decided { versions: 2, writes: 3 });
        bar.saw(Event::Packed(&is, 1));
        bar.saw(Event::Staged(&is, &channel));
        bar.saw(Event::Exposed(&is, &channel));
        bar.saw(Event::Attached(&is, &channel));
        assert_eq!((bar.0.position(), bar.0.length()), (2, Some(3)));
    }
}
