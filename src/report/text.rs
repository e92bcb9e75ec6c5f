//! Plan, report and problems as people read them.
//!
//! The text carries colours, and makes sense without them: whoever prints it strips them where nobody wants any.

use super::{
    Outcome, Packages, Report,
    check::{Check, Severity},
    findings::{Finding, Findings},
};
use crate::{
    charts::ChartVersion,
    digest::Digest,
    plan::{Missed, Plan, Planned, Step},
    problem::Problem,
};
use anstyle::{AnsiColor, Style};
use std::collections::BTreeSet;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

const HEADING: Style = Style::new().bold();
pub(super) const QUIET: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
const NOTICE: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const PLAIN: Style = Style::new();

/// The plan: a table of versions and channels, then what somebody has to know and do, then one line that counts.
pub fn plan(plan: &Plan) -> String {
    let mut parts = vec![];
    if !plan.versions.is_empty() {
        parts.push(table(&plan.versions));
    }
    let told = Findings::of_plan(plan).told;
    parts.extend(section(&told, "Somebody has to act", |problem| !problem.passing));
    parts.extend(section(&told, "Unfinished: run again", |problem| problem.passing));
    parts.extend(missed(&plan.missed));
    parts.extend(notices(&plan.notices));
    parts.push(count_line(&plan.counts(), plan.problems.len(), plan.is_idle()));
    parts.join("\n")
}

/// The report: first what somebody has to do, then what is public now and what is worth knowing, then one line that
/// counts.
///
/// Of the versions that were kept only those with a note are told, or `all` of them.
pub fn report(report: &Report, all: bool) -> String {
    let mut parts = vec![];
    let Findings { told, waiting } = Findings::of_report(report);
    parts.extend(section(&told, "Somebody has to act", |problem| !problem.passing));
    parts.extend(section(&told, "Unfinished: run again", |problem| problem.passing));
    parts.extend(section(&waiting, "Held back", |_| true));
    parts.extend(public(report, all));
    parts.extend(missed(&report.missed));
    parts.extend(notices(&report.notices));
    parts.push(count_line(&report.counts(), report.problems.len(), report.is_idle()));
    parts.join("\n")
}

/// The check: errors, what the base has already, what a merge would publish, then one line that counts.
pub fn check(check: &Check) -> String {
    let told = Findings::of_check(check).told;
    let mut parts = vec![];
    parts.extend(section(&told, "Somebody has to act", |_| true));
    let subjects: Vec<_> =
        check.of(Severity::Notice).map(|one| (format!("{}:", one.subject()), &one.problem)).collect();
    let run = check.notices.iter().map(|problem| ("-".to_owned(), problem));
    let known: String = subjects
        .into_iter()
        .chain(run)
        .map(|(head, problem)| indented(&headed(&shown(&head), problem)))
        .collect();
    if !known.is_empty() {
        parts.push(painted(HEADING, "Worth knowing") + "\n" + &known);
    }
    if !check.publishes.is_empty() {
        parts.push(
            painted(HEADING, "What a merge would publish") + "\n" + &indented(&table(&check.publishes)),
        );
    }
    parts.push(checked(check));
    parts.join("\n")
}

/// `errors 1, notices 2, compared with origin/main`.
fn checked(check: &Check) -> String {
    let (errors, notices) = (check.of(Severity::Error).count(), check.of(Severity::Notice).count());
    let base = match &check.base {
        Some(base) => format!("compared with {} ({})", shown(&base.name), beginning_of(&base.commit)),
        None => "compared with nothing".into(),
    };
    match (errors, notices) {
        (0, 0) => format!("nothing to act on, {base}\n"),
        (0, notices) => format!("nothing to act on: notices {notices}, {base}\n"),
        (errors, 0) => format!("errors {errors}, {base}\n"),
        (errors, notices) => format!("errors {errors}, notices {notices}, {base}\n"),
    }
}

