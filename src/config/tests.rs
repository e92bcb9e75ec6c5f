//! What is meant by flags, environment and file together.

mod hosts;
mod signing;

use super::*;
use crate::{cli::Cli, holdings::ChannelId, problem::Problem};
use clap::CommandFactory;
use std::{collections::BTreeMap, path::Path};

/// `chart-release` called like this, with `repository` as the root and four processors.
fn given(typed: &str, environment: &[(&str, &str)]) -> Given {
    let definition = Cli::command();
    let words = std::iter::once("chart-release").chain(typed.split_whitespace());
    let matches = definition.clone().try_get_matches_from(words).unwrap();
    let environment: BTreeMap<_, _> =
        environment.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Given::new(&definition, matches.subcommand().unwrap().1, &environment)
}

fn check(typed: &str, environment: &[(&str, &str)], file: &str) -> Result<Config, Vec<Problem>> {
    let four = NonZeroUsize::new(4).unwrap();
    given(typed, environment).check(Path::new("repository"), Some((FILE, file.as_bytes())), four)
}

fn config(typed: &str, environment: &[(&str, &str)], file: &str) -> Config {
    check(typed, environment, file).unwrap()
}

fn problems(typed: &str, environment: &[(&str, &str)], file: &str) -> Vec<Problem> {
    check(typed, environment, file).unwrap_err()
}

/// `file:line what` of each problem.
fn lines(file: &str) -> Vec<String> {
    let told = |problem: Problem| {
        let place = problem.place.unwrap();
        format!("{}:{} {}", place.file, place.line.unwrap_or_default(), problem.what)
    };
    problems("plan", &[], file).into_iter().map(told).collect()
}

fn folder(id: &str, path: &str) -> ChannelChoice {
    ChannelChoice::Folder { id: ChannelId(id.into()), path: path.into() }
}

#[test]
fn nothing_given_is_a_sweep_of_charts_to_the_folder_published() {
    let given_now = config("plan", &[], "");
    let expected = Config {
        base: Base::default(),
        github: given_now.github.clone(),
        releases: given_now.releases.clone(),
        pages: given_now.pages.clone(),
        registries: Registries::default(),
        http: given_now.http.clone(),
        dependencies: None,
        cache: None,
        signing: None,
        repository: "repository".into(),
        charts: vec!["charts".into()],
        exclude: vec![],
        channels: vec![folder("folder:published", "repository/published")],
        since: None,
        tag: None,
        only: None,
        generated: vec![],
        strict: false,
        backfill: false,
        jobs: NonZeroUsize::new(16).unwrap(),
        into: "repository/packages".into(),
        packages: None,
        names: vec![],
        json: false,
        quiet: false,
        verbose: 0,
        color: Color::Auto,
        source_date_epoch: None,
        environment: BTreeMap::new(),
        secrets: vec![],
        notices: vec![],
    };
    assert_eq!(config("plan", &[], ""), expected);
    let four = NonZeroUsize::new(4).unwrap();
    assert_eq!(given("plan", &[]).check(Path::new("repository"), None, four).unwrap(), expected);
}

#[test]
fn flags_go_over_environment_and_environment_over_file() {
    let file = "since: file\njobs: 1\ncharts: [file]\nstrict: true\n";
    let environment = [("CHART_RELEASE_SINCE", "environment"), ("CHART_RELEASE_JOBS", "2")];
    let config = config("plan --since flag", &environment, file);
    assert_eq!(config.since.as_deref(), Some("flag"));
    assert_eq!(config.jobs.get(), 2);
    assert_eq!(config.charts, ["file"]);
    assert!(config.strict);
}

#[test]
fn a_list_of_a_higher_source_replaces_the_whole_list_of_a_lower_one() {
    let config = config("plan --charts c", &[("CHART_RELEASE_CHARTS", "b")], "charts: [a, d]\n");
    assert_eq!(config.charts, ["c"]);
}

