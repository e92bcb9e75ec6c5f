//! Plan, report and problems as the summary of a job, in Markdown.
//!
//! First what somebody has to do, then what is public now. Whatever comes from charts, files or servers goes through
//! `markdown`, so that it is shown and does nothing.

mod page;
mod table;

use super::{
    ExitCode, Outcome, Packages, Report,
    check::{Check, Severity},
    findings::{Finding, Findings, Whose, in_repository},
    markdown::{beginning, block, cell, code, link, said},
};
use crate::{
    plan::{Missed, Plan},
    problem::{Place, Problem},
};
use page::Page;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeMap;
use table::{Row, folded, table, why_not};

/// Where the files of the repository can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Of the repository: `https://github.com/acme/charts`.
    pub url: String,
    /// The commit that was checked out, in hex.
    pub commit: String,
}

/// Nobody reads more of one text in a summary; the log has it whole.
const LONGEST: usize = 4000;
/// Of a text in a table.
const LONGEST_CELL: usize = 300;
/// So many versions with the same problem are named.
const MOST_NAMES: usize = 20;
/// More than so many published versions are folded.
const MANY: usize = 5;

/// Of a plan.
pub fn plan(plan: &Plan, source: Option<&Source>) -> String {
    let idle = plan.is_idle();
    let mut page =
        Page::new(headline("would ", &plan.counts(), plan.problems.len(), idle, |word| match word {
            "put" => "publish",
            "attach" => "attach to",
            word => word,
        }));
    to_do(&mut page, &Findings::of_plan(plan).told, source);
    let rows: Vec<_> = plan.versions.iter().map(Row::of_plan).collect();
    let (changed, unchanged): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.news);
    table(&mut page, if idle { "Kept, and worth a look" } else { "What would be done" }, &changed);
    folded(&mut page, "stays as it is", "stay as they are", &unchanged, idle);
    missed(&mut page, &plan.missed);
    notices(&mut page, &plan.notices, source);
    page.finished()
}

/// Of a report.
pub fn report(report: &Report, source: Option<&Source>) -> String {
    let idle = report.is_idle();
    let mut page =
        Page::new(headline("", &report.counts(), report.problems.len(), idle, |word| match word {
            "attached" => "attached to",
            word => word,
        }));
    let findings = Findings::of_report(report);
    to_do(&mut page, &findings.told, source);
    public_in_part(&mut page, report);
    let rows: Vec<_> =
        report.versions.iter().map(|(planned, outcomes)| Row::of_report(planned, outcomes)).collect();
    let (changed, unchanged): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.news);
    table(&mut page, if idle { "Kept, and worth a look" } else { "What was done" }, &changed);
    folded(&mut page, "is unchanged", "are unchanged", &unchanged, idle);
    released(&mut page, report);
    missed(&mut page, &report.missed);
    notices(&mut page, &report.notices, source);
    page.finished()
}

/// Of a check: errors first, then what a merge would publish.
pub fn check(check: &Check, source: Option<&Source>) -> String {
    let counted = |severity, one: &str, several: &str| match check.of(severity).count() {
        1 => format!("1 {one}"),
        count => format!("{count} {several}"),
    };
    let headline = match (check.of(Severity::Error).count(), check.of(Severity::Notice).count()) {
        (0, 0) => "Checked: nothing to act on".to_owned(),
        (0, _) => format!("Checked: nothing to act on, {}", counted(Severity::Notice, "notice", "notices")),
        (_, 0) => format!("Checked: {}", counted(Severity::Error, "error", "errors")),
        _ => format!(
            "Checked: {}, {}",
            counted(Severity::Error, "error", "errors"),
            counted(Severity::Notice, "notice", "notices")
        ),
    };
    let mut page = Page::new(format!("### {headline}\n"));
    to_do(&mut page, &Findings::of_check(check).told, source);
    let rows: Vec<_> = check.publishes.iter().map(Row::of_plan).collect();
    table(&mut page, "What a merge would publish", &rows);
    let of_charts = check.of(Severity::Notice).map(|finding| {
        let what = format!("{}: {}", finding.subject(), finding.problem.what);
        Problem { what, ..finding.problem.clone() }
    });
    let worth_knowing: Vec<Problem> = of_charts.chain(check.notices.iter().cloned()).collect();
    notices(&mut page, &worth_knowing, source);
    page.finished()
}

/// Of what `package` made.
pub fn packages(packages: &Packages, source: Option<&Source>) -> String {
    let made = match packages.made.len() {
        1 => "Made 1 package".to_owned(),
        count => format!("Made {count} packages"),
    };
    let left_out = packages.problems.len();
    let left_out = if left_out > 0 { format!(", left out {left_out}") } else { String::new() };
    let mut page = Page::new(format!("### {made}{left_out}\n"));
    to_do(&mut page, &Findings::of_packages(packages).told, source);
    page.open("\n| chart | version | package |\n| --- | --- | --- |\n", "");
    for made in &packages.made {
        let (name, version) = (code(made.is.name.as_str()), code(made.is.version.as_str()));
        page.row(&format!("| {} | {} | `{}` |\n", cell(&name), cell(&version), made.package));
    }
    page.close();
    notices(&mut page, &packages.notices, source);
    page.finished()
}

