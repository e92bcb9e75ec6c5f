//! Which chart versions of a repository are candidates: stories told with real git repositories.

use chart_release::{
    changes::{About, Candidate, CreatedFrom, Origin, Selection, Survey, Touched},
    charts::ChartName,
    problem::Problem,
    repo::{NoSurvey, Repo, Settings},
};
use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// A git repository in a temporary folder. Each commit is a minute younger than the one before.
struct World {
    root: TempDir,
    minutes: Cell<i64>,
}

const FIRST_COMMIT: i64 = 1_700_000_000;

impl World {
    fn new() -> Self {
        let world = Self { root: tempfile::tempdir().unwrap(), minutes: Cell::new(0) };
        world.git(&["init", "--quiet", "--initial-branch=main"]);
        world
    }

    fn path(&self) -> PathBuf {
        self.root.path().to_owned()
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.path(), arguments)
    }

    fn git_in(&self, directory: &Path, arguments: &[&str]) -> String {
        let date = format!("{} +0000", FIRST_COMMIT + 60 * self.minutes.get());
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            command.env_remove(name);
        }
        let output = command
            .current_dir(directory)
            .args(["-c", "core.autocrlf=false", "-c", "protocol.file.allow=always"])
            .args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"])
            .args(arguments)
            .env("HOME", self.root.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn chart(&self, folder: &str, name: &str, version: &str) {
        self.write(
            &format!("{folder}/Chart.yaml"),
            &format!("apiVersion: v2\nname: {name}\nversion: {version}\n"),
        );
    }

    /// Commits all there is; the commit's id.
    fn commit(&self, message: &str) -> String {
        self.minutes.set(self.minutes.get() + 1);
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Sets a chart in `charts/<name>` to a version and commits that.
    fn release(&self, name: &str, version: &str) -> String {
        self.chart(&format!("charts/{name}"), name, version);
        self.commit(&format!("{name} {version}"))
    }

    async fn sweep(&self, since: Option<&str>) -> Survey {
        survey(&self.path(), &Settings::default(), since).await.unwrap()
    }

    async fn named(&self, names: &[&str]) -> Result<Survey, Problem> {
        let names = names.iter().map(|name| name.to_string()).collect();
        let repo = Repo::open(&self.path(), &Settings::default()).unwrap();
        repo.survey(Selection::Named(names)).await.map_err(NoSurvey::into_problem)
    }
}

async fn survey(directory: &Path, settings: &Settings, since: Option<&str>) -> Result<Survey, Problem> {
    let selection = Selection::Sweep { since: since.map(str::to_owned) };
    Repo::open(directory, settings)?.survey(selection).await.map_err(NoSurvey::into_problem)
}

fn settings(charts: &[&str]) -> Settings {
    Settings { charts: charts.iter().map(|pattern| pattern.to_string()).collect(), ..Settings::default() }
}

fn versions(survey: &Survey) -> Vec<String> {
    survey.lanes.values().flatten().map(|candidate| candidate.is.to_string()).collect()
}

fn candidate<'a>(survey: &'a Survey, is: &str) -> &'a Candidate {
    let mut all = survey.lanes.values().flatten();
    all.find(|candidate| candidate.is.to_string() == is).unwrap_or_else(|| panic!("no {is} in {survey:#?}"))
}