#[test]
fn every_option_can_be_given_by_each_source_and_is_read() {
    let by_file = "\
charts: [a, b]
exclude: a/x
channel: [folder:one, folder:two]
since: v1
only: plan.json
generated: ['*.gen']
strict: true
tag: refs/tags/demo-1.0.0
packages: here
jobs: 3
into: out
json: true
quiet: true
verbose: 2
color: never
backfill: true
commit-author: A <a@b>
github-repository: acme/charts
github-writes-per-hour: 9
github-writes-per-minute: 8
latest-chart: demo
packages-with-index: true
pages-branch: site
pages-index-path: charts/
pages-remote: https://github.com/acme/site.git
pages-url: https://charts.example.com/
plain-http: registry.local
registry-user: registry.local=robot
release-name-template: v{{ .Version }}
release-notes-file: NOTES.md
generate-release-notes: true
retries: 1
retry-pause: 2
sign-off: true
timeout: 3
dependencies: Locked
cache: kept
sign: true
key: demo@example.com
keyring: keys/secring.gpg
passphrase-file: keys/passphrase
base: main
";
    let by_environment = [
        ("CHART_RELEASE_CHARTS", "a,b"),
        ("CHART_RELEASE_EXCLUDE", "a/x"),
        ("CHART_RELEASE_CHANNEL", "folder:one\nfolder:two\n"),
        ("CHART_RELEASE_SINCE", "v1"),
        ("CHART_RELEASE_ONLY", "repository/plan.json"),
        ("CHART_RELEASE_GENERATED", "*.gen"),
        ("CHART_RELEASE_STRICT", "true"),
        ("CHART_RELEASE_TAG", "demo-1.0.0"),
        ("CHART_RELEASE_PACKAGES", "repository/here"),
        ("CHART_RELEASE_JOBS", "3"),
        ("CHART_RELEASE_INTO", "repository/out"),
        ("CHART_RELEASE_JSON", "1"),
        ("CHART_RELEASE_QUIET", "TRUE"),
        ("CHART_RELEASE_VERBOSE", "2"),
        ("CHART_RELEASE_COLOR", "never"),
        ("CHART_RELEASE_BACKFILL", "true"),
        ("CHART_RELEASE_COMMIT_AUTHOR", "A <a@b>"),
        ("CHART_RELEASE_GITHUB_REPOSITORY", "acme/charts"),
        ("CHART_RELEASE_GITHUB_WRITES_PER_HOUR", "9"),
        ("CHART_RELEASE_GITHUB_WRITES_PER_MINUTE", "8"),
        ("CHART_RELEASE_LATEST_CHART", "demo"),
        ("CHART_RELEASE_PACKAGES_WITH_INDEX", "true"),
        ("CHART_RELEASE_PAGES_BRANCH", "site"),
        ("CHART_RELEASE_PAGES_INDEX_PATH", "charts/index.yaml"),
        ("CHART_RELEASE_PAGES_REMOTE", "https://github.com/acme/site.git"),
        ("CHART_RELEASE_PAGES_URL", "https://charts.example.com"),
        ("CHART_RELEASE_PLAIN_HTTP", "registry.local"),
        ("CHART_RELEASE_REGISTRY_USER", "registry.local=robot"),
        ("CHART_RELEASE_RELEASE_NAME_TEMPLATE", "v{{ .Version }}"),
        ("CHART_RELEASE_RELEASE_NOTES_FILE", "NOTES.md"),
        ("CHART_RELEASE_GENERATE_RELEASE_NOTES", "true"),
        ("CHART_RELEASE_RETRIES", "1"),
        ("CHART_RELEASE_RETRY_PAUSE", "2"),
        ("CHART_RELEASE_SIGN_OFF", "true"),
        ("CHART_RELEASE_TIMEOUT", "3"),
        ("CHART_RELEASE_DEPENDENCIES", "locked"),
        ("CHART_RELEASE_CACHE", "repository/kept"),
        ("CHART_RELEASE_SIGN", "yes"),
        ("CHART_RELEASE_KEY", "demo@example.com"),
        ("CHART_RELEASE_KEYRING", "repository/keys/secring.gpg"),
        ("CHART_RELEASE_PASSPHRASE_FILE", "repository/keys/passphrase"),
        ("CHART_RELEASE_BASE", "main"),
    ];
    let known: Vec<_> = options::of(&Cli::command()).into_keys().collect();
    let in_file: std::collections::BTreeSet<_> =
        by_file.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(known, in_file.into_iter().collect::<Vec<_>>(), "an option was added: give it here too");

    let file = config("plan", &[], by_file);
    let environment = config("plan", &by_environment, "");
    assert_eq!(
        file.channels,
        [folder("folder:one", "repository/one"), folder("folder:two", "repository/two")]
    );
    assert_eq!(environment.channels, [folder("folder:one", "one"), folder("folder:two", "two")]);
    assert_eq!(Config { channels: vec![], ..file.clone() }, Config { channels: vec![], ..environment });
    let nothing = config("plan", &[], "");
    assert_eq!((file.since.as_deref(), file.tag.as_deref()), (Some("v1"), Some("demo-1.0.0")));
    assert_eq!((&file.base, &nothing.base), (&Base::Named("main".into()), &Base::OfOrigin));
    assert!(file.pages.packages_with_index && file.releases.generate_notes);
    assert!(!nothing.pages.packages_with_index && !nothing.releases.generate_notes);
    assert_eq!(
        (file.charts, file.exclude, file.generated),
        (vec!["a".to_owned(), "b".to_owned()], vec!["a/x".to_owned()], vec!["*.gen".to_owned()])
    );
    assert_eq!((file.only, file.into), (Some("repository/plan.json".into()), "repository/out".into()));
    assert_eq!((file.jobs.get(), file.verbose, file.color), (3, 2, Color::Never));
    assert!(file.strict && file.json && file.quiet);
    assert!(!nothing.strict && !nothing.json && !nothing.quiet);

    let typed = "--charts a --charts b --exclude a/x --channel folder:one --channel folder:two --since v1 \
        --generated *.gen --strict --jobs 3 --json --color never";
    let flags = config(&format!("plan {typed}"), &[], "");
    assert_eq!(
        (flags.charts, flags.channels),
        (
            vec!["a".to_owned(), "b".to_owned()],
            vec![folder("folder:one", "one"), folder("folder:two", "two")]
        )
    );
    assert!(flags.strict && flags.json);
    assert_eq!((flags.jobs.get(), flags.color, flags.since.as_deref()), (3, Color::Never, Some("v1")));
    let flags = config("package --into out --only plan.json -vv", &[], "");
    assert_eq!((flags.into, flags.only, flags.verbose), ("out".into(), Some("plan.json".into()), 2));
}

