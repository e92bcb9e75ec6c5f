//! What belongs to a file and a line, or to somebody's attention: a few lines beside the log.

use super::{
    Packages, Report,
    check::{Check, Severity},
    findings::{Finding, Findings, in_repository},
    markdown::beginning,
    text::shown,
};
use crate::{
    plan::{Missed, Plan, Planned},
    problem::{Place, Problem},
};

/// One annotation, as GitHub shows it beside the log and in the changed files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// How serious it is.
    pub level: Level,
    /// The file, and perhaps the line, relative to the root of the repository.
    pub place: Option<Place>,
    /// In a few words, one line.
    pub title: String,
    /// All of it; can have several lines.
    pub message: String,
}

/// How serious an annotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Somebody has to act.
    Error,
    /// Somebody should know, or run it again.
    Warning,
    /// Good to know.
    Notice,
}

impl Annotation {
    /// The same, its place in the text only: for files of another repository than the one that it is shown in.
    #[must_use]
    pub fn without_place(mut self) -> Self {
        if let Some(Place { file, line }) = self.place.take() {
            let line = line.map(|line| format!(":{line}")).unwrap_or_default();
            self.message += &format!("\nin: {}{line}", shown(&file));
        }
        self
    }
}

impl Level {
    /// `error`, `warning` or `notice`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// GitHub shows so many of a level for each step.
const MOST: usize = 10;
/// GitHub cuts a title off after 255 characters, and a message after 64 KiB.
const LONGEST_TITLE: usize = 200;
const LONGEST_MESSAGE: usize = 4000;
/// So many charts are named in a title.
const MOST_NAMES: usize = 3;

/// Of a plan.
pub fn plan(plan: &Plan) -> Vec<Annotation> {
    let mut all = Notes::of(&Findings::of_plan(plan));
    all.add_unreleased(plan.versions.iter());
    all.add_missed(&plan.missed);
    all.add_notices(&plan.notices);
    all.finished()
}

/// Of a report.
pub fn report(report: &Report) -> Vec<Annotation> {
    let mut all = Notes::of(&Findings::of_report(report));
    all.add_unreleased(report.versions.iter().map(|(planned, _)| planned));
    all.add_missed(&report.missed);
    all.add_notices(&report.notices);
    all.finished()
}

/// Of a check.
pub fn check(check: &Check) -> Vec<Annotation> {
    let mut all = Notes::of(&Findings::of_check(check));
    for one in check.of(Severity::Notice) {
        all.add(Level::Notice, &one.subject(), one.problem.clone());
    }
    all.add_notices(&check.notices);
    all.finished()
}

/// Of what `package` made.
pub fn packages(packages: &Packages) -> Vec<Annotation> {
    let mut all = Notes::of(&Findings::of_packages(packages));
    all.add_notices(&packages.notices);
    all.finished()
}

/// Of a run that has no answer.
pub fn problems(problems: &[Problem]) -> Vec<Annotation> {
    Notes::of(&Findings::of_problems(problems)).finished()
}

/// Notices of the Action itself.
pub fn notices(notices: &[Problem]) -> Vec<Annotation> {
    let mut all = Notes::default();
    all.add_notices(notices);
    all.finished()
}

/// The same thing, said of several charts.
struct Note {
    level: Level,
    problem: Problem,
    subjects: Vec<String>,
}

#[derive(Default)]
struct Notes(Vec<Note>);

impl Notes {
    fn of(findings: &Findings) -> Self {
        let mut all = Self::default();
        for Finding { subject, problem, .. } in &findings.told {
            let level = if problem.passing { Level::Warning } else { Level::Error };
            all.add(level, subject, problem.clone());
        }
        for Finding { subject, problem, .. } in &findings.waiting {
            // What went wrong with the version itself says more.
            if !findings.told.iter().any(|told| told.subject == *subject) {
                let what = format!("not published: {}", problem.what);
                all.add(Level::Warning, subject, Problem { what, ..problem.clone() });
            }
        }
        all
    }

    fn add_unreleased<'a>(&mut self, versions: impl Iterator<Item = &'a Planned>) {
        for planned in versions {
            if let Some(note) = planned.unreleased_changes() {
                let problem = Problem { place: Some(planned.place()), ..Problem::new(note) };
                let problem = problem.next("raise `version` to publish them");
                self.add(Level::Warning, &planned.is.to_string(), problem);
            }
        }
    }

    fn add_missed(&mut self, missed: &[Missed]) {
        for Missed { is, command } in missed {
            let problem = Problem::new("this older version was never published").next(command.clone());
            self.add(Level::Notice, &is.to_string(), problem);
        }
    }

    fn add_notices(&mut self, notices: &[Problem]) {
        for problem in notices {
            self.add(Level::Notice, "", problem.clone());
        }
    }

    fn add(&mut self, level: Level, subject: &str, problem: Problem) {
        match self.0.iter_mut().find(|note| note.level == level && note.problem == problem) {
            Some(note) => note.subjects.push(subject.to_owned()),
            None => self.0.push(Note { level, problem, subjects: vec![subject.to_owned()] }),
        }
    }

    /// The most serious first, and of no level more than GitHub shows.
    fn finished(self) -> Vec<Annotation> {
        let mut all = Vec::new();
        for level in [Level::Error, Level::Warning, Level::Notice] {
            let mut of_level = self.0.iter().filter(|note| note.level == level).map(annotation);
            let count = of_level.clone().count();
            if count <= MOST {
                all.extend(of_level);
                continue;
            }
            all.extend(of_level.by_ref().take(MOST - 1));
            let more = count - (MOST - 1);
            all.push(Annotation {
                level,
                place: None,
                title: format!("{more} more"),
                message: format!("{more} more of this kind are in the summary of the job"),
            });
        }
        all
    }
}

