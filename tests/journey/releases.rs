//! The channel `releases` against the fake GitHub: what it brings, finishes, keeps and refuses.

use crate::world::{
    World,
    front::{Fault, Front},
    github::{GitHub, Release, TOKEN},
};
use chart_release::{
    channels::{
        Channel, ExposeError,
        releases::{Releases, Settings},
    },
    charts::{Chart, ChartName, ChartVersion, Files},
    doors::{http, patience::Patience},
    holdings::{Blob, ChannelId, Held, Record, Reference, Standing},
    packages::{self, DEFAULT_TIME, Package},
    release::Mark,
    secret::Secret,
};
use std::time::Duration;

struct Hub {
    world: World,
    github: GitHub,
    front: Front,
}

impl Hub {
    fn new() -> Self {
        let world = World::with_a_chart();
        world.git_in(&world.path("."), &["clone", "--quiet", "--bare", "repository", "bare.git"]);
        let mut github = None;
        let front = Front::start(|base| {
            let fake = GitHub::new(base, world.path("bare.git"));
            github.insert(fake).router()
        });
        Self { world, github: github.expect("it was made"), front }
    }

    /// The channel as one run has it.
    fn channel(&self) -> Releases {
        self.channel_with("{{ .Name }}-{{ .Version }}", Some(TOKEN))
    }

    fn channel_with(&self, template: &str, token: Option<&str>) -> Releases {
        Releases::new(ChannelId("releases".into()), self.settings(template, token)).expect("a channel")
    }

    fn settings(&self, template: &str, token: Option<&str>) -> Settings {
        Settings {
            repository: "acme/charts".into(),
            api_url: format!("{}/api/v3", self.front.url()),
            server_url: self.front.url(),
            token: token.map(|token| Secret::new(token).expect("a token")),
            name_template: template.into(),
            notes_file: None,
            generate_notes: false,
            latest: Some(ChartName::new("demo")),
            budget: None,
            http: http::Settings {
                call: Duration::from_secs(20),
                patience: Patience {
                    again: 4,
                    pause: Duration::from_millis(1),
                    longest: Duration::from_secs(5),
                },
            },
        }
    }

    fn record(&self, package: &Package) -> Record {
        let head = self.world.git(&["rev-parse", "HEAD"]);
        Record {
            is: package.is.clone(),
            path: "charts/demo".into(),
            commit: Some(head.trim().to_owned()),
            metadata: package.metadata.clone(),
            package: Blob::of(&package.bytes),
            provenance: None,
            created: 1_700_000_000,
            source: None,
            revision: None,
            released: None,
            install: vec!["helm install demo oci://ghcr.io/acme/charts/demo".into()],
        }
    }

    async fn publish(&self, package: &Package) -> Result<Reference, String> {
        self.publish_with(&self.channel(), package).await
    }

    async fn publish_with(&self, channel: &Releases, package: &Package) -> Result<Reference, String> {
        let record = self.record(package);
        let staged = channel.stage(&record, package).await.map_err(|problem| problem.what)?;
        assert_eq!(staged.package, Some(package.digest));
        match channel.expose(&[record]).await.pop().expect("an answer") {
            Ok(reference) => Ok(reference),
            Err(ExposeError::Failed(problem)) => {
                Err(format!("{} / {}", problem.what, problem.next.unwrap_or_default()))
            }
            Err(ExposeError::Taken(_)) => Err("taken".into()),
        }
    }

    async fn look(&self, is: &ChartVersion) -> Held {
        self.channel().look(std::slice::from_ref(is)).await.pop().expect("an answer")
    }
}

fn package(version: &str, text: &str) -> Package {
    package_with(version, text, &[])
}

/// With these files besides.
fn package_with(version: &str, text: &str, more: &[(&str, &str)]) -> Package {
    let chart_yaml = format!("apiVersion: v2\nname: demo\nversion: {version}\ndescription: A demo\n");
    let files = [("Chart.yaml", chart_yaml), ("values.yaml", format!("text: {text}\n"))];
    let more = more.iter().map(|(name, text)| (*name, (*text).to_owned()));
    let files = files.into_iter().chain(more).map(|(name, text)| (name.to_owned(), text.into_bytes().into()));
    let chart = Chart::read(Files(files.collect())).expect("a chart");
    packages::pack(&chart, DEFAULT_TIME).expect("a package")
}