#[test]
fn an_empty_variable_is_not_set() {
    let environment = [
        ("CHART_RELEASE_CHARTS", ""),
        ("CHART_RELEASE_SINCE", "  "),
        ("CHART_RELEASE_STRICT", ""),
        ("SOURCE_DATE_EPOCH", ""),
    ];
    let config = config("plan", &environment, "charts: x\nsince: v1\nstrict: true\n");
    assert_eq!((config.charts, config.since), (vec!["x".to_owned()], Some("v1".to_owned())));
    assert!(config.strict);
    assert_eq!(config.source_date_epoch, None);
}

#[test]
fn lines_and_commas_part_a_list_in_a_variable_and_the_commas_of_a_glob_do_not() {
    let charts = |text| config("plan", &[("CHART_RELEASE_CHARTS", text)], "").charts;
    assert_eq!(charts("a, b ,,c"), ["a", "b", "c"]);
    assert_eq!(charts("a\n\n  b\n"), ["a", "b"]);
    assert_eq!(charts("charts/{a,b},other"), ["charts/{a,b}", "other"]);
}

#[test]
fn names_go_over_since_only_and_tag_of_a_lower_source() {
    let environment = [("CHART_RELEASE_SINCE", "HEAD~2"), ("CHART_RELEASE_TAG", "demo-1.1.0")];
    let config = config("publish demo@1.0.0", &environment, "only: plan.json\n");
    assert_eq!((config.since, config.only, config.tag), (None, None, None));
    assert_eq!(config.names, ["demo@1.0.0"]);
}