fn annotation(note: &Note) -> Annotation {
    let Note { level, problem, subjects } = note;
    let subjects: Vec<String> =
        subjects.iter().filter(|subject| !subject.is_empty()).map(|subject| shown(subject)).collect();
    let mut lines = problem.what.lines().map(shown);
    let first = lines.next().unwrap_or_default();
    let title = match subjects.as_slice() {
        [] => first.clone(),
        [.., _] if subjects.len() > MOST_NAMES => {
            let more = subjects.len() - MOST_NAMES;
            format!("{} and {more} more: {first}", subjects[..MOST_NAMES].join(", "))
        }
        _ => format!("{}: {first}", subjects.join(", ")),
    };
    let named = (subjects.len() > MOST_NAMES).then(|| subjects.join(", "));
    let elsewhere = problem.place.as_ref().filter(|place| !in_repository(place));
    let next = problem.next.iter().flat_map(|next| next.lines().map(shown));
    let message: Vec<String> = std::iter::once(first)
        .chain(lines)
        .chain(elsewhere.map(|place| format!("in: {}", shown(&place.file))))
        .chain(next.enumerate().map(|(at, line)| if at == 0 { format!("next: {line}") } else { line }))
        .chain(named)
        .collect();
    Annotation {
        level: *level,
        place: problem.place.clone().filter(in_repository),
        title: beginning(&title, LONGEST_TITLE),
        message: beginning(&message.join("\n"), LONGEST_MESSAGE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{Failure, Step},
        report::words::samples::{holding, planned, refusal},
    };

    fn lines(annotations: &[Annotation]) -> Vec<String> {
        let place = |place: &Place| {
            format!(" {}{}", place.file, place.line.map(|line| format!(":{line}")).unwrap_or_default())
        };
        let line = |one: &Annotation| {
            let place = one.place.as_ref().map(place).unwrap_or_default();
            format!("{}{place} [{}] {}", one.level.word(), one.title, one.message)
        };
        annotations.iter().map(line).collect()
    }

    #[test]
    fn who_has_to_act_who_should_know_and_what_is_good_to_know() {
        let mut moved_on = planned("moved@1.0.0", &[("pages", Step::Keep(holding()))]);
        moved_on.notes.push("unreleased changes since 1.0.0 (1 file)".into());
        let told = Plan {
            versions: vec![
                moved_on,
                planned("busy@1.0.0", &[("pages", Step::Stop(Problem::new("no answer").passing()))]),
                planned("other@1.0.0", &[("pages", Step::Refuse(refusal()))]),
            ],
            missed: vec![Missed {
                is: crate::charts::ChartVersion::new("demo", "1.0.0"),
                command: "chart-release publish demo@1.0.0".into(),
            }],
            notices: vec![Problem::new("the clone is shallow").in_file("gh-pages:index.yaml")],
            problems: vec![Failure {
                chart: "charts/broken".into(),
                problem: Problem::new("no version").at("charts/broken/Chart.yaml", 3).next("write one"),
            }],
        };
        let all = plan(&told);
        let shown = lines(&all);
        assert!(shown[0].starts_with(
            "error charts/other/Chart.yaml [other@1.0.0: folder:published holds other content under this version] "
        ));
        assert_eq!(
            shown[1..],
            [
                "error charts/broken/Chart.yaml:3 [charts/broken: no version] no version\nnext: write one",
                "warning [busy@1.0.0: no answer] no answer",
                "warning charts/moved/Chart.yaml [moved@1.0.0: unreleased changes since 1.0.0 (1 file)] \
                 unreleased changes since 1.0.0 (1 file)\nnext: raise `version` to publish them",
                "notice [demo@1.0.0: this older version was never published] this older version was never \
                 published\nnext: chart-release publish demo@1.0.0",
                "notice [the clone is shallow] the clone is shallow\nin: gh-pages:index.yaml",
            ]
        );
    }

    #[test]
    fn one_problem_of_many_charts_is_said_once() {
        let problem = || Problem::new("this token may not push");
        let version = |number: usize| planned(&format!("c{number}@1.0.0"), &[("oci", Step::Stop(problem()))]);
        let told = Plan { versions: (0..20).map(version).collect(), ..Plan::default() };
        let all = plan(&told);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].title, "c0@1.0.0, c1@1.0.0, c2@1.0.0 and 17 more: this token may not push");
        assert!(all[0].message.contains("c19@1.0.0"));
    }

    #[test]
    fn of_each_level_no_more_than_ten_and_the_last_says_where_the_others_are() {
        let failure = |number: usize| Failure {
            chart: format!("charts/{number}"),
            problem: Problem::new(format!("wrong {number}")),
        };
        let of =
            |count: usize| plan(&Plan { problems: (0..count).map(failure).collect(), ..Plan::default() });
        assert_eq!(of(10).len(), 10);
        assert_eq!(of(10)[9].title, "charts/9: wrong 9");
        let many = of(25);
        assert_eq!(many.len(), 10);
        assert_eq!((many[8].title.as_str(), many[9].title.as_str()), ("charts/8: wrong 8", "16 more"));
    }

    #[test]
    fn no_text_of_others_is_a_line_or_a_place_of_its_own() {
        let hostile = "x\r\n::error::y\u{202e}\u{1b}[31m";
        let problem = Problem::new(hostile).in_file("../../etc/passwd").next(hostile);
        let all = problems(&[problem]);
        assert_eq!(all[0].place, None);
        assert!(!all[0].message.contains(['\r', '\u{202e}', '\u{1b}']), "{:?}", all[0].message);
        assert!(!all[0].title.contains('\n'));
    }
}
