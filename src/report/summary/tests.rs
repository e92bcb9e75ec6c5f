//! The summary of a job, whatever stands in it.

use super::*;
use crate::{
    charts::ChartVersion,
    digest::Digest,
    holdings::ChannelId,
    holdings::Reference,
    plan::{Failure, Planned, Step},
    report::{
        Made, Released,
        words::samples::{channel, holding, planned, refusal},
    },
};
use pulldown_cmark::{Event, Options, Parser, Tag};

/// Names that mean something to Markdown, to HTML, to GitHub or to the eye.
const HOSTILE: &str =
    "a|b`c``</code><script>@everyone #1 ](http://evil.example)\n\n# head\u{202e}\u{1f600}\u{1b}[31m";

fn source() -> Source {
    Source { url: "https://github.com/acme/charts".into(), commit: "0f".repeat(20) }
}

fn outcomes(of: &[(&str, Outcome)]) -> BTreeMap<ChannelId, Outcome> {
    of.iter().map(|(id, outcome)| (channel(id), outcome.clone())).collect()
}

fn tagged(tag: &str) -> Reference {
    let manifest = Some(Digest::of(b"manifest"));
    Reference { tag: Some(tag.into()), manifest, ..Reference::new("ghcr.io/acme/charts/demo", None) }
}

fn varied_report() -> Report {
    let published = planned("demo@1.1.0", &[]);
    let half = planned("half@2.0.0", &[]);
    let mut moved_on = planned("moved@1.0.0", &[]);
    moved_on.notes.push("unreleased changes since 1.0.0 (1 file)".into());
    let stopped = Problem::new("this token may not push")
        .next("add `packages: write` to the permissions of the job:\nhttps://github.com/acme/charts/settings/actions");
    let install =
        [(channel("oci://ghcr.io/acme/charts"), "helm install demo oci://ghcr.io/acme/charts/demo".into())];
    let of_it = |is: &Planned, install: BTreeMap<ChannelId, String>| {
        let released = Released { package: Digest::of(b"package"), provenance: None, install };
        (is.is.clone(), released)
    };
    Report {
        released: [of_it(&published, install.into()), of_it(&half, BTreeMap::new())].into(),
        versions: vec![
            (
                published,
                outcomes(&[
                    ("oci://ghcr.io/acme/charts", Outcome::Published(tagged("1.1.0"))),
                    ("releases", Outcome::Published(tagged("demo-1.1.0"))),
                ]),
            ),
            (
                half,
                outcomes(&[
                    ("oci://ghcr.io/acme/charts", Outcome::Stopped(stopped)),
                    ("releases", Outcome::Published(tagged("half-2.0.0"))),
                ]),
            ),
            (planned("kept@1.0.0", &[]), outcomes(&[("releases", Outcome::Kept(tagged("kept-1.0.0")))])),
            (moved_on, outcomes(&[("releases", Outcome::Kept(tagged("moved-1.0.0")))])),
            (planned("other@1.0.0", &[]), outcomes(&[("releases", Outcome::Refused(refusal()))])),
        ],
        missed: vec![Missed { is: ChartVersion::new("demo", "1.0.0"), command: "names: demo@1.0.0".into() }],
        notices: vec![Problem::new("the clone is shallow").next("fetch the whole history")],
        problems: vec![Failure {
            chart: "charts/broken".into(),
            problem: Problem::new("the version is missing").at("charts/broken/Chart.yaml", 3),
        }],
        afterwards: vec![],
    }
}