fn minute(minutes: i64) -> i64 {
    FIRST_COMMIT + 60 * minutes
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

#[tokio::test]
async fn a_sweep_takes_the_current_versions() {
    let world = World::new();
    world.release("api", "1.0.0");
    world.release("web", "2.0.0");
    let introduced = world.release("api", "1.1.0");
    world.write("README.md", "about");
    world.commit("Say more");

    let survey = world.sweep(None).await;

    assert_eq!(versions(&survey), ["api@1.1.0", "web@2.0.0"]);
    let api = candidate(&survey, "api@1.1.0");
    assert_eq!(api.origin, Origin::WorkingTree { path: "charts/api".into() });
    assert_eq!((api.created, api.created_from), (minute(3), CreatedFrom::Introduction));
    assert_eq!(api.introduced_by.as_deref(), Some(&introduced[..]));
    assert_eq!(api.touched, Touched::Untouched);
    assert!(
        api.ungitted.is_empty() && survey.problems.is_empty() && survey.notices.is_empty(),
        "{survey:#?}"
    );
}

#[tokio::test]
async fn a_push_of_three_merges_publishes_what_three_pushes_would_have() {
    let world = World::new();
    let before = world.release("api", "1.0.0");
    world.git(&["checkout", "--quiet", "-b", "topic"]);
    world.release("api", "1.1.0-never-on-main");
    let bumped = world.release("api", "1.1.0");
    world.git(&["checkout", "--quiet", "main"]);
    world.minutes.set(10);
    world.git(&["merge", "--quiet", "--no-ff", "--message", "Merge", "topic"]);
    let merge = world.git(&["rev-parse", "HEAD"]);
    world.release("api", "1.2.0");
    world.release("web", "1.0.0");
    world.release("api", "1.3.0");

    let survey = world.sweep(Some(&before)).await;

    assert_eq!(versions(&survey), ["api@1.1.0", "api@1.2.0", "api@1.3.0", "web@1.0.0"]);
    let merged = candidate(&survey, "api@1.1.0");
    assert_ne!(merge, bumped);
    assert_eq!(merged.origin, Origin::Commit { path: "charts/api".into(), commit: merge });
    assert_eq!(merged.created, minute(10));
    assert_eq!(versions(&world.sweep(Some("HEAD")).await), ["api@1.3.0", "web@1.0.0"]);
    assert_eq!(versions(&world.sweep(Some(&"0".repeat(40))).await), ["api@1.3.0", "web@1.0.0"]);
}

#[tokio::test]
async fn what_was_lowered_reverted_or_only_prepared_is_not_published() {
    let world = World::new();
    let before = world.release("api", "1.0.0");
    world.release("api", "2.0.0");
    world.release("api", "1.1.0-rc.1");
    world.release("api", "0.0.0-dev");
    world.release("api", "1.1.0");
    assert_eq!(versions(&world.sweep(Some(&before)).await), ["api@1.1.0"]);

    world.release("api", "1.2.0-rc.1");
    world.release("api", "1.2.0-rc.2");
    assert_eq!(versions(&world.sweep(Some("HEAD~2")).await), ["api@1.2.0-rc.1", "api@1.2.0-rc.2"]);
}

#[tokio::test]
async fn a_placeholder_is_published_by_name_only() {
    let world = World::new();
    world.release("api", "0.0.0");

    let survey = world.sweep(None).await;
    assert_eq!(versions(&survey), [""; 0]);
    assert_eq!(survey.placeholders.len(), 1);
    assert_eq!(versions(&world.named(&["api"]).await.unwrap()), ["api@0.0.0"]);
}

#[tokio::test]
async fn an_older_version_that_cannot_be_read_is_a_notice() {
    let world = World::new();
    let before = world.release("api", "1.0.0");
    world.write("charts/api/values.yaml", "- no\n- map\n");
    world.release("api", "1.1.0");
    world.write("charts/api/values.yaml", "a: 1\n");
    world.release("api", "1.2.0");
    world.write("charts/api/Chart.yaml", "name: [");
    world.commit("Break it");
    world.release("api", "1.3.0");

    let survey = world.sweep(Some(&before)).await;

    assert_eq!(versions(&survey), ["api@1.2.0", "api@1.3.0"]);
    let told = told(&survey.notices);
    assert!(told.contains("api@1.1.0 is not published: at "), "{told}");
    assert!(told.contains("charts/api cannot be read at "), "{told}");
    assert_eq!(candidate(&survey, "api@1.3.0").created, minute(5));
}

#[tokio::test]
async fn a_chart_that_was_unreadable_for_a_while_keeps_its_time() {
    let world = World::new();
    world.release("api", "1.0.0");
    world.write("charts/api/Chart.yaml", "name: [");
    world.commit("Break it");
    world.release("api", "1.0.0");

    assert_eq!(candidate(&world.sweep(None).await, "api@1.0.0").created, minute(1));
}

#[tokio::test]
async fn generated_files_hold_older_versions_back() {
    let world = World::new();
    let before = world.release("api", "1.0.0");
    world.release("api", "1.1.0");
    world.release("api", "1.2.0");
    world.write("charts/api/files/generated.json", "{}");

    let survey = world.sweep(Some(&before)).await;

    assert_eq!(versions(&survey), ["api@1.2.0"]);
    assert_eq!(candidate(&survey, "api@1.2.0").ungitted, ["files/generated.json"]);
    assert!(told(&survey.notices).contains("api@1.1.0 is not published"), "{:#?}", survey.notices);

    // What fetching the dependencies leaves behind can be fetched for an older version too.
    fs::remove_file(world.path().join("charts/api/files/generated.json")).unwrap();
    world.write("charts/api/charts/redis-1.0.0.tgz", "");
    let fetched = world.sweep(Some(&before)).await;
    assert_eq!(versions(&fetched), ["api@1.1.0", "api@1.2.0"]);
    let api = candidate(&fetched, "api@1.2.0");
    assert_eq!(
        (&api.touched, &api.ungitted[..]),
        (&Touched::Untouched, &["charts/redis-1.0.0.tgz".to_owned()][..])
    );
}

#[tokio::test]
async fn unreleased_changes_are_told_from_git() {
    let world = World::new();
    world.write("charts/api/.helmignore", "*.md\n");
    world.write("charts/api/values.yaml", "a: 1\n");
    world.write("charts/api/gone.txt", "");
    world.release("api", "1.0.0");
    world.write("charts/api/README.md", "not packaged");
    world.write("charts/api/templates/a.yaml", "a: b");
    fs::remove_file(world.path().join("charts/api/gone.txt")).unwrap();
    world.commit("Work on");
    world.write("charts/api/values.yaml", "a: 2\n");
    world.write("charts/api/CHANGES.md", "not packaged");

    let survey = world.sweep(None).await;

    let api = candidate(&survey, "api@1.0.0");
    let changed = ["gone.txt", "templates/a.yaml", "values.yaml"].map(str::to_owned);
    assert_eq!(api.touched, Touched::Files(changed.to_vec()));
    assert_eq!(api.ungitted, ["values.yaml"]);
}

#[tokio::test]
async fn a_chart_touched_only_in_what_it_ignores_is_untouched() {
    let world = World::new();
    world.write("charts/api/.helmignore", "*.md\n");
    world.release("api", "1.0.0");
    world.write("charts/api/README.md", "not packaged");
    world.commit("Explain");
    world.write("charts/api/TODO.md", "not packaged");

    assert_eq!(candidate(&world.sweep(None).await, "api@1.0.0").touched, Touched::Untouched);
}

#[tokio::test]
async fn a_version_that_is_not_committed_yet() {
    let world = World::new();
    world.release("api", "1.0.0");
    world.chart("charts/api", "api", "1.1.0");
    world.chart("charts/new", "new", "1.0.0");

    let survey = world.sweep(None).await;

    assert_eq!(versions(&survey), ["api@1.1.0", "new@1.0.0"]);
    let api = candidate(&survey, "api@1.1.0");
    assert_eq!(
        (api.created, api.created_from, &api.introduced_by),
        (minute(1), CreatedFrom::Uncommitted, &None)
    );
    assert_eq!(api.ungitted, ["Chart.yaml"]);
    assert_eq!(candidate(&survey, "new@1.0.0").ungitted, ["Chart.yaml"]);
}

#[tokio::test]
async fn a_moved_chart_is_the_same_chart() {
    let world = World::new();
    let before = world.release("api", "1.0.0");
    world.release("api", "1.1.0");
    fs::create_dir_all(world.path().join("charts/group")).unwrap();
    world.git(&["mv", "charts/api", "charts/group/api"]);
    world.commit("Move it");

    let moved = world.sweep(None).await;
    assert_eq!(candidate(&moved, "api@1.1.0").created, minute(2));
    assert_eq!(candidate(&moved, "api@1.1.0").touched, Touched::Untouched);

    world.chart("charts/group/api", "api", "1.2.0");
    world.commit("1.2.0");
    assert_eq!(versions(&world.sweep(Some(&before)).await), ["api@1.1.0", "api@1.2.0"]);
}

#[tokio::test]
async fn two_lines_of_one_chart_do_not_disturb_each_other() {
    let world = World::new();
    world.chart("charts/api-1", "api", "1.0.0");
    world.chart("charts/api-2", "api", "2.0.0");
    let before = world.commit("Two lines");
    world.chart("charts/api-2", "api", "2.1.0");
    world.commit("2.1.0");
    world.chart("charts/api-1", "api", "1.1.0");
    world.commit("1.1.0");
    world.chart("charts/api-2", "api", "2.2.0");
    world.commit("2.2.0");

    let survey = world.sweep(Some(&before)).await;
    assert_eq!(versions(&survey), ["api@2.1.0", "api@1.1.0", "api@2.2.0"]);
}

#[tokio::test]
async fn one_version_in_two_folders_is_one_where_the_files_are_equal() {
    let world = World::new();
    world.chart("charts/a", "api", "1.0.0");
    world.chart("charts/b", "api", "1.0.0");
    world.commit("Copy");
    assert_eq!(versions(&world.sweep(None).await), ["api@1.0.0"]);

    world.write("charts/b/values.yaml", "other: true\n");
    world.chart("charts/c", "other", "1.0.0");
    let survey = world.sweep(None).await;
    assert_eq!(versions(&survey), ["other@1.0.0"]);
    let (about, problem) = &survey.problems[0];
    assert!(matches!(about, About::Version(is) if is.to_string() == "api@1.0.0"), "{about:?}");
    assert!(problem.what.contains("charts/a") && problem.what.contains("charts/b"), "{problem}");
}

#[tokio::test]
async fn a_removed_chart_is_no_chart() {
    let world = World::new();
    let before = world.release("api", "1.0.0");
    world.release("api", "1.1.0");
    world.release("web", "1.0.0");
    world.git(&["rm", "-r", "--quiet", "charts/api"]);
    world.commit("Remove it");
    assert_eq!(versions(&world.sweep(Some(&before)).await), ["web@1.0.0"]);
    fs::remove_dir_all(world.path().join("charts/web")).unwrap();
    assert_eq!(versions(&world.sweep(Some(&before)).await), [""; 0]);
}

#[tokio::test]
async fn charts_are_named_by_name_or_version() {
    let world = World::new();
    let introduced = world.release("ingress", "1.0.0");
    world.write("charts/ingress/values.yaml", "a: 1\n");
    world.commit("Mend 1.0.0");
    world.release("ingress", "2.0.0");
    world.release("web", "1.0.0");

    assert_eq!(versions(&world.named(&["ingress"]).await.unwrap()), ["ingress@2.0.0"]);
    let survey = world.named(&["ingress@1.0.0", "web@1.0.0"]).await.unwrap();
    assert_eq!(versions(&survey), ["ingress@1.0.0", "web@1.0.0"]);
    let old = candidate(&survey, "ingress@1.0.0");
    assert_eq!(old.origin, Origin::Commit { path: "charts/ingress".into(), commit: introduced });
    assert_eq!((old.created, &old.touched), (minute(1), &Touched::Untouched));

    let unknown = world.named(&["ingres"]).await.unwrap_err();
    assert_eq!(unknown.next.as_deref(), Some("did you mean `ingress`?"));
    let unknown = world.named(&["ingress@9.9.9"]).await.unwrap_err();
    assert!(unknown.what.contains("ingress@9.9.9"), "{unknown}");
}

#[tokio::test]
async fn a_version_is_the_same_however_it_is_asked_for() {
    let world = World::new();
    let before = world.release("api", "1.0.0");
    world.release("api", "1.1.0");
    world.write("charts/api/values.yaml", "a: 1\n");
    world.commit("Go on without a new version");
    world.release("api", "1.2.0");

    let swept = world.sweep(Some(&before)).await;
    let named = world.named(&["api@1.1.0"]).await.unwrap();
    assert_eq!(candidate(&named, "api@1.1.0"), candidate(&swept, "api@1.1.0"));
    assert_eq!(told(&named.notices), "");
}

#[tokio::test]
async fn a_named_version_that_cannot_be_read_where_it_began_is_taken_from_the_newest_commit_where_it_can() {
    let world = World::new();
    world.write("charts/api/values.yaml", "- no\n- map\n");
    let introduced = world.release("api", "1.0.0");
    world.write("charts/api/values.yaml", "a: 1\n");
    world.commit("Mend it");
    world.write("charts/api/values.yaml", "a: 2\n");
    let mended = world.commit("Mend it again");
    world.write("charts/api/values.yaml", "- no\n- map\n");
    world.commit("Break it again");
    world.release("api", "1.1.0");

    let survey = world.named(&["api@1.0.0"]).await.unwrap();

    let api = candidate(&survey, "api@1.0.0");
    assert_eq!(api.origin, Origin::Commit { path: "charts/api".into(), commit: mended.clone() });
    assert_eq!((api.created, &api.introduced_by), (minute(1), &Some(introduced.clone())));
    assert_eq!(api.touched, Touched::Files(vec!["values.yaml".into()]));
    let told = told(&survey.notices);
    assert!(told.contains(&format!("api@1.0.0 is taken from {}", &mended[..10])), "{told}");
    assert!(told.contains(&format!("at {}, ", &introduced[..10])), "{told}");
}

#[tokio::test]
async fn a_shallow_clone_says_what_it_does_not_know() {
    let world = World::new();
    let first = world.release("api", "1.0.0");
    world.release("api", "1.1.0");
    world.write("README.md", "about");
    world.commit("Say more");
    let clone = tempfile::tempdir().unwrap();
    let url = format!("file://{}", world.path().display());
    world.git_in(clone.path(), &["clone", "--quiet", "--depth=1", &url, "."]);

    let survey = survey(clone.path(), &Settings::default(), None).await.unwrap();

    let api = candidate(&survey, "api@1.1.0");
    assert_eq!((api.created, api.created_from), (minute(3), CreatedFrom::HistoryTooShallow));
    assert_eq!((&api.touched, &api.introduced_by), (&Touched::HistoryTooShallow, &None));
    let problem = self::survey(clone.path(), &Settings::default(), Some(&first)).await.unwrap_err();
    assert!(problem.next.as_deref().unwrap_or_default().contains("fetch-depth: 0"), "{problem:?}");

    world.git_in(clone.path(), &["fetch", "--quiet", "--deepen=1"]);
    let deeper = self::survey(clone.path(), &Settings::default(), None).await.unwrap();
    assert_eq!(candidate(&deeper, "api@1.1.0").created_from, CreatedFrom::HistoryTooShallow);
    world.git_in(clone.path(), &["fetch", "--quiet", "--deepen=1"]);
    let whole = self::survey(clone.path(), &Settings::default(), Some(&first)).await.unwrap();
    assert_eq!(candidate(&whole, "api@1.1.0").created, minute(2));
}

#[tokio::test]
async fn a_clone_without_older_files_says_so() {
    let world = World::new();
    world.git(&["config", "uploadpack.allowFilter", "true"]);
    world.release("api", "1.0.0");
    world.release("api", "1.1.0");
    let clone = tempfile::tempdir().unwrap();
    let url = format!("file://{}", world.path().display());
    world.git_in(clone.path(), &["clone", "--quiet", "--filter=blob:none", &url, "."]);

    let problem = survey(clone.path(), &Settings::default(), None).await.unwrap_err();
    assert!(problem.next.as_deref().unwrap_or_default().contains("no `filter`"), "{problem:?}");
}

#[tokio::test]
async fn a_branch_without_a_commit() {
    let world = World::new();
    world.chart("charts/api", "api", "1.0.0");
    let survey = world.sweep(None).await;
    let api = candidate(&survey, "api@1.0.0");
    assert_eq!((api.created, api.created_from), (0, CreatedFrom::NoCommit));
    assert_eq!(api.ungitted, ["Chart.yaml"]);
    assert!(self::survey(&world.path(), &Settings::default(), Some("main")).await.is_err());
}

#[tokio::test]
async fn a_bare_repository_has_its_versions_in_commits() {
    let world = World::new();
    let head = world.release("api", "1.0.0");
    let bare = tempfile::tempdir().unwrap();
    world.git_in(bare.path(), &["clone", "--quiet", "--bare", &world.path().display().to_string(), "."]);
    let repo = Repo::open(bare.path(), &Settings::default()).unwrap();
    let survey = repo.survey(Selection::Sweep { since: None }).await.unwrap();
    let origin = Origin::Commit { path: "charts/api".into(), commit: head };
    assert_eq!(candidate(&survey, "api@1.0.0").origin, origin);
    assert_eq!(repo.files(origin).await.unwrap().0.0.len(), 1);
    assert_eq!(repo.facts().await.unwrap().worktree, None);

    let empty = tempfile::tempdir().unwrap();
    world.git_in(empty.path(), &["init", "--quiet", "--bare", "."]);
    assert!(self::survey(empty.path(), &Settings::default(), None).await.unwrap().lanes.is_empty());
}

#[tokio::test]
async fn a_linked_worktree_and_a_folder_below_the_root_serve_as_well() {
    let world = World::new();
    world.release("api", "1.0.0");
    let other = tempfile::tempdir().unwrap();
    let linked = other.path().join("linked");
    world.git(&["worktree", "add", "--quiet", "--detach", &linked.display().to_string()]);
    for directory in [linked.clone(), linked.join("charts/api")] {
        let survey = survey(&directory, &Settings::default(), None).await.unwrap();
        assert_eq!(candidate(&survey, "api@1.0.0").touched, Touched::Untouched);
    }
}

#[tokio::test]
async fn a_chart_of_another_repository_is_skipped() {
    let other = World::new();
    other.release("theirs", "1.0.0");
    let world = World::new();
    world.release("ours", "1.0.0");
    world.git(&["submodule", "--quiet", "add", &other.path().display().to_string(), "charts/vendor"]);
    world.commit("Add a submodule");
    world.git(&["clone", "--quiet", &other.path().display().to_string(), "charts/cloned"]);

    let survey = world.sweep(None).await;

    assert_eq!(versions(&survey), ["ours@1.0.0"]);
    let told = told(&survey.notices);
    assert!(
        told.contains("charts/vendor/charts/theirs") && told.contains("charts/cloned/charts/theirs"),
        "{told}"
    );
}

#[tokio::test]
async fn subcharts_and_excluded_charts_are_no_candidates() {
    let world = World::new();
    world.release("api", "1.0.0");
    world.chart("charts/api/charts/sub", "sub", "1.0.0");
    world.chart("charts/api/examples/deep", "deep", "1.0.0");
    world.chart("charts/test", "test", "1.0.0");
    world.chart("elsewhere", "elsewhere", "1.0.0");
    world.commit("More");
    let mut settings = settings(&["charts"]);
    settings.exclude.push("charts/test".into());
    let survey = survey(&world.path(), &settings, None).await.unwrap();
    assert_eq!(versions(&survey), ["api@1.0.0", "deep@1.0.0"]);
}

#[tokio::test]
async fn one_bad_chart_stops_only_itself() {
    let world = World::new();
    world.release("api", "1.0.0");
    world.write("charts/bad/Chart.yaml", "name: bad\n");
    let survey = world.sweep(None).await;
    assert_eq!(versions(&survey), ["api@1.0.0"]);
    assert_eq!(survey.problems[0].0, About::Folder("charts/bad".into()));
    assert_eq!(survey.problems[0].1.place.as_ref().unwrap().file, "charts/bad/Chart.yaml");
}

#[tokio::test]
async fn what_git_cannot_compare_stops_only_its_chart() {
    let world = World::new();
    world.release("api", "1.0.0");
    world.write("charts/bad/charts/sub/values.yaml", "a: 1\n");
    world.release("bad", "1.0.0");
    let lost = world.git(&["rev-parse", "HEAD:charts/bad/charts"]);
    fs::remove_file(world.path().join(".git/objects").join(&lost[..2]).join(&lost[2..])).unwrap();

    let survey = world.sweep(None).await;

    assert_eq!(versions(&survey), ["api@1.0.0"]);
    let [(about, problem)] = &survey.problems[..] else { panic!("{survey:#?}") };
    assert_eq!(about.to_string(), "bad@1.0.0");
    assert_eq!(problem.place.as_ref().map(|place| &place.file[..]), Some("charts/bad"));
    assert!(problem.what.starts_with("comparing the working tree with git: "), "{problem}");
}

#[tokio::test]
async fn a_chart_at_the_root_refuses_what_git_does_not_know() {
    let world = World::new();
    world.chart(".", "root", "1.0.0");
    world.write(".gitignore", "/target\n");
    world.commit("Begin");
    let mut settings = settings(&["."]);
    let clean = survey(&world.path(), &settings, None).await.unwrap();
    assert_eq!(versions(&clean), ["root@1.0.0"]);

    world.write("target/secret.txt", "");
    world.write("crds/generated.yaml", "");
    world.write("packages/root-1.0.0.tgz", "");
    settings.own_outputs.push(world.path().join("packages"));
    let refused = survey(&world.path(), &settings, None).await.unwrap();
    assert_eq!(versions(&refused), [""; 0]);
    let what = &refused.problems[0].1.what;
    assert!(
        what.contains("`crds/generated.yaml`, `target/secret.txt`") && !what.contains("packages"),
        "{what}"
    );

    settings.generated.extend(["crds/*".into(), "target/**".into()]);
    let named = survey(&world.path(), &settings, None).await.unwrap();
    assert_eq!(candidate(&named, "root@1.0.0").ungitted, ["crds/generated.yaml", "target/secret.txt"]);
    let repo = Repo::open(&world.path(), &settings).unwrap();
    let (files, _) = repo.files(Origin::WorkingTree { path: String::new() }).await.unwrap();
    let files: Vec<_> = files.0.keys().collect();
    assert_eq!(files, [".gitignore", "Chart.yaml", "crds/generated.yaml", "target/secret.txt"]);
}

#[tokio::test]
async fn older_versions_are_listed_for_the_report_of_missed_ones() {
    let world = World::new();
    for version in ["1.0.0", "1.1.0-rc.1", "1.1.0", "3.0.0", "1.2.0", "1.3.0"] {
        world.release("api", version);
    }
    world.release("web", "1.0.0");
    let repo = Repo::open(&world.path(), &Settings::default()).unwrap();
    let earlier = |at_most| repo.earlier(vec![ChartName::new("api")], at_most);
    let all = earlier(10).await.unwrap();
    let all: Vec<_> = all[&ChartName::new("api")].iter().map(|one| one.is.to_string()).collect();
    assert_eq!(all, ["api@1.2.0", "api@1.1.0", "api@1.0.0"]);
    let two = earlier(2).await.unwrap();
    assert_eq!(two[&ChartName::new("api")].len(), 2);
    assert_eq!(two.len(), 1);
}

#[tokio::test]
async fn unknown_commits_and_directories_are_refused() {
    let world = World::new();
    world.release("api", "1.0.0");
    for since in ["nowhere", &"1".repeat(40)] {
        let problem = survey(&world.path(), &Settings::default(), Some(since)).await.unwrap_err();
        assert!(problem.what.contains(since), "{problem}");
    }
    assert!(Repo::open(tempfile::tempdir().unwrap().path(), &Settings::default()).is_err());
}

#[tokio::test]
async fn what_is_not_a_commit_is_told_in_our_words() {
    let world = World::new();
    world.release("api", "1.0.0");
    world.git(&["tag", "--annotate", "--message", "A tree", "tree", "HEAD^{tree}"]);
    let names =
        ["HEAD:charts", "HEAD:charts/api/Chart.yaml", "HEAD^{tree}", "tree", "x..y", "a b", "@{-1}", "@{"];
    for since in names {
        let problem = survey(&world.path(), &Settings::default(), Some(since)).await.unwrap_err();
        let told = format!("`{since}` is not a commit, branch or tag");
        assert!(problem.what.starts_with(&told) && problem.what.len() < told.len() + 20, "{problem}");
        assert!(problem.next.is_some(), "{problem}");
    }
    world.git(&["switch", "--quiet", "--create", "other"]);
    world.release("api", "1.1.0");
    world.release("api", "1.2.0");
    assert_eq!(versions(&world.sweep(Some("@{-1}")).await), ["api@1.1.0", "api@1.2.0"], "the branch before");
}

#[tokio::test]
async fn a_chart_that_git_ignores_is_a_chart_and_what_we_wrote_is_none() {
    let world = World::new();
    world.write(".gitignore", "/charts/\n");
    world.commit("Begin");
    world.chart("charts/generated", "generated", "1.0.0");
    world.chart("charts/unpacked", "unpacked", "1.0.0");
    let settings = Settings { own_outputs: vec!["charts/unpacked".into()], ..Settings::default() };
    let survey = survey(&world.path(), &settings, None).await.unwrap();
    assert_eq!(versions(&survey), ["generated@1.0.0"]);
    assert_eq!(candidate(&survey, "generated@1.0.0").ungitted, ["Chart.yaml"]);
}

#[tokio::test]
async fn a_chart_that_became_a_copy_of_another_name_begins_a_line() {
    let world = World::new();
    let before = world.release("api", "5.0.0");
    world.chart("charts/api", "backend", "1.0.0");
    world.commit("Rename it");
    world.chart("charts/api", "backend", "1.1.0");
    world.commit("Go on");
    assert_eq!(versions(&world.sweep(Some(&before)).await), ["backend@1.0.0", "backend@1.1.0"]);
}

#[cfg(unix)]
mod links_and_names {
    use super::*;
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt, os::unix::fs::symlink};

    /// The files of `charts/api`, or why there are none: from the working tree and from the head commit.
    async fn files(world: &World) -> [Result<Vec<String>, String>; 2] {
        let repo = Repo::open(&world.path(), &Settings::default()).unwrap();
        let commit = world.git(&["rev-parse", "HEAD"]);
        let path = "charts/api".to_owned();
        let origins = [Origin::WorkingTree { path: path.clone() }, Origin::Commit { path, commit }];
        let mut found = Vec::new();
        for origin in origins {
            let files = repo.files(origin).await;
            found.push(files.map(|(files, _)| files.0.into_keys().collect()).map_err(|problem| problem.what));
        }
        found.try_into().unwrap()
    }

    #[tokio::test]
    async fn links_are_followed_inside_the_repository() {
        let world = World::new();
        world.write("common/crds/a.yaml", "a: b");
        world.write("common/LICENSE", "free");
        world.chart("charts/api", "api", "1.0.0");
        symlink("../../common/crds", world.path().join("charts/api/crds")).unwrap();
        symlink("../../common/second", world.path().join("charts/api/LICENSE")).unwrap();
        symlink("LICENSE", world.path().join("common/second")).unwrap();
        world.commit("1.0.0");
        let expected = Ok(["Chart.yaml", "LICENSE", "crds/a.yaml"].map(str::to_owned).to_vec());
        assert_eq!(files(&world).await, [expected.clone(), expected]);
        assert_eq!(candidate(&world.sweep(None).await, "api@1.0.0").touched, Touched::Untouched);

        world.write("common/crds/a.yaml", "a: c");
        world.commit("Change what the chart only links to");
        world.write("common/LICENSE", "freer");
        let survey = world.sweep(None).await;
        let api = candidate(&survey, "api@1.0.0");
        assert_eq!(api.touched, Touched::Files(vec!["LICENSE".into(), "crds/a.yaml".into()]));
        assert_eq!(api.ungitted, ["LICENSE"]);
    }

    #[tokio::test]
    async fn a_version_comes_from_where_a_linked_chart_yaml_leads() {
        let world = World::new();
        world.chart("common", "api", "1.0.0");
        world.write("charts/api/values.yaml", "a: b");
        symlink("../../common/Chart.yaml", world.path().join("charts/api/Chart.yaml")).unwrap();
        let first = world.commit("1.0.0");
        world.chart("common", "api", "1.1.0");
        let second = world.commit("1.1.0, in a file outside the folder of the chart");
        world.commit("Say nothing new");
        let survey = world.sweep(Some(&first)).await;
        assert_eq!(versions(&survey), ["api@1.1.0"]);
        assert_eq!(candidate(&survey, "api@1.1.0").introduced_by, Some(second));
    }

    #[tokio::test]
    async fn a_link_that_leads_nowhere_good_is_refused() {
        for (target, ignored, told) in [
            ("../../../outside", "", "a link to ../../../outside, outside the repository"),
            ("/etc/hostname", "", "a link to /etc/hostname, outside the repository"),
            ("nothing", "", "a link to nothing, which is not there"),
            ("nothing", "odd", "a link to nothing, which is not there"),
            ("odd", "", "which leads in a circle"),
            ("..", "", "the folder that it lies in"),
            ("../../.git/config", "", "which is not there"),
        ] {
            let world = World::new();
            world.chart("charts/api", "api", "1.0.0");
            world.write("charts/api/.helmignore", ignored);
            world.write("charts/api/files/other", "");
            symlink(
                target,
                world.path().join(if target == ".." { "charts/api/files/odd" } else { "charts/api/odd" }),
            )
            .unwrap();
            world.commit("1.0.0");
            for found in files(&world).await {
                let found = found.unwrap_err();
                assert!(found.contains(told), "{target}: {found}");
            }
        }
        let world = World::new();
        world.chart("charts/api", "api", "1.0.0");
        world.write("charts/api/.helmignore", "odd");
        symlink("/etc/hostname", world.path().join("charts/api/odd")).unwrap();
        world.commit("1.0.0");
        for found in files(&world).await {
            assert_eq!(found.unwrap(), [".helmignore", "Chart.yaml"]);
        }
    }

    #[tokio::test]
    async fn a_name_that_is_not_utf8_is_refused_by_name() {
        let world = World::new();
        world.chart("charts/api", "api", "1.0.0");
        fs::write(world.path().join("charts/api").join(OsStr::from_bytes(b"caf\xe9")), "").unwrap();
        world.commit("1.0.0");
        for found in files(&world).await {
            assert_eq!(found.unwrap_err(), r"charts/api/caf\xe9 has a name that is not UTF-8");
        }
        world.write("charts/api/.helmignore", "caf*");
        world.commit("Leave it out");
        for found in files(&world).await {
            assert_eq!(found.unwrap(), [".helmignore", "Chart.yaml"]);
        }
    }

    #[tokio::test]
    async fn a_chart_in_a_folder_that_is_not_utf8_stops_only_itself() {
        let world = World::new();
        world.release("api", "1.0.0");
        let odd = world.path().join("charts").join(OsStr::from_bytes(b"caf\xe9"));
        fs::create_dir(&odd).unwrap();
        fs::copy(world.path().join("charts/api/Chart.yaml"), odd.join("Chart.yaml")).unwrap();
        let survey = world.sweep(None).await;
        assert_eq!(versions(&survey), ["api@1.0.0"]);
        assert_eq!(survey.problems[0].0, About::Folder(r"charts/caf\xe9".into()));
    }

    #[tokio::test]
    async fn a_chart_behind_a_link_is_published_from_where_it_lies() {
        let world = World::new();
        world.chart("deploy/api", "api", "1.0.0");
        world.chart("charts/web", "web", "1.0.0");
        symlink("../deploy/api", world.path().join("charts/api")).unwrap();
        symlink("web", world.path().join("charts/same")).unwrap();
        let survey = world.sweep(None).await;
        assert_eq!(versions(&survey), ["web@1.0.0"]);
        assert_eq!(
            told(&survey.notices),
            "charts/api is a link to a chart; charts are published from where they lie\n"
        );
    }

    #[tokio::test]
    async fn too_large_files_and_submodules_in_a_chart_are_refused() {
        let world = World::new();
        world.chart("charts/api", "api", "1.0.0");
        world.write("charts/api/large", &"x".repeat(5 * 1024 * 1024 + 1));
        world.commit("1.0.0");
        for found in files(&world).await {
            assert!(found.unwrap_err().contains("the file has 5242881 bytes"));
        }
        let other = World::new();
        other.commit("Begin");
        fs::remove_file(world.path().join("charts/api/large")).unwrap();
        world.git(&["submodule", "--quiet", "add", &other.path().display().to_string(), "charts/api/files"]);
        world.commit("Add a submodule");
        for found in files(&world).await {
            assert!(found.unwrap_err().contains("charts/api/files is a submodule"));
        }
    }
}