const DONE: [&str; 2] = ["release demo-1.0.0 (latest): demo-1.0.0.tgz", "tag demo-1.0.0"];

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_made_from_draft_to_download_and_looked_at_afterwards() {
    let hub = Hub::new();
    let package = package("1.0.0", "hello");
    assert_eq!(hub.look(&package.is).await, Held::Absent);
    let channel = hub.channel();
    channel.prove(&[]).await.expect("it may write");
    let reference = hub.publish(&package).await.expect("it is published");
    assert_eq!(hub.github.stored(), DONE);
    assert_eq!(reference.digest, Some(package.digest));
    assert!(reference.url.ends_with("/acme/charts/releases/download/demo-1.0.0/demo-1.0.0.tgz"));
    assert_eq!(
        channel.install(&package.is).as_deref(),
        Some(format!("helm install demo {}", reference.url).as_str())
    );
    let Held::Present(holding) = hub.look(&package.is).await else { panic!("it is there") };
    assert_eq!((holding.package, holding.created), (Some(package.digest), Some(1_700_000_000)));
    let release = hub.github.releases().remove(0);
    assert!(release.body.starts_with("A demo\n\n```sh\nhelm install demo oci://"), "{}", release.body);
    assert_eq!(Mark::find(&release.body).map(|mark| mark.is), Some(package.is.clone()));
    let fetched = hub.channel().fetch(&package.is, &holding).await.expect("its bytes");
    assert_eq!(fetched.bytes, package.bytes);
    let [unfinished] = &hub.channel().unfinished().await.expect("a list")[..] else { panic!("one") };
    assert!(unfinished.published && unfinished.is == package.is);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_at_every_call_is_got_over_and_leaves_one_release() {
    let package = package("1.0.0", "hello");
    for fault in [Fault::Reset, Fault::ResetAfter, Fault::CutBody, Fault::Status(502)] {
        for number in 0.. {
            let hub = Hub::new();
            hub.front.at(number, fault);
            let done = hub.publish(&package).await;
            assert!(done.is_ok(), "{fault:?} at {number}: {done:?}");
            assert_eq!(hub.github.stored(), DONE, "{fault:?} at {number}");
            if hub.front.requests().len() < number {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_of_ours_is_finished_and_its_bytes_may_be_mended() {
    let hub = Hub::new();
    let (old, new) = (package("1.0.0", "old"), package("1.0.0", "new"));
    hub.channel().stage(&hub.record(&old), &old).await.expect("it is staged");
    let Held::Begun(holding) = hub.look(&old.is).await else { panic!("it was begun") };
    assert_eq!((holding.standing, holding.package), (Standing::Drafted, Some(old.digest)));
    hub.publish(&new).await.expect("it is published");
    assert_eq!(hub.github.stored(), DONE);
    assert_eq!(&hub.github.releases()[0].assets[0].bytes[..], &new.bytes[..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_draft_is_neither_touched_nor_doubled() {
    let hub = Hub::new();
    hub.github.seed(Release::draft("demo-1.0.0"));
    let package = package("1.0.0", "hello");
    let Held::Unknown(problem) = hub.look(&package.is).await else { panic!("it stops") };
    assert!(problem.what.contains("did not make") && !problem.passing, "{problem}");
    assert!(hub.publish(&package).await.is_err());
    assert_eq!(hub.github.stored(), ["draft demo-1.0.0:"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_github_gives_no_digest_the_bytes_are_read_back() {
    let hub = Hub::new();
    hub.github.set(|switches| switches.no_digests = true);
    let package = package("1.0.0", "hello");
    hub.publish(&package).await.expect("it is published");
    assert_eq!(hub.github.stored(), DONE);
    let Held::Present(holding) = hub.look(&package.is).await else { panic!("it is there") };
    assert_eq!(holding.package, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_against_the_tag_leaves_the_draft_and_says_what_to_do() {
    let hub = Hub::new();
    hub.github.set(|switches| switches.no_new_tags = true);
    let package = package("1.0.0", "hello");
    let told = hub.publish(&package).await.expect_err("it is forbidden");
    assert!(told.contains("a rule of the repository") && told.contains("rulesets"), "{told}");
    assert_eq!(hub.github.stored(), ["draft demo-1.0.0: demo-1.0.0.tgz"]);
    hub.github.set(|switches| switches.no_new_tags = false);
    hub.publish(&package).await.expect("it is published");
    assert_eq!(hub.github.stored(), DONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_without_its_package_is_completed_unless_it_is_immutable() {
    let hub = Hub::new();
    let package = package("1.0.0", "hello");
    let id = hub.github.seed(Release::published("demo-1.0.0"));
    let Held::Begun(holding) = hub.look(&package.is).await else { panic!("it was begun") };
    assert_eq!((holding.standing, holding.package), (Standing::Claimed, None));
    hub.github.change(id, |release| release.immutable = true);
    let Held::Unknown(problem) = hub.look(&package.is).await else { panic!("it stops") };
    assert!(problem.next.unwrap().contains("raise the version"));
    hub.github.change(id, |release| release.immutable = false);
    hub.publish(&package).await.expect("it is completed");
    assert_eq!(hub.github.stored(), DONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_name_for_two_versions_makes_no_second_release() {
    let hub = Hub::new();
    let channel = || hub.channel_with("v1", Some(TOKEN));
    hub.publish_with(&channel(), &package("1.0.0", "one")).await.expect("it is published");
    let next = package("1.1.0", "two");
    let held = channel().look(std::slice::from_ref(&next.is)).await;
    assert!(matches!(&held[..], [Held::Unknown(problem)] if problem.what.contains("demo@1.0.0")), "{held:?}");
    assert!(hub.publish_with(&channel(), &next).await.is_err());
    // And another template does not publish again what is public under an older name.
    let renamed = hub.channel_with("other-{{ .Version }}", Some(TOKEN));
    let held = renamed.look(&[package("1.0.0", "one").is]).await;
    assert!(matches!(&held[..], [Held::Present(_)]), "{held:?}");
    assert_eq!(hub.github.stored(), ["release v1 (latest): demo-1.0.0.tgz", "tag v1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_without_a_release_is_a_wish_for_what_it_holds() {
    let mut hub = Hub::new();
    let bare = hub.world.path("bare.git");
    hub.world.git_in(&bare, &["tag", "demo-1.0.0"]);
    hub.world.git_in(&bare, &["tag", "demo-9.0.0"]);
    hub.world.commit("Go on");
    let (held, other) = (package("1.0.0", "hello"), package("9.0.0", "hello"));
    assert_eq!(hub.look(&held.is).await, Held::Absent, "it is looked for where a release is made");
    hub.publish(&held).await.expect("it is published");
    let told = hub.publish(&other).await.expect_err("the tag has another version");
    assert!(told.contains("demo@1.0.0"), "{told}");
    assert_eq!(hub.github.stored(), [DONE[0], DONE[1], "tag demo-9.0.0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_write_is_told_the_line_to_paste() {
    let hub = Hub::new();
    for token in [None, Some(crate::world::github::READ_TOKEN), Some("ghs_nobodyKnowsThisOne")] {
        let channel = hub.channel_with("{{ .Name }}-{{ .Version }}", token);
        let problem = channel.prove(&[]).await.expect_err("it may not");
        let told = format!("{problem} {}", problem.next.clone().unwrap_or_default());
        assert!(told.contains("contents: write") || told.contains("401"), "{told}");
        assert!(!token.is_some_and(|token| told.contains(token)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_any_fault_that_lasts_a_run_without_it_completes() {
    let package = package("1.0.0", "hello");
    for fault in [Fault::Status(401), Fault::Status(403), Fault::Status(404), Fault::SignInPage] {
        for number in 1.. {
            let hub = Hub::new();
            hub.front.at(number, fault);
            let first = hub.publish(&package).await;
            let reached = hub.front.requests().len() >= number;
            hub.front.heal();
            hub.publish(&package).await.unwrap_or_else(|told| panic!("{fault:?} at {number}: {told}"));
            assert_eq!(hub.github.stored(), DONE, "{fault:?} at {number}: first {first:?}");
            if !reached {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_drafts_of_ours_one_is_published_and_none_stays() {
    let hub = Hub::new();
    let package = package("1.0.0", "hello");
    hub.channel().stage(&hub.record(&package), &package).await.expect("it is staged");
    let draft = hub.github.releases().remove(0);
    hub.github.seed(without_its_package(&draft));
    hub.publish(&package).await.expect("it is published");
    assert_eq!(hub.github.stored(), DONE);
}

/// The same draft again.
fn without_its_package(draft: &Release) -> Release {
    Release { assets: Vec::new(), ..draft.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_upload_is_removed_and_made_again() {
    let hub = Hub::new();
    hub.github.set(|switches| switches.broken_uploads = 2);
    hub.publish(&package("1.0.0", "hello")).await.expect("it is published");
    assert_eq!(hub.github.stored(), DONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_does_not_become_the_latest() {
    let hub = Hub::new();
    hub.publish(&package("1.0.0", "hello")).await.expect("it is published");
    hub.publish(&package("0.9.0", "hello")).await.expect("it is published");
    hub.publish(&package("2.0.0-rc.1", "hello")).await.expect("it is published");
    assert_eq!(hub.github.latest().as_deref(), Some("demo-1.0.0"));
    assert!(hub.github.tagged("demo-2.0.0-rc.1")[0].prerelease);
    hub.publish(&package("1.0.1", "hello")).await.expect("it is published");
    assert_eq!(hub.github.latest().as_deref(), Some("demo-1.0.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_burned_and_a_commit_that_may_not_be_tagged_say_what_to_do() {
    let mut hub = Hub::new();
    let (package, next) = (package("1.0.0", "hello"), package("1.0.1", "hello"));
    let burned = hub.github.seed(Release { immutable: true, ..Release::published("demo-1.0.0") });
    hub.github.forget(burned);
    let told = hub.publish(&package).await.expect_err("the tag is burned");
    assert!(told.contains("raise the version of demo"), "{told}");

    hub.github.set(|switches| switches.only_newest_target = true);
    let record = hub.record(&next);
    hub.world.write("charts/demo/values.yaml", "later: true\n");
    hub.world.commit("Go on");
    hub.world.git(&["push", "--quiet", "../bare.git", "main"]);
    let channel = hub.channel();
    channel.stage(&record, &next).await.expect("it is staged");
    let exposed = channel.expose(std::slice::from_ref(&record)).await.pop().expect("an answer");
    let Err(ExposeError::Failed(problem)) = exposed else { panic!("it may not: {exposed:?}") };
    let next = problem.next.expect("a next step");
    let command = format!("git tag 'demo-1.0.1' {}", record.commit.expect("a commit"));
    assert!(next.starts_with(&command), "{next}");
    assert!(hub.github.stored().contains(&"draft demo-1.0.1: demo-1.0.1.tgz".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_faster_with_the_tag_counts_and_our_draft_goes() {
    let (ours, other) = (package("1.0.0", "hello"), package("1.0.0", "other"));
    let same = Release::published("demo-1.0.0").asset("demo-1.0.0.tgz", ours.bytes.clone());
    let others = Release::published("demo-1.0.0").asset("demo-1.0.0.tgz", other.bytes.clone());
    for (theirs, taken) in
        [(same, None), (others, Some(other.digest)), (Release::published("demo-1.0.0"), None)]
    {
        let hub = Hub::new();
        let (channel, record) = (hub.channel(), hub.record(&ours));
        channel.stage(&record, &ours).await.expect("it is staged");
        hub.github.seed(theirs);
        match (channel.expose(&[record]).await.pop().expect("an answer"), taken) {
            (Ok(reference), None) => assert_eq!(reference.digest, Some(ours.digest)),
            (Err(ExposeError::Taken(there)), Some(theirs)) => assert_eq!(there.package, Some(theirs)),
            (exposed, _) => panic!("{exposed:?}"),
        }
        assert_eq!(hub.github.stored(), DONE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_a_person_published_meanwhile_stays_as_it_is() {
    let hub = Hub::new();
    let (old, new) = (package("1.0.0", "old"), package("1.0.0", "new"));
    hub.channel().stage(&hub.record(&old), &old).await.expect("it is staged");
    let channel = hub.channel();
    assert!(matches!(&channel.look(std::slice::from_ref(&new.is)).await[..], [Held::Begun(_)]));
    let draft = hub.github.releases().remove(0);
    hub.github.forget(draft.id);
    // The same number, as it is when somebody presses the button.
    let id = hub.github.seed(Release { draft: false, ..draft.clone() });
    hub.github.change(id, |release| release.id = draft.id);
    let staged = channel.stage(&hub.record(&new), &new).await.expect("it is there");
    assert_eq!((staged.standing, staged.package), (Standing::Served, Some(old.digest)));
    assert_eq!(hub.github.stored(), ["release demo-1.0.0: demo-1.0.0.tgz", DONE[1]]);
    assert_eq!(&hub.github.releases()[0].assets[0].bytes[..], &old.bytes[..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_annotated_tag_is_a_wish_too_and_a_chart_elsewhere_is_told() {
    let mut hub = Hub::new();
    let bare = hub.world.path("bare.git");
    hub.world.git_in(&bare, &["tag", "--annotate", "--message", "Please", "demo-1.0.0"]);
    hub.world.commit("Go on");
    let package = package("1.0.0", "hello");
    let moved = Record { path: "charts/moved".into(), ..hub.record(&package) };
    let problem = hub.channel().stage(&moved, &package).await.expect_err("it is not there");
    assert!(problem.what.contains("no chart in charts/moved/Chart.yaml"), "{problem}");
    assert!(problem.next.as_deref().is_some_and(|next| next.contains("move the tag")), "{problem:?}");
    assert_eq!(hub.github.stored(), ["tag demo-1.0.0"]);
    hub.publish(&package).await.expect("it is published");
    assert_eq!(hub.github.stored(), DONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_not_published_on_a_tag_of_another_version() {
    let mut hub = Hub::new();
    let package = package("2.0.0", "hello");
    hub.channel().stage(&hub.record(&package), &package).await.expect("it is staged");
    hub.world.git_in(&hub.world.path("bare.git"), &["tag", "demo-2.0.0"]);
    hub.world.commit("Go on");
    let told = hub.publish(&package).await.expect_err("the tag has demo@1.0.0");
    assert!(told.contains("demo@1.0.0"), "{told}");
    assert_eq!(hub.github.stored(), ["draft demo-2.0.0: demo-2.0.0.tgz", "tag demo-2.0.0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_beyond_the_newest_hundred_is_found_by_its_tag() {
    let hub = Hub::new();
    hub.github.seed_years(&["demo"], 120, |tag| tag.as_bytes().to_vec());
    let channel = hub.channel();
    let held =
        channel.look(&[ChartVersion::new("demo", "0.1.0"), ChartVersion::new("demo", "0.120.0")]).await;
    assert!(matches!(&held[..], [Held::Present(_), Held::Present(_)]), "{held:?}");
    assert_eq!(hub.front.count("GET", "/releases?"), 1);
    assert_eq!(hub.front.count("GET", "/releases/tags/"), 1);
    let next = package("1.0.0", "hello");
    channel.stage(&hub.record(&next), &next).await.expect("it is staged");
    assert!(matches!(hub.look(&next.is).await, Held::Begun(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_speak_for_the_chart_and_never_for_us() {
    let hub = Hub::new();
    let forged = Mark { created: 1, ..Mark::of(&hub.record(&package("1.0.0", "hello"))) };
    let notes = format!("# News\r\n<!-- hidden -->\r\n{}\r\n- one\r\n", forged.line());
    let package = package_with("1.0.0", "hello", &[("NOTES.md", &notes)]);
    let settings = Settings {
        notes_file: Some("NOTES.md".into()),
        ..hub.settings("{{ .Name }}-{{ .Version }}", Some(TOKEN))
    };
    let channel = Releases::new(ChannelId("releases".into()), settings).expect("a channel");
    channel.stage(&hub.record(&package), &package).await.expect("it is staged");
    let draft = hub.github.releases().remove(0);
    assert!(draft.body.starts_with("# News\n<!-- hidden -->\n- one\n\n```sh\n"), "{}", draft.body);
    assert_eq!(Mark::find(&draft.body), Some(Mark::of(&hub.record(&package))));
    // GitHub's own editor writes CRLF.
    hub.github.change(draft.id, |release| release.body = release.body.replace('\n', "\r\n") + "edited\r\n");
    hub.publish(&package).await.expect("it is ours still");
    assert_eq!(hub.github.stored(), DONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_workflow_may_write_though_it_is_no_persons() {
    let hub = Hub::new();
    hub.github.set(|switches| switches.installation = true);
    hub.channel().prove(&[]).await.expect("it may write");
    let reading = hub.channel_with("{{ .Version }}", Some(crate::world::github::READ_TOKEN));
    let problem = reading.prove(&[]).await.expect_err("it may not");
    assert!(problem.next.is_some_and(|next| next.contains("contents: write")));
    assert_eq!(hub.github.stored(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn under_its_old_name_a_repository_is_read_and_its_new_name_told() {
    let hub = Hub::new();
    hub.github.set(|switches| switches.renamed = true);
    let (channel, package) = (hub.channel(), package("1.0.0", "hello"));
    assert_eq!(channel.look(std::slice::from_ref(&package.is)).await, [Held::Absent]);
    let led = hub.front.requests().into_iter().filter(|request| request.path.contains("/repositories/1"));
    assert!(led.map(|request| request.authorization).all(|sent| sent.is_some()));
    let problem = channel.prove(&[]).await.expect_err("it has another name");
    assert_eq!(problem.next.as_deref(), Some("use --github-repository acme/packages"));
    let problem = channel.stage(&hub.record(&package), &package).await.expect_err("nothing is posted");
    assert!(problem.what.contains("307") && !problem.passing, "{problem}");
    assert_eq!(hub.front.count("POST", "/repositories/1"), 0);
    assert_eq!(hub.github.stored(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_silence_are_got_over_at_every_call() {
    let package = package("1.0.0", "hello");
    let story = async |hub: &Hub, fault: Fault, number: usize| {
        let mut settings = hub.settings("{{ .Name }}-{{ .Version }}", Some(TOKEN));
        settings.http.call = Duration::from_secs(if fault == Fault::Hang { 1 } else { 20 });
        let channel = Releases::new(ChannelId("releases".into()), settings).expect("a channel");
        hub.front.at(number, fault);
        let done = hub.publish_with(&channel, &package).await;
        assert!(done.is_ok(), "{fault:?} at {number}: {done:?}");
        assert_eq!(hub.github.stored(), DONE, "{fault:?} at {number}");
    };
    let calls = {
        let hub = Hub::new();
        hub.publish(&package).await.expect("it is published");
        hub.front.requests().len()
    };
    for fault in [Fault::TooMany(0), Fault::RateLimited, Fault::Hang] {
        // All wait at the same time.
        let hubs: Vec<Hub> = (0..calls).map(|_| Hub::new()).collect();
        let stories = hubs.iter().zip(1..).map(|(hub, number)| story(hub, fault, number));
        futures::future::join_all(stories).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asset_that_comes_with_other_bytes_is_asked_for_again() {
    let hub = Hub::new();
    let package = package("1.0.0", "hello");
    hub.publish(&package).await.expect("it is published");
    let Held::Present(holding) = hub.look(&package.is).await else { panic!("it is there") };
    hub.front.at_nth("GET", "/objects/", 1, Fault::WrongDigest);
    let fetched = hub.channel().fetch(&package.is, &holding).await.expect("its bytes");
    assert_eq!(fetched.bytes, package.bytes);
    hub.front.always("GET", "/objects/", Fault::WrongDigest);
    let problem = hub.channel().fetch(&package.is, &holding).await.expect_err("it never comes right");
    assert!(problem.passing && problem.what.contains("other bytes"), "{problem}");
}