#[test]
fn a_tag_is_taken_by_its_name_and_a_branch_for_none() {
    let tag = |text: &str| config(&format!("publish --tag {text}"), &[], "").tag;
    assert_eq!(tag("demo-1.1.0").as_deref(), Some("demo-1.1.0"));
    assert_eq!(tag("refs/tags/charts/demo/v1.1.0").as_deref(), Some("charts/demo/v1.1.0"));
    let told = problems("publish --tag refs/heads/main", &[], "");
    assert_eq!(told[0].what, "--tag: `refs/heads/main` is not a tag");
}

#[test]
fn what_the_file_says_wrong_is_told_with_its_line() {
    assert_eq!(lines("charts: a\nchanel: folder:x\n"), ["chart-release.yaml:2 there is no option `chanel`"]);
    assert_eq!(lines("repository: x\n"), ["chart-release.yaml:1 there is no option `repository`"]);
    assert_eq!(
        lines("strict: maybe\njobs: four\nsince: 1234567\ncharts: {a: b}\nexclude:\n- a\n- 1.0\n"),
        [
            "chart-release.yaml:1 strict: must be true or false",
            "chart-release.yaml:2 jobs: must be a whole number",
            "chart-release.yaml:3 since: must be text; in quotes anything is text",
            "chart-release.yaml:4 charts: must be a list of texts, or one text; in quotes anything is text",
            "chart-release.yaml:7 exclude: every item of the list must be text; in quotes anything is text",
        ]
    );
    assert_eq!(
        lines("jobs: 0\ngenerated: ../x\ncharts:\n- a\n- /b\nchannel: oci://ghcr.io/Acme\ncolor: red\n"),
        [
            "chart-release.yaml:6 channel: `oci://ghcr.io/Acme` has upper case in its path, which no registry takes",
            "chart-release.yaml:5 charts: `/b` leads out of the repository",
            "chart-release.yaml:2 generated: `../x` leads out of the repository",
            "chart-release.yaml:1 jobs: `0` is not a number that can stand here",
            "chart-release.yaml:7 color: `red` is neither auto nor always nor never",
        ]
    );
    assert_eq!(
        lines("charts: a\ncharts: b\n"),
        ["chart-release.yaml:2 `charts` stands here again, after line 1"]
    );
    assert_eq!(lines("- charts\n"), ["chart-release.yaml:1 the configuration is not a map of options"]);
    assert_eq!(lines("a: [\n").len(), 1);
}

#[test]
fn a_wrong_key_is_told_with_the_nearest_one_and_all() {
    let next = |file| problems("plan", &[], file)[0].next.clone().unwrap();
    assert!(
        next("channels: x\n")
            .starts_with("did you mean `channel`? the options are backfill, base, cache, channel, charts, ")
    );
    assert!(next("Exclude: x\n").starts_with("did you mean `exclude`? "));
    assert!(next("Zeitgeist: x\n").starts_with("the options are backfill, base, cache, channel, charts, "));
}

#[test]
fn a_key_without_a_value_says_nothing() {
    assert_eq!(config("plan", &[], "charts:\nexclude: []\nsince: ''\n"), config("plan", &[], "# nothing\n"));
}

