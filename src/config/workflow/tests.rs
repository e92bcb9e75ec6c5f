//! What inputs, variables and files say together; and of everything that chart-releaser can be told, what becomes of it.

use super::*;
use crate::{
    cli::Cli,
    config::{ChannelChoice, Config, ConfigText, Latest, NoConfig, Signing, Source},
};
use clap::CommandFactory;
use std::num::NonZeroUsize;

/// What the runner says in every step.
const STEP: [(&str, &str); 4] = [
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_REPOSITORY", "acme/charts"),
    ("GITHUB_SERVER_URL", "https://github.com"),
    ("GITHUB_API_URL", "https://api.github.com"),
];

fn checked(variables: &[(&str, &str)], ours: &str, theirs: &str) -> Result<Config, NoConfig> {
    let environment: BTreeMap<String, String> =
        STEP.iter().chain(variables).map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let given = Given::in_workflow(&Cli::command(), &environment);
    let text = |name, text: &'static str, of_chart_releaser| ConfigText {
        name,
        bytes: text.as_bytes(),
        of_chart_releaser,
    };
    // The stories read files that lie in a folder; here they are only read.
    let (ours, theirs): (&'static str, &'static str) =
        (String::leak(ours.to_owned()), String::leak(theirs.to_owned()));
    let files = [text("chart-release.yaml", ours, false), text("cr.yaml", theirs, true)];
    given.check_files(Path::new("root"), &files, NonZeroUsize::MIN)
}

fn check(variables: &[(&str, &str)], ours: &str, theirs: &str) -> Result<Config, Vec<Problem>> {
    checked(variables, ours, theirs).map_err(|none| none.problems)
}