/// Of a run that has no answer, and what it ends with.
pub fn problems(
    problems: &[Problem],
    worth_knowing: &[Problem],
    code: ExitCode,
    source: Option<&Source>,
) -> String {
    let count = match problems.len() {
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    };
    let so_far = if code == ExitCode::Usage { "Nothing was done" } else { "Not finished" };
    let mut page = Page::new(format!("### {so_far}: {count}\n"));
    to_do(&mut page, &Findings::of_problems(problems).told, source);
    notices(&mut page, worth_knowing, source);
    page.finished()
}

/// `Published 2 chart versions, kept 14, refused 1`. `verb` is what a word of the counts is in a sentence.
fn headline(
    begins: &str,
    counts: &[(&'static str, usize)],
    left_out: usize,
    idle: bool,
    verb: impl Fn(&'static str) -> &'static str,
) -> String {
    let several = |count: usize| match count {
        1 => "1 chart version".to_owned(),
        count => format!("{count} chart versions"),
    };
    if idle {
        let counted: usize = counts.iter().map(|(_, count)| count).sum();
        return match counted {
            0 => "Nothing to do: there is no chart version to publish\n".into(),
            count => format!("Nothing to do: {} published already\n", are(&several(count), count)),
        };
    }
    let mut parts: Vec<String> = Vec::new();
    for (word, count) in counts {
        let count = if parts.is_empty() { several(*count) } else { count.to_string() };
        parts.push(format!("{} {count}", verb(word)));
    }
    if left_out > 0 {
        let word = if begins.is_empty() { "left out" } else { "leave out" };
        parts.push(format!("{word} {left_out}"));
    }
    let sentence = format!("{begins}{}", parts.join(", "));
    let mut characters = sentence.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    format!("### {}{}\n", first.map(String::from).unwrap_or_default(), characters.as_str())
}

fn are(what: &str, count: usize) -> String {
    format!("{what} {}", if count == 1 { "is" } else { "are" })
}

/// What somebody has to do, by who it is.
fn to_do(page: &mut Page, findings: &[Finding], source: Option<&Source>) {
    for (whose, heading) in [
        (Whose::Chart, "To do for whoever changed the chart"),
        (Whose::Repository, "To do for whoever looks after the workflow or the repository"),
        (Whose::Nobody, "Unfinished, and nobody has to do anything but run it again"),
    ] {
        page.open(&format!("\n#### {heading}\n"), "");
        for (subjects, finding) in together(findings.iter().filter(|finding| finding.whose == whose)) {
            page.row(&in_full(&subjects, finding, source));
        }
        page.close();
    }
}

/// What is the same for several versions is said once, of all of them.
fn together<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<(Vec<&'a str>, &'a Finding)> {
    let mut all: Vec<(Vec<&str>, &Finding)> = Vec::new();
    let mut known: BTreeMap<_, usize> = BTreeMap::new();
    for finding in findings {
        let Problem { what, place, next, .. } = &finding.problem;
        let place = place.as_ref().map(|place| (&place.file, place.line));
        let at = *known.entry((what, place, next, &finding.channels)).or_insert(all.len());
        match all.get_mut(at) {
            Some((subjects, _)) => subjects.push(&finding.subject),
            None => all.push((vec![&finding.subject], finding)),
        }
    }
    all
}

/// Which versions in which channel, what, where, and the line to paste.
fn in_full(subjects: &[&str], finding: &Finding, source: Option<&Source>) -> String {
    let Finding { channels, problem, .. } = finding;
    let what = beginning(&problem.what, LONGEST);
    let (first, rest) = what.split_once('\n').unwrap_or((&what, ""));
    let mut text = String::from("\n");
    let subjects: Vec<_> = subjects.iter().filter(|subject| !subject.is_empty()).collect();
    if !subjects.is_empty() {
        let channels: Vec<_> = channels.iter().map(|channel| code(&channel.0)).collect();
        let channels =
            if channels.is_empty() { String::new() } else { format!(" in {}", channels.join(", ")) };
        let more = subjects.len().saturating_sub(MOST_NAMES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names: Vec<_> = subjects.iter().take(MOST_NAMES).map(|subject| code(subject)).collect();
        text += &format!("**{}**{more}{channels}: ", names.join(", "));
    }
    text += &said(first);
    text += &problem.place.iter().map(|place| format!(" ({})", place_of(place, source))).collect::<String>();
    text += "\n";
    if !rest.is_empty() {
        text += &format!("\n{}", block("text", rest));
    }
    if let Some(next) = &problem.next {
        text += &format!("\nNext:\n\n{}", block("text", &beginning(next, LONGEST)));
        text += &to_open(next, source).map(|url| format!("\n<{url}>\n")).unwrap_or_default();
    }
    text
}

/// A path is encoded where its parts end, and only there.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_');

fn place_of(place: &Place, source: Option<&Source>) -> String {
    let line = place.line.map(|line| format!(":{line}")).unwrap_or_default();
    let shown = format!("{}{line}", beginning(&place.file, LONGEST_CELL));
    match source {
        Some(Source { url, commit }) if in_repository(place) => {
            let line = place.line.map(|line| format!("#L{line}")).unwrap_or_default();
            let file = utf8_percent_encode(&place.file, PATH);
            link(&shown, &format!("{url}/blob/{commit}/{file}{line}"))
        }
        _ => code(&shown),
    }
}

/// A page of the repository that the next step names.
fn to_open(next: &str, source: Option<&Source>) -> Option<String> {
    let repository = format!("{}/", source?.url);
    let plain = |character: &char| character.is_ascii_alphanumeric() || "-._~/:?=&%+#".contains(*character);
    let begins = next.find(&repository)?;
    let url: String = next[begins..].chars().take_while(plain).collect();
    let url = url.trim_end_matches(['.', ':', '?']);
    // Nothing that leads out of the repository again.
    (!url.contains("..")).then(|| url.to_owned())
}

/// Versions that readers find in some channels and not in others, and why.
fn public_in_part(page: &mut Page, report: &Report) {
    page.open(
        "\n#### Public only in part\n\n| chart version | public in | not in | why |\n| --- | --- | --- | --- |\n",
        "",
    );
    for (planned, outcomes) in &report.versions {
        let list = |which: &dyn Fn(&Outcome) -> bool| {
            let channels = outcomes.iter().filter(|(_, outcome)| which(outcome));
            channels.map(|(channel, _)| code(&channel.0)).collect::<Vec<_>>().join(", ")
        };
        let lacks = |outcome: &Outcome| why_not(outcome).is_some();
        let public = list(&|outcome| !lacks(outcome) && !matches!(outcome, Outcome::Omitted));
        let not = list(&lacks);
        if public.is_empty() || not.is_empty() {
            continue;
        }
        let mut why: Vec<String> = Vec::new();
        for reason in outcomes.values().filter_map(why_not) {
            let first = said(&beginning(reason.lines().next().unwrap_or_default(), LONGEST_CELL));
            if !why.contains(&first) {
                why.push(first);
            }
        }
        let cells = [code(&planned.is.to_string()), public, not, why.join("; ")].map(|text| cell(&text));
        page.row(&format!("| {} |\n", cells.join(" | ")));
    }
    page.close();
}

/// What this run published: digests, and how people install it.
fn released(page: &mut Page, report: &Report) {
    let (head, foot) = match report.released.len() {
        count if count > MANY => (
            format!("\n<details><summary>Digests and install commands of {count} chart versions</summary>\n"),
            "\n</details>\n",
        ),
        _ => ("\n#### Digests and install commands\n".to_owned(), ""),
    };
    page.open(&head, foot);
    for (planned, outcomes) in &report.versions {
        let Some(released) = report.released.get(&planned.is) else { continue };
        let mut digests = format!("package     {}\n", released.package);
        if let Some(provenance) = released.provenance {
            digests += &format!("provenance  {provenance}\n");
        }
        for (channel, outcome) in outcomes {
            let (Outcome::Kept(reference) | Outcome::Published(reference) | Outcome::Attached(reference)) =
                outcome
            else {
                continue;
            };
            if let Some(manifest) = reference.manifest {
                digests += &format!("manifest    {manifest}  in {channel}\n");
            }
        }
        let mut text = format!("\n**{}**\n\n{}", code(&planned.is.to_string()), block("text", &digests));
        let install: Vec<_> = released.install.values().map(String::as_str).collect();
        if !install.is_empty() {
            text += &format!("\n{}", block("sh", &install.join("\n")));
        }
        page.row(&text);
    }
    page.close();
}

fn missed(page: &mut Page, missed: &[Missed]) {
    if missed.is_empty() {
        return;
    }
    page.open("\n#### Older versions that were never published\n\nTo publish one, run the Action with this input:\n", "");
    // In blocks, so that a long list can be cut.
    for some in missed.chunks(20) {
        let commands: Vec<_> = some.iter().map(|missed| missed.command.as_str()).collect();
        page.row(&format!("\n{}", block("yaml", &commands.join("\n"))));
    }
    page.close();
}

fn notices(page: &mut Page, notices: &[Problem], source: Option<&Source>) {
    page.open("\n#### Worth knowing\n\n", "");
    for Problem { what, place, next, .. } in notices {
        let what = what.lines().map(|line| said(&beginning(line, LONGEST))).collect::<Vec<_>>().join("; ");
        let place = place.iter().map(|place| format!(" ({})", place_of(place, source)));
        let next = next.iter().map(|next| format!(" — {}", said(&beginning(next, LONGEST))));
        page.row(&format!("- {what}{}\n", place.chain(next).collect::<String>()));
    }
    page.close();
}

#[cfg(test)]
mod tests;
