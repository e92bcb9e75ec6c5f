//! The tables of versions: a row for each, a word for each channel, and why.

use super::{LONGEST_CELL, page::Page};
use crate::{
    holdings::ChannelId,
    plan::{Planned, Step},
    report::{
        Outcome,
        markdown::{beginning, cell, code, said},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// A version in a table.
pub(super) struct Row {
    name: String,
    version: String,
    words: BTreeMap<ChannelId, String>,
    why: String,
    /// Something was or would be done, or somebody should know of it.
    pub(super) news: bool,
}

impl Row {
    pub(super) fn of_plan(planned: &Planned) -> Self {
        let words = planned.steps.iter().map(|(channel, step)| (channel.clone(), step.word().to_owned()));
        let reasons = planned.steps.values().filter(|step| !matches!(step, Step::Keep(_))).map(Step::why);
        let news = !planned.is_quiet() || !planned.notes.is_empty();
        Self::new(planned, words.collect(), reasons, news)
    }

    pub(super) fn of_report(planned: &Planned, outcomes: &BTreeMap<ChannelId, Outcome>) -> Self {
        let words = outcomes.iter().map(|(channel, outcome)| (channel.clone(), outcome.word().to_owned()));
        let reasons = outcomes.values().filter_map(why_not);
        let news = !outcomes.values().all(Outcome::is_quiet) || !planned.notes.is_empty();
        Self::new(planned, words.collect(), reasons, news)
    }

    fn new(
        planned: &Planned,
        words: BTreeMap<ChannelId, String>,
        reasons: impl Iterator<Item = String>,
        news: bool,
    ) -> Self {
        let mut said_already = BTreeSet::new();
        let reasons = reasons.map(|reason| reason.lines().next().unwrap_or_default().to_owned());
        let reasons = reasons.chain(planned.notes.iter().cloned());
        let why: Vec<_> = reasons
            .filter(|reason| said_already.insert(reason.clone()))
            .map(|reason| said(&beginning(&reason, LONGEST_CELL)))
            .collect();
        Self {
            name: code(&beginning(planned.is.name.as_str(), LONGEST_CELL)),
            version: code(&beginning(planned.is.version.as_str(), LONGEST_CELL)),
            words,
            why: why.join("; "),
            news,
        }
    }
}

/// Why nothing was done.
pub(super) fn why_not(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Refused(refusal) => Some(refusal.why()),
        Outcome::Stopped(problem) => Some(problem.what.clone()),
        Outcome::HeldBack(why) => Some(why.clone()),
        Outcome::Kept(_) | Outcome::Omitted | Outcome::Published(_) | Outcome::Attached(_) => None,
    }
}

pub(super) fn table(page: &mut Page, heading: &str, rows: &[Row]) {
    page.open(&format!("\n#### {heading}\n\n{}", head(rows)), "");
    all_rows(page, rows);
    page.close();
}

/// Rows that hold no news, to be looked up.
pub(super) fn folded(page: &mut Page, one: &str, several: &str, rows: &[Row], idle: bool) {
    // One line says all.
    if idle {
        return;
    }
    let count = match rows.len() {
        1 => format!("1 chart version {one}"),
        count => format!("{count} chart versions {several}"),
    };
    let head = format!("\n<details><summary>{count}</summary>\n\n{}", head(rows));
    page.open(&head, "\n</details>\n");
    all_rows(page, rows);
    page.close();
}

fn channels(rows: &[Row]) -> BTreeSet<&ChannelId> {
    rows.iter().flat_map(|row| row.words.keys()).collect()
}

fn head(rows: &[Row]) -> String {
    let channels = channels(rows);
    let names: String = channels.iter().map(|channel| format!(" {} |", cell(&code(&channel.0)))).collect();
    let lines = " --- |".repeat(channels.len() + 3);
    format!("| chart | version |{names} why |\n|{lines}\n")
}

fn all_rows(page: &mut Page, rows: &[Row]) {
    let channels = channels(rows);
    for row in rows {
        let words: String = channels
            .iter()
            .map(|channel| match row.words.get(*channel) {
                // What changes or needs somebody is seen at once.
                Some(word) if !matches!(word.as_str(), "keep" | "kept" | "omit" | "omitted") => {
                    format!(" **{word}** |")
                }
                Some(word) => format!(" {word} |"),
                None => " |".into(),
            })
            .collect();
        page.row(&format!("| {} | {} |{words} {} |\n", cell(&row.name), cell(&row.version), cell(&row.why)));
    }
}