fn config(variables: &[(&str, &str)], ours: &str, theirs: &str) -> Config {
    check(variables, ours, theirs).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn told(problems: &[Problem]) -> Vec<String> {
    let told = |problem: &Problem| {
        let line = problem.place.as_ref().map(|place| format!("{}:{} ", place.file, place.line.unwrap_or(0)));
        assert!(problem.next.is_some(), "nothing says what to do about {}", problem.what);
        format!("{}{}", line.unwrap_or_default(), problem.what)
    };
    problems.iter().map(told).collect()
}

fn channels(config: &Config) -> Vec<String> {
    config.channels.iter().map(|channel| channel.id().to_string()).collect()
}

#[test]
fn what_is_worth_knowing_is_told_also_when_something_is_refused() {
    let variables = [("INPUT_VERSION", "v1.7.0"), ("INPUT_SKIP_PACKAGING", "true"), ("CR_INDEX_PATH", "a")];
    let none = checked(&variables, "", "pr: true\ncharts-repo: https://example.com\n").unwrap_err();
    assert_eq!((none.problems.len(), none.notices.len()), (2, 3), "{none:?}");
}

#[test]
fn inputs_go_over_variables_and_each_of_ours_over_theirs() {
    let branch = |variables: &[(&str, &str)], ours, theirs| config(variables, ours, theirs).pages.branch;
    let input = ("INPUT_PAGES_BRANCH", "input");
    let (our, their) = (("CHART_RELEASE_PAGES_BRANCH", "our"), ("CR_PAGES_BRANCH", "their"));
    let (ours, theirs) = ("pages-branch: ours\n", "pages-branch: theirs\n");
    assert_eq!(branch(&[input, our, their], ours, theirs), "input");
    assert_eq!(branch(&[our, their], ours, theirs), "our");
    assert_eq!(branch(&[their], ours, theirs), "their");
    assert_eq!(branch(&[], ours, theirs), "ours");
    assert_eq!(branch(&[], "", theirs), "theirs");
    assert_eq!(branch(&[], "", ""), "gh-pages");
    // An empty one was not given.
    assert_eq!(branch(&[("INPUT_PAGES_BRANCH", " "), their], "", ""), "their");
}

#[test]
fn inputs_are_read_as_people_write_them() {
    let given = config(
        &[
            ("INPUT_CHARTS_DIR", "./charts/, libraries/{a,b}\nmore/*"),
            ("INPUT_CHANNELS", "releases\noci://registry.example.com/charts\nfolder:out"),
            ("INPUT_STRICT", "Yes"),
            ("INPUT_BACKFILL", "0"),
            ("INPUT_RELEASE_NAME_TEMPLATE", "{{ .Name }}, {{ .Version }}"),
            ("INPUT_COMMIT_AUTHOR", "Some Body <some@example.com>"),
            ("INPUT_NAMES", "demo@1.0.0\nother"),
            ("RUNNER_DEBUG", "1"),
        ],
        "",
        "",
    );
    assert_eq!(given.charts, ["charts", "libraries/{a,b}", "more/*"]);
    assert_eq!(channels(&given), ["releases", "oci://registry.example.com/charts", "folder:out"]);
    let ChannelChoice::Folder { path, .. } = &given.channels[2] else { panic!("no folder") };
    assert_eq!(path, Path::new("root/out"), "paths start from the root of the repository");
    assert!(given.strict && !given.backfill);
    assert_eq!(given.releases.name_template, "{{ .Name }}, {{ .Version }}");
    assert_eq!(given.names, ["demo@1.0.0", "other"]);
    assert_eq!(given.packages.as_deref(), Some(Path::new("root/.cr-release-packages")));
    let elsewhere = config(&[("INPUT_PACKAGES", "out")], "", "");
    assert_eq!(elsewhere.packages.as_deref(), Some(Path::new("root/out")));
    assert_eq!(given.verbose, 2);
    assert_eq!(channels(&config(&[], "", "")), ["releases", "pages"]);
}

#[test]
fn what_is_wrong_with_an_input_is_told_with_its_name() {
    for (name, value, expected) in [
        ("INPUT_CHARTS_DIR", "../charts", "input charts_dir: `../charts` leads out of the repository"),
        ("INPUT_CHANNELS", "ftp", "input channels: `ftp` is not a channel"),
        ("INPUT_STRICT", "maybe", "input strict: `maybe` is neither true nor false"),
        ("INPUT_SKIP_EXISTING", "maybe", "input skip_existing: `maybe` is neither true nor false"),
        ("INPUT_TOKEN", "short", "input token: a secret has fewer than 8 characters"),
        (
            "INPUT_OCI_REGISTRY_URL",
            "oci://a:b@c.example.com/d",
            "input oci_registry_url: a registry's URL with a user or password in it",
        ),
        ("CR_PAGES_BRANCH", "a..b", "CR_PAGES_BRANCH: `a..b` cannot be a branch"),
        ("INPUT_NAMES", "a/b", "input names: `a/b` is not the name of a chart"),
    ] {
        let problems = check(&[(name, value)], "", "").unwrap_err();
        let told: Vec<_> = problems.into_iter().map(|problem| problem.what).collect();
        assert_eq!(told, [expected]);
    }
}

/// What becomes of a word: the same whoever says it, but for how it is called.
#[test]
fn everything_that_chart_releaser_can_be_told_is_honoured_or_told_or_refused() {
    let nothing: &[&str] = &[];
    for (key, value, notices, problems) in [
        ("owner", "acme", nothing, nothing),
        ("owner", "other", &["has no effect: this run publishes to acme/charts"], nothing),
        ("git-repo", "charts", nothing, nothing),
        ("git-repo", "other", &["has no effect: this run publishes to acme/charts"], nothing),
        ("git-base-url", "https://api.github.com/", nothing, nothing),
        (
            "git-base-url",
            "https://ghe.example.com/",
            &["has no effect: GitHub is where the workflow runs"],
            nothing,
        ),
        ("git-upload-url", "https://uploads.github.com/", nothing, nothing),
        ("git-upload-url", "https://a:b@c", &["has no effect: GitHub is where the workflow runs"], nothing),
        ("charts-repo", "https://a", &["has no effect: as in chart-releaser since 2022"], nothing),
        ("index-path", "x", &["has no effect: the index is written on the pages branch only"], nothing),
        ("sign", "true", nothing, nothing),
        ("sign", "false", nothing, nothing),
        ("sign", "often", nothing, &["`often` is neither true nor false"]),
        ("key", "x", nothing, nothing),
        ("keyring", "x", nothing, nothing),
        ("passphrase-file", "x", nothing, nothing),
        ("commit", "x", &["has no effect: a release is made at the commit that its chart is from"], nothing),
        ("push", "true", nothing, nothing),
        ("push", "false", &["`false` has no effect: the index is always pushed"], nothing),
        ("pr", "false", nothing, nothing),
        ("pr", "true", nothing, &["the index is pushed, not proposed in a pull request"]),
        ("remote", "origin", nothing, nothing),
        ("remote", "upstream", &["has no effect: the pages branch is in the repository on GitHub"], nothing),
        ("skip-existing", "true", nothing, nothing),
        ("skip-existing", "false", &["`false` has no effect: what is published is always kept"], nothing),
        ("make-release-latest", "true", nothing, nothing),
        ("make-release-latest", "false", nothing, nothing),
        ("pages-branch", "site", nothing, nothing),
        ("pages-index-path", "a/index.yaml", nothing, nothing),
        ("release-name-template", "v{{ .Version }}", nothing, nothing),
        ("release-notes-file", "NEWS.md", nothing, nothing),
    ] {
        let variable = format!("CR_{}", key.to_uppercase().replace('-', "_"));
        let expected = |before: &str| {
            let of =
                |texts: &[&str]| texts.iter().map(|text| format!("{before}: {text}")).collect::<Vec<_>>();
            (of(notices), of(problems))
        };
        let result = |result: Result<Config, Vec<Problem>>| match result {
            Ok(config) => (told(&config.notices), vec![]),
            Err(problems) => (vec![], told(&problems)),
        };
        let by_variable = result(check(&[(&variable, value)], "", ""));
        assert_eq!(by_variable, expected(&variable), "{variable}={value}");
        let by_file = result(check(&[], "", &format!("# chart-releaser\n{key}: '{value}'\n")));
        assert_eq!(by_file, expected(&format!("cr.yaml:2 {key}")), "{key}: {value}");
        // Said by both, it is told once: for the stronger.
        let by_both = result(check(&[(&variable, value)], "", &format!("{key}: '{value}'\n")));
        assert_eq!(by_both.0.len() + by_both.1.len(), notices.len() + problems.len(), "{key}: {value}");
    }
}

#[test]
fn every_input_of_its_action_is_honoured_or_told_or_refused() {
    let nothing: &[&str] = &[];
    for (input, value, notices, problems) in [
        (
            "version",
            "v1.7.0",
            &["input version: has no effect: the version of chart-releaser has no meaning here"][..],
            nothing,
        ),
        (
            "charts_repo_url",
            "https://a",
            &["input charts_repo_url: has no effect: as in chart-releaser since 2022"],
            nothing,
        ),
        ("skip_existing", "true", nothing, nothing),
        (
            "skip_existing",
            "false",
            &["input skip_existing: `false` has no effect: what is published is always kept"],
            nothing,
        ),
        ("skip_packaging", "false", nothing, nothing),
        (
            "skip_packaging",
            "true",
            nothing,
            &[
                "input skip_packaging: packages of earlier steps are not published: this program makes them itself",
            ],
        ),
        ("skip_upload", "false", nothing, nothing),
        ("skip_upload", "true", nothing, nothing),
        ("mark_as_latest", "true", nothing, nothing),
        ("mark_as_latest", "false", nothing, nothing),
        ("install_only", "false", nothing, nothing),
        ("install_dir", "x", nothing, nothing),
    ] {
        let variable = format!("INPUT_{}", input.to_uppercase());
        match check(&[(&variable, value)], "", "") {
            Ok(config) => assert_eq!(
                (told(&config.notices).as_slice(), nothing),
                (&notices.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()[..], problems),
                "{input}"
            ),
            Err(wrong) => assert_eq!(told(&wrong), problems, "{input}"),
        }
    }
}

#[test]
fn no_release_is_the_latest_when_that_is_said() {
    let latest = |variables: &[(&str, &str)], ours, theirs| config(variables, ours, theirs).releases.latest;
    let demo = "latest-chart: demo\n";
    let chart = Latest::Chart(crate::charts::ChartName::new("demo"));
    assert_eq!(latest(&[], "", ""), Latest::Only);
    assert_eq!(latest(&[("INPUT_MARK_AS_LATEST", "false")], demo, ""), Latest::None);
    assert_eq!(latest(&[("CR_MAKE_RELEASE_LATEST", "false")], demo, ""), Latest::None);
    assert_eq!(latest(&[], demo, "make-release-latest: false\n"), chart);
    assert_eq!(latest(&[], "", "make-release-latest: false\n"), Latest::None);
    // True is what the input says when nobody says anything.
    assert_eq!(latest(&[("INPUT_MARK_AS_LATEST", "true")], "", "make-release-latest: false\n"), Latest::None);
    assert_eq!(
        latest(&[("CR_MAKE_RELEASE_LATEST", "true")], "", "make-release-latest: false\n"),
        Latest::Only
    );
    assert_eq!(latest(&[("INPUT_LATEST_CHART", "demo"), ("CR_MAKE_RELEASE_LATEST", "false")], "", ""), chart);
    let both = [("INPUT_MARK_AS_LATEST", "false"), ("INPUT_LATEST_CHART", "demo")];
    let problems = check(&both, "", "").unwrap_err();
    assert_eq!(told(&problems), ["input mark_as_latest: no release is the latest, and `demo` shall be it"]);
}

#[test]
fn without_the_upload_of_the_index_there_are_releases_only() {
    let skip = ("INPUT_SKIP_UPLOAD", "true");
    assert_eq!(channels(&config(&[skip], "", "")), ["releases"]);
    let registry = "oci://registry.example.com/charts";
    let with = |name, value| channels(&config(&[skip, (name, value)], "", ""));
    assert_eq!(with("INPUT_OCI_REGISTRY_URL", registry), ["releases", registry]);
    assert_eq!(with("INPUT_CHANNELS", registry), [registry]);
    let told = |variables: &[(&str, &str)], ours| told(&check(variables, ours, "").unwrap_err());
    let expected = ["input skip_upload: there shall be no index, and the channels name `pages`"];
    assert_eq!(told(&[skip, ("INPUT_CHANNELS", "releases, pages")], ""), expected);
    assert_eq!(told(&[skip], "channel: [releases, pages]\n"), expected);
}

#[test]
fn a_registry_in_the_names_of_tomorrow_is_one_more_channel() {
    let user = ("INPUT_OCI_USERNAME", "robot");
    let password = ("INPUT_OCI_PASSWORD", "marked-password");
    for url in ["oci://registry.example.com/charts", "registry.example.com/charts"] {
        let given = config(&[("INPUT_OCI_REGISTRY_URL", url), user, password], "", "");
        assert_eq!(channels(&given), ["releases", "pages", "oci://registry.example.com/charts"]);
        let credentials = &given.registries.credentials["registry.example.com"];
        assert_eq!((credentials.user.as_str(), credentials.password.expose()), ("robot", "marked-password"));
    }
    let url = ("INPUT_OCI_REGISTRY_URL", "registry.example.com/charts");
    let with = config(&[url, ("CHART_RELEASE_CHANNEL", "releases")], "", "");
    assert_eq!(channels(&with), ["releases", "oci://registry.example.com/charts"]);
    let wrong = |variables: &[(&str, &str)]| told(&check(variables, "", "").unwrap_err()).concat();
    assert_eq!(wrong(&[user]), "input oci_username: no registry is named");
    assert_eq!(wrong(&[url, user]), "input oci_username: there is no password for it");
    assert_eq!(wrong(&[url, password]), "input oci_password: there is no user for it");
    let short = wrong(&[url, user, ("INPUT_OCI_PASSWORD", "pwpwpw")]);
    assert!(
        short.starts_with("input oci_password: this is no password") && !short.contains("pwpwpw"),
        "{short}"
    );
}

#[test]
fn packages_are_signed_as_chart_releaser_is_told_and_as_our_inputs_say() {
    let home = ("HOME", "/home/demo");
    let signing = |variables: &[(&str, &str)], ours, theirs| config(variables, ours, theirs).signing;
    let file = |path: &str| Some(Source::File(path.into()));
    let theirs = "sign: true\nkey: Demo\nkeyring: keys/secring.gpg\npassphrase-file: ''\n";
    let given = signing(&[home], "", theirs).expect("it is signed");
    assert_eq!(
        given,
        Signing { key: file("root/keys/secring.gpg"), name: Some("Demo".into()), passphrase: None }
    );
    let variables = [
        home,
        ("CR_SIGN", "true"),
        ("CR_KEY", "Demo"),
        ("CR_KEYRING", "~/secring.gpg"),
        ("CR_PASSPHRASE_FILE", "/run/passphrase"),
    ];
    let given = signing(&variables, "", "keyring: a\n").expect("it is signed");
    assert_eq!((given.key, given.passphrase), (file("/home/demo/secring.gpg"), file("/run/passphrase")));
    assert_eq!(signing(&[home], "", "sign: false\nkeyring: a\n"), None);
    assert_eq!(
        signing(&[home], "", "sign: true\n").and_then(|given| given.key),
        file("/home/demo/.gnupg/pubring.gpg")
    );

    // The inputs of today take the place of the file that a step made; it need not be there any more.
    let inputs =
        [("INPUT_SIGNING_KEY", "bWFya2VkLWtleQ=="), ("INPUT_SIGNING_PASSPHRASE", "marked passphrase")];
    let given = signing(&[&variables[..], &inputs].concat(), "", theirs).expect("it is signed");
    let input =
        |name: &str, value: &str| Some(Source::Variable { told: name.into(), value: Secret::any(value) });
    assert_eq!(given.key, input("input signing_key", inputs[0].1));
    assert_eq!(given.passphrase, input("input signing_passphrase", inputs[1].1));
    assert_eq!(given.name.as_deref(), Some("Demo"));
    assert!(signing(&inputs, "", "").is_some(), "a key is there to be used");
    let both = [inputs[0], ("INPUT_KEYRING", "a")];
    assert_eq!(told(&check(&both, "", "").unwrap_err()), ["input keyring: input signing_key is given, too"]);

    for (variables, place) in
        [(&[("CR_PASSPHRASE_FILE", "-")][..], "CR_PASSPHRASE_FILE"), (&[], "cr.yaml:2 passphrase-file")]
    {
        let theirs = if variables.is_empty() { "sign: true\npassphrase-file: '-'\n" } else { "sign: true\n" };
        let told = told(&check(variables, "", theirs).unwrap_err());
        assert_eq!(told, [format!("{place}: nothing is read from the standard input")]);
    }
}

#[test]
fn no_file_of_the_repository_says_to_whom_a_password_goes() {
    const PASSWORD: &str = "CHART_RELEASE_REGISTRY_PASSWORD";
    let channel = "channel: oci://registry-example.com/charts\n";
    let user = "registry-user: registry-example.com=robot\n";
    let both = format!("{channel}{user}");
    // One that is meant for registry.example.com has the same name.
    for name in [PASSWORD, "CHART_RELEASE_REGISTRY_PASSWORD_REGISTRY_EXAMPLE_COM"] {
        let password = (name, "marked-password");
        for (ours, theirs, place) in [(&*both, "", "chart-release.yaml:2"), ("", &both, "cr.yaml:2")] {
            let problems = told(&check(&[password], ours, theirs).unwrap_err()).concat();
            let expected = format!(
                "{place} registry-user: {name} would go to registry-example.com because a file of the repository says so"
            );
            assert_eq!(problems, expected);
        }
        for input in ["INPUT_REGISTRY_USER", "CHART_RELEASE_REGISTRY_USER"] {
            let input = (input, "registry-example.com=robot");
            let given = config(&[password, input], &both, "");
            assert_eq!(given.registries.credentials["registry-example.com"].user, "robot");
            let plainly = format!("{channel}plain-http: [other.example.com, registry-example.com]\n");
            let problems = told(&check(&[password, input], &plainly, "").unwrap_err()).concat();
            assert!(problems.starts_with("chart-release.yaml:2 plain-http: "), "{problems}");
        }
    }
    // Nor to that of a host that only dependencies come from, which may be anybody's.
    let of_dependencies = told(&check(&[(PASSWORD, "marked-password")], user, "").unwrap_err()).concat();
    assert!(of_dependencies.starts_with("chart-release.yaml:1 registry-user: "), "{of_dependencies}");
    // Where nothing is given away, a file may say it.
    assert!(config(&[], user, "").registries.credentials.is_empty());
    let open = format!("{channel}plain-http: registry-example.com\n");
    assert_eq!(config(&[], &open, "").registries.plain_http, ["registry-example.com"]);
}

#[test]
fn the_first_token_counts() {
    let mut all = vec![
        ("CHART_RELEASE_DEFAULT_TOKEN", "token-of-the-job"),
        ("GH_TOKEN", "token-of-the-person"),
        ("GITHUB_TOKEN", "token-of-github"),
        ("CR_TOKEN", "token-of-the-releaser"),
        ("CHART_RELEASE_GITHUB_TOKEN", "token-of-our-own"),
        ("INPUT_TOKEN", "token-of-the-input"),
    ];
    while let Some((name, token)) = all.last() {
        let given = config(&all, "", "");
        assert_eq!(
            given.github.token.map(|token| token.expose().to_owned()).as_deref(),
            Some(*token),
            "{name}"
        );
        assert_eq!(given.secrets.len(), all.len(), "each of them is a secret");
        assert!(given.notices.is_empty(), "{name}");
        all.pop();
    }
}

#[test]
fn a_token_in_a_file_is_refused_and_never_shown() {
    for file in [
        "token: ghs_markedInTheFile\n",
        "TOKEN: ghs_markedInTheFile\n",
        "{\"token\": \"ghs_markedInTheFile\"}",
    ] {
        let problems = check(&[], "", file).unwrap_err();
        assert_eq!(told(&problems), ["cr.yaml:1 token: a token stands in a file for everybody's eyes"]);
        assert!(!format!("{problems:?}").contains("marked"));
    }
}

#[test]
fn a_file_of_chart_releaser_may_have_the_keys_of_both_and_no_others() {
    let given =
        config(&[], "", "pages-branch: site\nstrict: true\nSkip-Existing: true\npush: true\ncharts: [a]\n");
    assert_eq!(
        (given.pages.branch.as_str(), given.strict, given.charts),
        ("site", true, vec!["a".to_owned()])
    );
    assert!(config(&[], "", "strict: 'True'\n").strict, "chart-releaser takes a switch in quotes");
    let wrong = told_without_next(&check(&[], "", "\nstrict: 'often'\n").unwrap_err());
    assert_eq!(wrong, ["cr.yaml:2 strict: `often` is neither true nor false"]);
    let json = config(&[], "", "{\n\t\"pages-branch\": \"site\",\n\t\"skip-existing\": true\n}\n");
    assert_eq!(json.pages.branch, "site");
    let problems = check(&[], "", "pages-branch: site\nskip-exsting: true\npush: [a]\nowner: a\nowner: b\n")
        .unwrap_err();
    let all = told_without_next(&problems);
    assert_eq!(
        all,
        [
            "cr.yaml:2 there is no option `skip-exsting`",
            "cr.yaml:3 push: must be one text, number, true or false",
            "cr.yaml:5 `owner` stands here again, after line 4",
        ]
    );
    assert!(problems[0].next.as_deref().unwrap().starts_with("did you mean `skip-existing`?"));
    // Our own file stays ours.
    let problems = check(&[], "skip-existing: true\n", "").unwrap_err();
    assert_eq!(told(&problems), ["chart-release.yaml:1 there is no option `skip-existing`"]);
}

fn told_without_next(problems: &[Problem]) -> Vec<String> {
    let place = |problem: &Problem| problem.place.clone().map(|place| (place.file, place.line.unwrap_or(0)));
    problems
        .iter()
        .map(|problem| match place(problem) {
            Some((file, line)) => format!("{file}:{line} {}", problem.what),
            None => problem.what.clone(),
        })
        .collect()
}

#[test]
fn a_variable_that_chart_releaser_does_not_have_is_told() {
    let given = config(&[("CR_SKIP_EXISTNG", "true"), ("CR_EMPTY", ""), ("CR_PAT", "marked-token")], "", "");
    assert_eq!(
        told(&given.notices),
        [
            "CR_PAT has no effect: chart-releaser has no such option",
            "CR_SKIP_EXISTNG has no effect: chart-releaser has no such option",
        ]
    );
    assert_eq!(given.notices[1].next.as_deref(), Some("did you mean CR_SKIP_EXISTING?"));
}

#[test]
fn the_inputs_are_listed_for_the_definition_of_the_action() {
    let inputs = inputs(&Cli::command());
    for input in
        ["charts_dir", "channels", "names", "since", "skip_upload", "version", "install_only", "token"]
    {
        assert!(inputs.iter().any(|other| other == input), "{input}");
    }
    for option in ["channel", "charts", "json", "color", "quiet", "into", "only", "repository"] {
        assert!(inputs.iter().all(|other| other != option), "{option}");
    }
    let mut once = inputs.clone();
    once.dedup();
    assert_eq!(once, inputs);
}