/// The first digits of a commit, as people write it.
fn beginning_of(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

/// What `package` made: problems and notices first, then one line for each package.
pub fn packages(packages: &Packages) -> String {
    let mut parts = vec![];
    let told = Findings::of_packages(packages).told;
    parts.extend(section(&told, "Somebody has to act", |problem| !problem.passing));
    parts.extend(section(&told, "Unfinished: run again", |problem| problem.passing));
    parts.extend(notices(&packages.notices));
    if !packages.made.is_empty() {
        let width = packages.made.iter().map(|made| width(&made.file)).max().unwrap_or_default();
        let lines = packages.made.iter().map(|made| {
            format!("{}  {}\n", pad(&shown(&made.file), width), painted(QUIET, &made.package.to_string()))
        });
        parts.push(lines.collect());
    }
    parts.join("\n")
}

/// A problem on its own: `error: what`, and below it where and what next.
pub fn error(problem: &Problem) -> String {
    headed(&painted(BAD, "error:"), problem)
}

/// Something worth knowing on its own.
pub fn notice(problem: &Problem) -> String {
    headed(&painted(NOTICE, "notice:"), problem)
}

/// A version that could not be published, in one line.
pub fn stopped(is: &ChartVersion, problem: &Problem) -> String {
    let first_line = problem.what.lines().next().unwrap_or_default();
    format!("{} {}: {}\n", painted(BAD, "stopped"), shown(&is.to_string()), shown(first_line))
}

fn headed(head: &str, problem: &Problem) -> String {
    let mut text = String::new();
    let mut lines = problem.what.lines();
    text += &format!("{head} {}\n", shown(lines.next().unwrap_or_default()));
    for line in lines {
        text += &format!("  {}\n", shown(line));
    }
    text + &details(problem)
}

/// Where, and what next: each on a line of its own.
fn details(problem: &Problem) -> String {
    let mut text = String::new();
    if let Some(place) = &problem.place {
        let line = place.line.map(|line| format!(":{line}")).unwrap_or_default();
        text += &format!("  {} {}{line}\n", painted(QUIET, "in:"), shown(&place.file));
    }
    if let Some(next) = &problem.next {
        text += &format!("  {} {}\n", painted(QUIET, "next:"), shown(next));
    }
    text
}

/// What somebody has to know of versions and charts, under one heading.
fn section(findings: &[Finding], heading: &str, which: impl Fn(&Problem) -> bool) -> Option<String> {
    let findings: Vec<_> = findings.iter().filter(|finding| which(&finding.problem)).collect();
    if findings.is_empty() {
        return None;
    }
    let mut text = painted(HEADING, heading) + "\n";
    for Finding { subject, channels, problem, .. } in findings {
        let subject = match (subject.as_str(), channels.iter().collect::<Vec<_>>().as_slice()) {
            ("", _) => "-".into(),
            (_, [channel]) => format!("{subject} in {channel}:"),
            _ => format!("{subject}:"),
        };
        let style = if problem.passing { NOTICE } else { BAD };
        text += &indented(&headed(&painted(style, &subject), problem));
    }
    Some(text)
}

fn missed(missed: &[Missed]) -> Option<String> {
    if missed.is_empty() {
        return None;
    }
    let names: Vec<_> = missed.iter().map(|missed| missed.is.to_string()).collect();
    let width = names.iter().map(|name| width(name)).max().unwrap_or_default();
    let mut text = painted(HEADING, "Older versions that were never published; to publish one") + "\n";
    for (name, missed) in names.iter().zip(missed) {
        text += &format!("  {}  {}\n", pad(&shown(name), width), shown(&missed.command));
    }
    Some(text)
}

fn notices(notices: &[Problem]) -> Option<String> {
    if notices.is_empty() {
        return None;
    }
    let told = notices.iter().map(|problem| indented(&headed("-", problem)));
    Some(painted(HEADING, "Worth knowing") + "\n" + &told.collect::<String>())
}

/// What readers find now.
fn public(report: &Report, all: bool) -> Option<String> {
    let mut text = String::new();
    for (planned, outcomes) in &report.versions {
        let visible: Vec<_> = outcomes
            .iter()
            .filter_map(|(channel, outcome)| match outcome {
                Outcome::Kept(reference) | Outcome::Published(reference) | Outcome::Attached(reference) => {
                    Some((channel, outcome, reference))
                }
                _ => None,
            })
            .collect();
        let news = visible.iter().any(|(_, outcome, _)| !matches!(outcome, Outcome::Kept(_)));
        if visible.is_empty() || !(news || all || !planned.notes.is_empty()) {
            continue;
        }
        let digests: BTreeSet<Digest> =
            visible.iter().filter_map(|(_, _, reference)| reference.digest).chain(planned.package).collect();
        // One version, one digest: with the version. Where channels differ, with each of them.
        let one = if digests.len() == 1 { digests.first() } else { None };
        let digest =
            one.map(|digest| format!("  {}", painted(QUIET, &digest.to_string()))).unwrap_or_default();
        text += &format!("  {}{digest}\n", painted(HEADING, &planned.is.to_string()));
        let width = visible.iter().map(|(_, outcome, _)| width(outcome.word())).max().unwrap_or_default();
        for (_, outcome, reference) in visible {
            let style = if matches!(outcome, Outcome::Kept(_)) { QUIET } else { GOOD };
            let own = if one.is_none() { reference.digest } else { None };
            let own =
                own.map(|digest| format!("  {}", painted(QUIET, &digest.to_string()))).unwrap_or_default();
            text += &format!(
                "    {}  {}{own}\n",
                painted(style, &pad(outcome.word(), width)),
                shown(&reference.url)
            );
        }
        for note in &planned.notes {
            text += &format!("    {}\n", shown(note));
        }
    }
    (!text.is_empty()).then(|| painted(HEADING, "Public now") + "\n" + &text)
}

/// `published 2, kept 14`; with `nothing to do` before it where that is so.
fn count_line(counts: &[(&str, usize)], left_out: usize, idle: bool) -> String {
    let mut counts: Vec<_> = counts.iter().map(|(word, count)| format!("{word} {count}")).collect();
    if left_out > 0 {
        counts.push(format!("left out {left_out}"));
    }
    match (idle, counts.is_empty()) {
        (true, true) => "nothing to do\n".into(),
        (true, false) => format!("nothing to do: {}\n", counts.join(", ")),
        (false, _) => format!("{}\n", counts.join(", ")),
    }
}

/// One line for each version: chart, version, a word for each channel, and why.
fn table(versions: &[Planned]) -> String {
    let channels: BTreeSet<_> = versions.iter().flat_map(|planned| planned.steps.keys()).collect();
    let head = ["CHART".into(), "VERSION".into()];
    let head = head.into_iter().chain(channels.iter().map(ToString::to_string)).chain(["WHY".into()]);
    let mut rows = vec![head.map(|text| (text, HEADING)).collect::<Vec<_>>()];
    for planned in versions {
        let mut row = vec![(planned.is.name.to_string(), PLAIN), (planned.is.version.to_string(), PLAIN)];
        for channel in &channels {
            let step = planned.steps.get(*channel);
            row.push(step.map_or(("-".into(), QUIET), |step| (step.word().into(), colour(step))));
        }
        row.push((why(planned), QUIET));
        rows.push(row);
    }
    let columns = channels.len() + 3;
    let width = |column: usize| rows.iter().map(|row| width(&row[column].0)).max().unwrap_or_default();
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().enumerate().map(|(column, (cell, style))| {
            // Nothing is padded at the end of a line.
            if column + 1 == columns {
                painted(*style, cell)
            } else {
                painted(*style, &pad(cell, widths[column]))
            }
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text += "\n";
    }
    text
}

fn colour(step: &Step) -> Style {
    match step {
        Step::Put | Step::Finish(_) | Step::Attach(..) => GOOD,
        Step::Keep(_) | Step::Omit => QUIET,
        Step::Refuse(_) => BAD,
        Step::Stop(problem) if problem.passing => NOTICE,
        Step::Stop(_) => BAD,
    }
}

/// The reasons of a row, then its notes. What is kept needs a reason only where everything is; where there are several
/// reasons, each says for which channels.
fn why(planned: &Planned) -> String {
    let kept = |step: &Step| matches!(step, Step::Keep(_));
    let all_kept = planned.steps.values().all(kept);
    let mut reasons: Vec<(String, Vec<&str>)> = vec![];
    for (channel, step) in planned.steps.iter().filter(|(_, step)| all_kept || !kept(step)) {
        let reason = step.why().lines().next().unwrap_or_default().to_owned();
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, channels)) => channels.push(&channel.0),
            None => reasons.push((reason, vec![&channel.0])),
        }
    }
    let several = reasons.len() > 1;
    let reasons =
        reasons.into_iter().map(
            |(reason, channels)| {
                if several { format!("{}: {reason}", channels.join(", ")) } else { reason }
            },
        );
    reasons.chain(planned.notes.iter().cloned()).collect::<Vec<_>>().join("; ")
}

pub(super) fn painted(style: Style, text: &str) -> String {
    format!("{style}{}{style:#}", shown(text))
}

/// Text that somebody else wrote, as one line that does nothing to a terminal or to the text around it: a chart may hold
/// anything, also marks that turn the direction of what follows, or that nobody sees.
pub(super) fn shown(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else if unseen(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
        shown
    })
}

/// Marks of direction and other format characters, and what ends a line or paragraph beside `\n`. The joiner that
/// emoji are made of is none.
fn unseen(character: char) -> bool {
    const ZERO_WIDTH_JOINER: char = '\u{200d}';
    let category = character.general_category();
    let breaks = [GeneralCategory::LineSeparator, GeneralCategory::ParagraphSeparator];
    breaks.contains(&category) || (category == GeneralCategory::Format && character != ZERO_WIDTH_JOINER)
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn pad(text: &str, width: usize) -> String {
    format!("{text:width$}")
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests;