#[test]
fn a_wrong_value_is_told_by_whom_it_was_given() {
    let environment = [("CHART_RELEASE_STRICT", "maybe"), ("CHART_RELEASE_JOBS", "-1")];
    let told: Vec<_> =
        problems("plan --charts ../x", &environment, "").into_iter().map(|problem| problem.what).collect();
    assert_eq!(
        told,
        [
            "--charts: `../x` leads out of the repository",
            "CHART_RELEASE_STRICT: `maybe` is neither true nor false",
            "CHART_RELEASE_JOBS: `-1` is not a number that can stand here",
        ]
    );
}

#[test]
fn an_empty_flag_is_not_taken_for_no_flag() {
    let definition = Cli::command();
    for typed in [["plan", "--since="], ["package", "--into="], ["plan", "--charts="], ["plan", "--only= "]] {
        let matches =
            definition.clone().try_get_matches_from([&["chart-release"][..], &typed].concat()).unwrap();
        let given = Given::new(&definition, matches.subcommand().unwrap().1, &BTreeMap::new());
        let problems = given.check(Path::new("."), None, NonZeroUsize::MIN).unwrap_err();
        assert!(problems[0].what.contains("empty"), "{problems:?}");
    }
}

#[test]
fn globs_are_taken_from_the_root_without_ornaments() {
    let charts = |glob: &str| config("plan", &[("CHART_RELEASE_CHARTS", glob)], "").charts;
    for (given, meant) in
        [("./charts/", "charts"), (".", "."), ("./", "."), ("charts/*", "charts/*"), (".//a", "a")]
    {
        assert_eq!(charts(given), [meant], "{given}");
    }
    for wrong in ["/", "/charts", "..", "a/../../b", "[a", "a/{b"] {
        assert!(check("plan", &[("CHART_RELEASE_CHARTS", wrong)], "").is_err(), "{wrong}");
    }
}

#[test]
fn a_channel_that_is_given_twice_is_one() {
    let config = config("plan --channel folder:a --channel folder:a", &[], "");
    assert_eq!(config.channels, [folder("folder:a", "a")]);
    for wrong in ["folder:", "published", "Folder:x"] {
        let problems = problems(&format!("plan --channel {wrong}"), &[], "");
        assert!(problems[0].next.as_ref().unwrap().contains("`folder:PATH`"), "{wrong}");
    }
}

#[test]
fn charts_are_named_by_name_and_version_not_by_path() {
    assert_eq!(config("plan demo other@1.0.0-rc.1+x", &[], "").names, ["demo", "other@1.0.0-rc.1+x"]);
    for wrong in ["charts/demo", "./demo", ".", "@1.0.0", "demo@", "demo@1@2"] {
        assert!(check(&format!("plan {wrong}"), &[], "").is_err(), "{wrong}");
    }
}

#[test]
fn the_file_is_looked_for_at_the_root_unless_it_is_named() {
    let root = Path::new("root");
    let file = given("plan", &[]).file(root);
    assert_eq!((file.path.as_path(), file.named), (Path::new("root/chart-release.yaml"), false));
    let file = given("plan --config other.yaml", &[("CHART_RELEASE_CONFIG", "third.yaml")]).file(root);
    assert_eq!((file.path.as_path(), file.named), (Path::new("other.yaml"), true));
    let given =
        given("plan", &[("CHART_RELEASE_CONFIG", "third.yaml"), ("CHART_RELEASE_REPOSITORY", "there")]);
    assert_eq!(given.file(root).path, Path::new("third.yaml"));
    assert_eq!(given.repository(), Some(Path::new("there")));
}

#[test]
fn a_variable_that_nothing_reads_is_an_error() {
    let environment = [
        ("CHART_RELEASE_CHANEL", "x"),
        ("CHART_RELEASE_SOMETHING_ELSE", "x"),
        ("CHART_RELEASE_EMPTY", ""),
        ("CHART_RELEASE_OCI_PASSWORD", "x"),
        ("CHART_RELEASER", "x"),
    ];
    let wrong = given("plan", &environment).check(Path::new("/repository"), None, NonZeroUsize::MIN);
    let wrong = wrong.expect_err("two of them");
    let told: Vec<_> = wrong.iter().map(|problem| (problem.what.as_str(), problem.next.as_deref())).collect();
    assert_eq!(
        told,
        [
            (
                "CHART_RELEASE_CHANEL is set, and there is no such option",
                Some("did you mean CHART_RELEASE_CHANNEL?")
            ),
            (
                "CHART_RELEASE_SOMETHING_ELSE is set, and there is no such option",
                Some("`chart-release --help` lists the options")
            ),
        ]
    );
}