#[test]
fn a_report_says_first_who_has_to_do_what() {
    insta::assert_snapshot!(report(&varied_report(), Some(&source())), @r"
    ### Published 1 chart version, kept 2, refused 1, stopped 1, left out 1

    #### To do for whoever changed the chart

    **`other@1.0.0`**: `folder:published` holds other content under this version ([`charts/other/Chart.yaml`](https://github.com/acme/charts/blob/0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f/charts/other/Chart.yaml))

    ```text
    templates/service.yaml differs
    values.yaml differs
    published:  sha256:4c55a8552a2c7261f61f798c2265e6f13358f326ae5b934096ff16bd15e62c33
    repository: sha256:ae0bec9e9d33c56354bd612c8a6010840324fc5b9786ce0a18b696b304b09397
    ```

    Next:

    ```text
    raise `version` in charts/other/Chart.yaml: 1.0.0 is published, and what is published never changes
    ```

    **`charts/broken`**: the version is missing ([`charts/broken/Chart.yaml:3`](https://github.com/acme/charts/blob/0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f/charts/broken/Chart.yaml#L3))

    #### To do for whoever looks after the workflow or the repository

    **`half@2.0.0`** in `oci://ghcr.io/acme/charts`: this token may not push

    Next:

    ```text
    add `packages: write` to the permissions of the job:
    https://github.com/acme/charts/settings/actions
    ```

    <https://github.com/acme/charts/settings/actions>

    #### Public only in part

    | chart version | public in | not in | why |
    | --- | --- | --- | --- |
    | `half@2.0.0` | `releases` | `oci://ghcr.io/acme/charts` | this token may not push |

    #### What was done

    | chart | version | `oci://ghcr.io/acme/charts` | `releases` | why |
    | --- | --- | --- | --- | --- |
    | `demo` | `1.1.0` | **published** | **published** |  |
    | `half` | `2.0.0` | **stopped** | **published** | this token may not push |
    | `moved` | `1.0.0` | | kept | unreleased changes since 1.0.0 (1 file) |
    | `other` | `1.0.0` | | **refused** | other content is published: 2 files differ |

    <details><summary>1 chart version is unchanged</summary>

    | chart | version | `releases` | why |
    | --- | --- | --- | --- |
    | `kept` | `1.0.0` | kept |  |

    </details>

    #### Digests and install commands

    **`demo@1.1.0`**

    ```text
    package     sha256:bc4a71180870f7945155fbb02f4b0a2e3faa2a62d6d31b7039013055ed19869a
    manifest    sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f  in oci://ghcr.io/acme/charts
    manifest    sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f  in releases
    ```

    ```sh
    helm install demo oci://ghcr.io/acme/charts/demo
    ```

    **`half@2.0.0`**

    ```text
    package     sha256:bc4a71180870f7945155fbb02f4b0a2e3faa2a62d6d31b7039013055ed19869a
    manifest    sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f  in releases
    ```

    #### Older versions that were never published

    To publish one, run the Action with this input:

    ```yaml
    names: demo@1.0.0
    ```

    #### Worth knowing

    - the clone is shallow — fetch the whole history
    ");
}

#[test]
fn nothing_to_do_is_one_line() {
    let kept = |is: &str| (planned(is, &[]), outcomes(&[("releases", Outcome::Kept(tagged("kept")))]));
    let idle = Report { versions: vec![kept("a@1.0.0"), kept("b@1.0.0")], ..Report::default() };
    assert_eq!(report(&idle, None), "Nothing to do: 2 chart versions are published already\n");
    let one =
        Plan { versions: vec![planned("a@1.0.0", &[("pages", Step::Keep(holding()))])], ..Plan::default() };
    assert_eq!(plan(&one, None), "Nothing to do: 1 chart version is published already\n");
    assert_eq!(report(&Report::default(), None), "Nothing to do: there is no chart version to publish\n");
}

#[test]
fn a_plan_says_what_would_be_done() {
    let told = Plan {
        versions: vec![
            planned("a@1.0.0", &[("pages", Step::Put), ("releases", Step::Put)]),
            planned("b@1.0.0", &[("pages", Step::Keep(holding())), ("releases", Step::Keep(holding()))]),
        ],
        ..Plan::default()
    };
    let text = plan(&told, None);
    assert!(text.starts_with("### Would publish 1 chart version, keep 1\n"), "{text}");
    assert!(text.contains("| `a` | `1.0.0` | **put** | **put** | not published yet |"), "{text}");
    assert!(text.contains("<details><summary>1 chart version stays as it is</summary>"), "{text}");
}

/// Everything that others can write, hostile.
fn hostile_report() -> Report {
    let is = || {
        let mut planned = planned("a@1", &[]);
        planned.is = ChartVersion::new(HOSTILE, HOSTILE);
        planned.path = HOSTILE.into();
        planned.notes = vec![HOSTILE.into(), format!("unreleased changes since {HOSTILE} (1 file)")];
        planned
    };
    let problem = || Problem::new(HOSTILE).at(format!("charts/{HOSTILE}"), 3).next(HOSTILE);
    let reference = Reference::new(HOSTILE, None);
    let released = Released {
        package: Digest::of(b""),
        provenance: Some(Digest::of(b"")),
        install: [(channel(HOSTILE), HOSTILE.into())].into(),
    };
    Report {
        versions: vec![
            (
                is(),
                outcomes(&[(HOSTILE, Outcome::Published(reference)), ("oci", Outcome::Stopped(problem()))]),
            ),
            (is(), outcomes(&[(HOSTILE, Outcome::HeldBack(HOSTILE.into()))])),
            (is(), outcomes(&[(HOSTILE, Outcome::Refused(refusal()))])),
            (is(), outcomes(&[(HOSTILE, Outcome::Kept(Reference::new(HOSTILE, None)))])),
        ],
        missed: vec![Missed { is: is().is, command: HOSTILE.into() }],
        notices: vec![problem()],
        problems: vec![Failure { chart: HOSTILE.into(), problem: problem() }],
        released: [(is().is, released)].into(),
        afterwards: vec![problem()],
    }
}

/// No link but to the repository, no image, and no HTML but what folds; what is hostile stands in code only.
fn does_nothing(markdown: &str) {
    let mut heads = 0;
    let mut depth = 0;
    for event in Parser::new_ext(markdown, Options::all()) {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                assert!(dest_url.starts_with("https://github.com/acme/charts/blob/"), "{dest_url}");
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let ours = html.starts_with("<details><summary>") || html.trim() == "</details>";
                assert!(ours && !html.contains("script"), "{html}");
            }
            Event::Start(Tag::Image { .. } | Tag::FootnoteDefinition(_)) => panic!("{event:?}"),
            Event::Start(Tag::Heading { .. }) => heads += 1,
            Event::Start(Tag::CodeBlock(_)) => depth += 1,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => depth -= 1,
            Event::Text(text) if depth == 0 => {
                for hostile in ["everyone", "evil", "script", "#1", "31m"] {
                    assert!(!text.contains(hostile), "{text}");
                }
            }
            _ => {}
        }
    }
    assert!(heads < 10, "a head that is not ours: {markdown}");
    assert!(!markdown.contains('\u{202e}') && !markdown.contains('\u{1b}'));
}

#[test]
fn nothing_that_others_wrote_does_anything() {
    let hostile = hostile_report();
    does_nothing(&report(&hostile, Some(&source())));
    does_nothing(&report(&hostile, None));
    let made =
        Made { is: ChartVersion::new(HOSTILE, HOSTILE), file: HOSTILE.into(), package: Digest::of(b"") };
    let notices = hostile.notices.clone();
    let told = Packages { made: vec![made], notices, problems: hostile.problems.clone() };
    does_nothing(&packages(&told, Some(&source())));
    does_nothing(&problems(&hostile.notices, &hostile.notices, ExitCode::Act, Some(&source())));
    let mut would = Plan { missed: hostile.missed, notices: hostile.notices, ..Plan::default() };
    would.problems = hostile.problems;
    would.versions = hostile.versions.into_iter().map(|(planned, _)| planned).collect();
    would.versions[0].steps = [(channel(HOSTILE), Step::Stop(Problem::new(HOSTILE)))].into();
    does_nothing(&plan(&would, Some(&source())));
}

#[test]
fn only_what_was_refused_before_it_began_did_nothing() {
    let told = [Problem::new("no such option").next("take it out")];
    let known = [Problem::new("the clone is shallow")];
    let text = problems(&told, &known, ExitCode::Usage, None);
    assert!(text.starts_with("### Nothing was done: 1 problem\n"), "{text}");
    assert!(text.contains("\n#### Worth knowing\n\n- the clone is shallow\n"), "{text}");
    let text = problems(&told, &[], ExitCode::Again, None);
    assert!(text.starts_with("### Not finished: 1 problem\n"), "{text}");
    assert!(!text.contains("Worth knowing"), "{text}");
}

#[test]
fn every_row_of_a_table_has_the_cells_of_its_head() {
    let text = report(&hostile_report(), Some(&source()));
    let mut rows: Vec<usize> = Vec::new();
    for event in Parser::new_ext(&text, Options::all()) {
        match event {
            Event::Start(Tag::TableRow) => rows.push(0),
            Event::Start(Tag::TableCell) => {
                if let Some(row) = rows.last_mut() {
                    *row += 1;
                }
            }
            _ => {}
        }
    }
    assert_eq!(rows.len(), 5, "one half-published, four versions: {text}");
}

#[test]
fn ten_thousand_versions_fit_and_the_rest_is_said() {
    let version = |number: usize| {
        let is = planned(&format!("chart-{number}@1.0.0"), &[]);
        (
            is,
            outcomes(&[(
                "releases",
                Outcome::Stopped(Problem::new(format!("{number} {}", "x".repeat(200)))),
            )]),
        )
    };
    let large = Report { versions: (0..10_000).map(version).collect(), ..Report::default() };
    let text = report(&large, Some(&source()));
    assert!(text.len() < 1024 * 1024, "{}", text.len());
    assert!(text.contains("too long for GitHub"));
}

#[test]
fn what_is_the_same_for_all_charts_is_said_once() {
    let version = |number: usize| {
        let stopped = Outcome::Stopped(Problem::new("this token may not push").next("paste this"));
        (planned(&format!("c{number}@1.0.0"), &[]), outcomes(&[("oci", stopped)]))
    };
    let told = Report { versions: (0..25).map(version).collect(), ..Report::default() };
    let text = report(&told, None);
    assert_eq!(text.matches("paste this").count(), 1);
    assert!(text.contains("`c19@1.0.0`** and 5 more in `oci`: this token may not push\n"), "{text}");
}

#[test]
fn a_page_of_the_repository_can_be_opened_and_no_other() {
    let open = |next: &str| to_open(next, Some(&source()));
    let settings = "https://github.com/acme/charts/settings/actions";
    assert_eq!(open(&format!("see {settings}.")).as_deref(), Some(settings));
    assert_eq!(open("see https://github.com/acme/charts-evil/x"), None);
    assert_eq!(open("see https://evil.example/acme/charts/"), None);
    assert_eq!(open("see https://github.com/acme/charts/../../evil"), None);
    assert_eq!(open(&format!("{settings}><script>")).as_deref(), Some(settings));
}