#[test]
fn secrets_are_known_and_never_printed() {
    let environment = [
        ("GITHUB_TOKEN", "ghs_abcdef"),
        ("GH_TOKEN", ""),
        ("CR_TOKEN", "short"),
        ("CHART_RELEASE_OCI_PASSWORD", "correct horse"),
        ("CHART_RELEASE_SIGN_PASSPHRASE", "battery staple\n"),
        ("HOME", "/home/demo"),
    ];
    let config = config("plan", &environment, "");
    let known: Vec<_> = config.secrets.iter().map(Secret::expose).collect();
    assert_eq!(known, ["correct horse", "battery staple", "ghs_abcdef"]);
    let printed = format!("{config:?}");
    assert!(known.iter().all(|secret| !printed.contains(secret)), "{printed}");
}

proptest::proptest! {
    #[test]
    fn any_file_is_read_or_told_with_a_line(lines in proptest::collection::vec(
        "(charts|channel|jobs|strict|since|x|- a|)(: |:|)(\\[a, b\\]|true|-1|folder:x|\"|\\{|1.5|\\PC{0,8})", 0..6)) {
        if let Err(problems) = check("plan", &[], &lines.join("\n")) {
            for problem in problems {
                let place = problem.place.expect("a place");
                proptest::prop_assert_eq!(place.file, FILE);
                proptest::prop_assert!(place.line.is_some_and(|line| line <= lines.len() + 1));
            }
        }
    }
}

#[test]
fn a_second_document_is_an_error_with_its_line() {
    let read = |text: &str| {
        let given = given("plan", &[]);
        given.check(
            Path::new("/repository"),
            Some(("chart-release.yaml", text.as_bytes())),
            NonZeroUsize::MIN,
        )
    };
    let wrong = read("# ours\n---\ncharts: charts\n---\nstrict: true\n").expect_err("two documents");
    assert_eq!(wrong[0].place.as_ref().and_then(|place| place.line), Some(4));
    assert!(read("# ours\n---\ncharts: charts\n").is_ok());
}

#[test]
fn on_github_actions_charts_go_to_releases_and_pages() {
    let here =
        [("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "Acme/Charts"), ("GITHUB_TOKEN", "ghs_12345678")];
    assert_eq!(config("plan", &here, "").channels, [ChannelChoice::Releases, ChannelChoice::Pages]);
    let named = config("plan --channel oci --channel oci://ghcr.io/acme/charts", &here, "");
    assert_eq!(named.channels.len(), 1);
    assert_eq!(named.channels[0].id().0.to_string(), "oci://ghcr.io/acme/charts");
    assert_eq!(named.registries.credentials["ghcr.io"].user, "Acme");
    assert!(check("plan", &here[..1], "").is_err());
    assert!(check("package", &here[..1], "").is_ok(), "packages go to no channel");
    let elsewhere = [("GITHUB_SERVER_URL", "https://git.acme.com/"), here[1], here[2]];
    assert!(check("plan --channel oci", &elsewhere, "").is_err());
    let config = config("plan --channel oci://ghcr.io/acme", &elsewhere, "");
    assert_eq!(config.github.api_url, "https://git.acme.com/api/v3");
    assert!(config.registries.credentials.is_empty(), "the token of another GitHub");
    assert_eq!(config.releases.budget, None);
    assert!(config.github.token_for("https://git.acme.com/a/b.git").is_some());
    assert!(config.github.token_for("https://git.acme.com.evil.org/a/b.git").is_none());
}
