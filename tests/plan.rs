//! The table of decisions: what channels hold × what we have → steps, or the one fact still needed.

use chart_release::{
    charts::ChartVersion,
    digest::Digest,
    holdings::{ChannelId, Held, Holding, Kind, Reference, Standing},
    packages::Contents,
    plan::{Bytes, Case, Decision, Facts, Need, Next, Ours, Refusal, Step, decide},
    problem::Problem,
};
use std::collections::{BTreeMap, BTreeSet};

const FIRST: &str = "folder:first";
const SECOND: &str = "folder:second";

fn channel(name: &str) -> ChannelId {
    ChannelId(name.into())
}

/// A package that unpacks to this text, in these bytes.
fn facts(content: &str, bytes: &str) -> Facts {
    let files = BTreeMap::from([("values.yaml".to_owned(), Digest::of(content.as_bytes()))]);
    let contents = Contents { files, ..Contents::default() };
    Facts { digest: Digest::of(bytes.as_bytes()), contents, attached: BTreeSet::new() }
}

/// Our chart, when everything that belongs into its package is at hand.
fn packaged(facts: &Facts) -> Ours {
    Ours { digest: Some(facts.digest), contents: facts.contents.clone() }
}

/// Our chart, when a part of it would have to be fetched.
fn unfetched(facts: &Facts) -> Ours {
    Ours { digest: None, contents: facts.contents.clone() }
}

fn holding(standing: Standing, bytes: &str) -> Holding {
    Holding {
        standing,
        package: Some(Digest::of(bytes.as_bytes())),
        attached: Default::default(),
        closed: false,
        created: None,
        reference: Reference::new("demo-1.0.0.tgz", None),
    }
}

fn present(bytes: &str) -> Held {
    Held::Present(holding(Standing::Served, bytes))
}

fn begun(standing: Standing, bytes: &str) -> Held {
    Held::Begun(holding(standing, bytes))
}

fn case(first: Held, second: Held) -> Case {
    Case {
        is: ChartVersion::new("demo", "1.0.0"),
        asked: false,
        trusted: false,
        spared: BTreeSet::new(),
        wanted: BTreeSet::new(),
        held: vec![(channel(FIRST), first), (channel(SECOND), second)],
        ours: None,
        whole: None,
        theirs: BTreeMap::new(),
    }
}

/// Answers what `decide` asks for, from these packages; the facts that it needed, and its decision.
fn settle(case: Case, ours: Facts, theirs: &[(&str, Facts)]) -> (Vec<String>, Decision) {
    settle_with(case, &packaged(&ours), &ours, theirs)
}

/// The same with a chart of which this is at hand.
fn settle_with(
    mut case: Case,
    at_hand: &Ours,
    ours: &Facts,
    theirs: &[(&str, Facts)],
) -> (Vec<String>, Decision) {
    let mut needed = Vec::new();
    loop {
        match decide(&case) {
            Next::Decided(decision) => return (needed, decision),
            Next::Need(Need::OurContents) => {
                needed.push("ours".to_owned());
                assert!(case.ours.replace(at_hand.clone()).is_none(), "asked twice for our chart");
            }
            Next::Need(Need::OurPackage) => {
                needed.push("our package".to_owned());
                assert!(case.ours.replace(packaged(ours)).is_none(), "asked twice for our package");
            }
            Next::Need(Need::OurWholePackage) => {
                needed.push("our whole package".to_owned());
                assert!(case.whole.replace(ours.contents.clone()).is_none(), "asked twice for all of it");
            }
            Next::Need(Need::TheirPackage(id)) => {
                needed.push(id.to_string());
                let (_, facts) = theirs.iter().find(|(name, _)| *name == &*id.0).expect("it has a package");
                assert!(case.theirs.insert(id, facts.clone()).is_none(), "asked twice for a package");
            }
        }
    }
}

/// The steps as words, in the order of the channels.
fn words(decision: &Decision) -> Vec<&'static str> {
    let word = |step: &Step| match step {
        Step::Put => "put",
        Step::Finish(_) => "finish",
        Step::Attach(..) => "attach",
        Step::Keep(_) => "keep",
        Step::Omit => "omit",
        Step::Refuse(_) => "refuse",
        Step::Stop(_) => "stop",
    };
    decision.steps.values().map(word).collect()
}

#[test]
fn absent_everywhere_is_put_everywhere() {
    let (needed, decision) = settle(case(Held::Absent, Held::Absent), facts("a", "ours"), &[]);
    assert_eq!(needed, ["our package"]);
    assert_eq!(words(&decision), ["put", "put"]);
    assert_eq!(decision.bytes, Bytes::Ours(Digest::of(b"ours")));
}

#[test]
fn present_everywhere_is_kept_without_any_fact() {
    let (needed, decision) = settle(case(present("x"), present("x")), facts("b", "ours"), &[]);
    assert!(needed.is_empty());
    assert_eq!(words(&decision), ["keep", "keep"]);
    assert_eq!(decision.bytes, Bytes::None);
}

#[test]
fn two_old_digests_are_kept_in_a_sweep_and_noted() {
    let (needed, decision) = settle(case(present("x"), present("y")), facts("a", "ours"), &[]);
    assert!(needed.is_empty());
    assert_eq!(words(&decision), ["keep", "keep"]);
    assert_eq!(decision.notes.len(), 1);
}

#[test]
fn asked_and_the_same_bytes_is_kept_without_downloading() {
    let asked = Case { asked: true, ..case(present("x"), present("x")) };
    let (needed, decision) = settle(asked, facts("a", "x"), &[]);
    assert_eq!(needed, ["ours"]);
    assert_eq!(words(&decision), ["keep", "keep"]);
}

#[test]
fn asked_and_the_same_content_in_other_bytes_is_kept() {
    let asked = Case { asked: true, ..case(present("x"), present("x")) };
    let (needed, decision) = settle(asked, facts("a", "ours"), &[(FIRST, facts("a", "x"))]);
    assert_eq!(needed, ["ours", FIRST]);
    assert_eq!(words(&decision), ["keep", "keep"]);
}

#[test]
fn asked_and_other_content_is_refused_with_the_files() {
    let asked = Case { asked: true, ..case(present("x"), Held::Absent) };
    let (_, decision) = settle(asked, facts("b", "ours"), &[(FIRST, facts("a", "x"))]);
    assert_eq!(words(&decision), ["refuse", "refuse"]);
    let Step::Refuse(Refusal::OtherContent { files, .. }) = &decision.steps[&channel(FIRST)] else {
        panic!()
    };
    assert_eq!(files, &["values.yaml"]);
}

#[test]
fn a_missing_channel_gets_the_published_bytes() {
    let (needed, decision) =
        settle(case(Held::Absent, present("x")), facts("a", "ours"), &[(SECOND, facts("a", "x"))]);
    assert_eq!(needed, ["ours", SECOND]);
    assert_eq!(words(&decision), ["put", "keep"]);
    assert_eq!(decision.bytes, Bytes::Theirs(channel(SECOND), Digest::of(b"x")));
}

#[test]
fn a_missing_channel_is_not_filled_with_other_content() {
    let (_, decision) =
        settle(case(present("x"), Held::Absent), facts("b", "ours"), &[(FIRST, facts("a", "x"))]);
    assert_eq!(words(&decision), ["keep", "refuse"]);
    assert_eq!(decision.bytes, Bytes::None);
}

#[test]
fn holders_that_disagree_fill_nothing() {
    let mut three = case(present("x"), present("y"));
    three.held.push((channel("folder:third"), Held::Absent));
    let theirs = [(FIRST, facts("a", "x")), (SECOND, facts("b", "y"))];
    let (_, decision) = settle(three.clone(), facts("a", "ours"), &theirs);
    assert_eq!(words(&decision), ["keep", "keep", "refuse"]);
    let same = [(FIRST, facts("a", "x")), (SECOND, facts("a", "y"))];
    let (_, decision) = settle(three, facts("a", "ours"), &same);
    assert_eq!(words(&decision), ["keep", "keep", "put"]);
    assert_eq!(decision.bytes, Bytes::Theirs(channel(FIRST), Digest::of(b"x")), "the first holder wins");
}

#[test]
fn unknown_is_not_absent() {
    let down = Held::Unknown(Problem::new("the server answers 503").passing());
    let (needed, decision) = settle(case(down, Held::Absent), facts("a", "ours"), &[]);
    assert!(needed.is_empty());
    assert_eq!(words(&decision), ["stop", "stop"]);
    for step in decision.steps.values() {
        let Step::Stop(problem) = step else { panic!() };
        assert!(problem.passing, "nobody has to act");
    }
}

#[test]
fn unknown_beside_present_keeps_what_is_there() {
    let denied = Held::Unknown(Problem::new("401"));
    let (_, decision) = settle(case(present("x"), denied), facts("a", "ours"), &[]);
    assert_eq!(words(&decision), ["keep", "stop"]);
}

#[test]
fn begun_with_our_bytes_is_finished() {
    let (needed, decision) =
        settle(case(begun(Standing::Placed, "ours"), Held::Absent), facts("a", "ours"), &[]);
    assert_eq!(needed, ["ours"]);
    assert_eq!(words(&decision), ["finish", "put"]);
}

#[test]
fn begun_with_other_bytes_of_the_same_content_is_finished_with_those() {
    let (_, decision) = settle(
        case(begun(Standing::Placed, "x"), Held::Absent),
        facts("a", "ours"),
        &[(FIRST, facts("a", "x"))],
    );
    assert_eq!(words(&decision), ["finish", "put"]);
    assert_eq!(decision.bytes.digest(), Some(Digest::of(b"x")));
}

#[test]
fn begun_with_other_content_is_refused() {
    let (_, decision) = settle(
        case(begun(Standing::Placed, "x"), Held::Absent),
        facts("b", "ours"),
        &[(FIRST, facts("a", "x"))],
    );
    assert_eq!(words(&decision), ["refuse", "refuse"]);
}

#[test]
fn what_is_served_and_lacks_a_part_of_its_own_is_finished_without_our_package() {
    let (needed, decision) =
        settle(case(begun(Standing::Served, "x"), present("x")), facts("b", "ours"), &[]);
    assert!(needed.is_empty());
    assert_eq!(words(&decision), ["finish", "keep"]);
    assert_eq!(decision.bytes, Bytes::Theirs(channel(FIRST), Digest::of(b"x")));
}

#[test]
fn a_channel_that_serves_other_bytes_is_finished_from_its_own_when_nobody_needs_the_first_ones() {
    let begun_second = || begun(Standing::Served, "y");
    let (needed, decision) = settle(case(present("x"), begun_second()), facts("a", "ours"), &[]);
    assert!(needed.is_empty());
    assert_eq!(words(&decision), ["keep", "finish"]);
    assert_eq!(decision.bytes, Bytes::Theirs(channel(SECOND), Digest::of(b"y")));

    let mut three = case(present("x"), begun_second());
    three.held.push((channel("folder:third"), Held::Absent));
    let theirs = [(FIRST, facts("a", "x")), (SECOND, facts("a", "y"))];
    let (_, decision) = settle(three, facts("a", "x"), &theirs);
    assert_eq!(words(&decision), ["keep", "keep", "put"]);
    assert_eq!(decision.bytes, Bytes::Theirs(channel(FIRST), Digest::of(b"x")));
    assert!(decision.notes[1].contains("finished from those by the next run"), "{:?}", decision.notes);
}

#[test]
fn placed_bytes_are_not_replaced_by_others() {
    let theirs = [(FIRST, facts("a", "x")), (SECOND, facts("a", "y"))];
    let (_, decision) = settle(case(present("x"), begun(Standing::Placed, "y")), facts("a", "x"), &theirs);
    assert_eq!(words(&decision), ["keep", "refuse"]);
}

#[test]
fn a_digest_that_nobody_serves_must_be_ours() {
    let claimed = || case(begun(Standing::Claimed, "x"), Held::Absent);
    assert_eq!(words(&settle(claimed(), facts("a", "x"), &[]).1), ["finish", "put"]);
    assert_eq!(words(&settle(claimed(), facts("a", "ours"), &[]).1), ["refuse", "refuse"]);
}

#[test]
fn a_claim_beside_bytes_with_another_digest_is_refused() {
    let (_, decision) = settle(
        case(begun(Standing::Claimed, "y"), present("x")),
        facts("a", "x"),
        &[(SECOND, facts("a", "x"))],
    );
    assert_eq!(words(&decision), ["refuse", "keep"]);
}

#[test]
fn what_one_channel_has_beside_the_same_bytes_is_attached_in_the_other() {
    let mut with = holding(Standing::Served, "x");
    with.attached.insert(Kind::Provenance);
    let (needed, decision) = settle(case(Held::Present(with.clone()), present("x")), facts("a", "ours"), &[]);
    assert!(needed.is_empty());
    assert_eq!(words(&decision), ["keep", "attach"]);
    let closed = Held::Present(Holding { closed: true, ..holding(Standing::Served, "x") });
    let (_, closed) = settle(case(Held::Present(with.clone()), closed), facts("a", "ours"), &[]);
    assert_eq!(words(&closed), ["keep", "keep"], "nothing can be added there");
    let (_, other_bytes) = settle(case(Held::Present(with), present("y")), facts("a", "ours"), &[]);
    assert_eq!(words(&other_bytes), ["keep", "keep"], "a provenance is for its bytes alone");
}

#[test]
fn a_channel_that_does_not_say_a_digest_is_read_when_it_matters() {
    let mut silent = holding(Standing::Served, "x");
    silent.package = None;
    let both = case(Held::Present(silent.clone()), present("x"));
    assert!(settle(both, facts("a", "ours"), &[]).0.is_empty(), "nothing to do costs nothing");
    let (needed, decision) =
        settle(case(Held::Present(silent), Held::Absent), facts("a", "x"), &[(FIRST, facts("a", "x"))]);
    assert_eq!(needed, [FIRST, "ours"]);
    assert_eq!(words(&decision), ["keep", "put"]);
}

#[test]
fn a_channel_that_is_spared_gets_nothing_that_is_public_elsewhere() {
    let spared = || BTreeSet::from([channel(FIRST)]);
    let adopted = Case { spared: spared(), ..case(Held::Absent, present("x")) };
    let (needed, decision) = settle(adopted, facts("a", "x"), &[]);
    assert!(needed.is_empty(), "nothing to do costs nothing");
    assert_eq!(words(&decision), ["omit", "keep"]);
    let new = Case { spared: spared(), ..case(Held::Absent, Held::Absent) };
    let (_, decision) = settle(new, facts("a", "ours"), &[]);
    assert_eq!(words(&decision), ["put", "put"]);
    // What was begun there is no longer spared: a draft of ours, a tag that somebody pushed.
    let wished = Case { spared: spared(), ..case(begun(Standing::Drafted, "x"), present("x")) };
    let (_, decision) = settle(wished, facts("a", "x"), &[]);
    assert_eq!(words(&decision), ["finish", "keep"]);
}

#[test]
fn a_draft_with_other_bytes_becomes_what_is_published() {
    let (_, decision) = settle(case(begun(Standing::Drafted, "old"), Held::Absent), facts("a", "new"), &[]);
    assert_eq!(words(&decision), ["finish", "put"]);
    assert_eq!(decision.bytes, Bytes::Ours(Digest::of(b"new")), "nothing is public: ours");
    let published = case(begun(Standing::Drafted, "old"), present("x"));
    let (_, decision) = settle(published, facts("a", "new"), &[(SECOND, facts("a", "x"))]);
    assert_eq!(words(&decision), ["finish", "keep"]);
    assert_eq!(decision.bytes.digest(), Some(Digest::of(b"x")), "something is public: that");
}

#[test]
fn what_an_earlier_run_began_is_finished_from_its_own_bytes_without_ours() {
    let begun_before = |first, second| Case { trusted: true, ..case(first, second) };
    let (needed, decision) =
        settle(begun_before(begun(Standing::Drafted, "x"), Held::Absent), facts("b", "ours"), &[]);
    assert!(needed.is_empty());
    assert_eq!(words(&decision), ["finish", "put"]);
    assert_eq!(decision.bytes, Bytes::Theirs(channel(FIRST), Digest::of(b"x")));
    let (needed, decision) = settle(begun_before(present("x"), Held::Absent), facts("b", "ours"), &[]);
    assert!(needed.is_empty());
    assert_eq!(words(&decision), ["keep", "put"]);
    // A draft without its package has nothing to finish from.
    let empty = Holding { package: None, ..holding(Standing::Claimed, "") };
    let (needed, decision) = settle(begun_before(Held::Begun(empty), Held::Absent), facts("a", "ours"), &[]);
    assert_eq!(needed, ["our package"]);
    assert_eq!(words(&decision), ["finish", "put"]);
}

#[test]
fn what_is_published_is_compared_without_what_would_have_to_be_fetched() {
    let asked = || Case { asked: true, ..case(present("x"), Held::Absent) };
    let ours = facts("a", "ours");
    let (needed, decision) = settle_with(asked(), &unfetched(&ours), &ours, &[(FIRST, facts("a", "x"))]);
    assert_eq!(needed, ["ours", FIRST]);
    assert_eq!(words(&decision), ["keep", "put"]);
    let (_, decision) = settle_with(asked(), &unfetched(&ours), &ours, &[(FIRST, facts("b", "x"))]);
    let Step::Refuse(Refusal::OtherContent { ours, .. }) = &decision.steps[&channel(FIRST)] else {
        panic!("{decision:?}")
    };
    assert_eq!(*ours, None, "no package was made to tell");
    // A subchart that the repository does not have counts on neither side.
    let mut open = unfetched(&facts("a", "ours"));
    open.contents.undetermined.insert("charts/redis/".into());
    let mut published = facts("a", "x");
    published.contents.files.insert("charts/redis/Chart.yaml".into(), Digest::of(b"redis"));
    let (_, decision) = settle_with(asked(), &open, &facts("a", "ours"), &[(FIRST, published)]);
    assert_eq!(words(&decision), ["keep", "put"]);
}

/// The case of a run that signs.
fn signing(first: Held, second: Held) -> Case {
    Case { wanted: [Kind::Provenance].into(), ..case(first, second) }
}

/// A package that this channel serves, with or without its provenance, and open or not for more.
fn served(bytes: &str, signed: bool, closed: bool) -> Held {
    let attached = signed.then_some(Kind::Provenance).into_iter().collect();
    Held::Present(Holding { attached, closed, ..holding(Standing::Served, bytes) })
}

/// A package that this channel serves without saying which one; nothing can be added.
fn silent() -> Held {
    Held::Present(Holding { package: None, closed: true, ..holding(Standing::Served, "") })
}

fn is_signed(decision: &Decision) -> bool {
    decision.made.contains(&Kind::Provenance)
}

#[test]
fn a_new_version_is_signed() {
    let (_, decision) = settle(signing(Held::Absent, Held::Absent), facts("a", "ours"), &[]);
    assert!(is_signed(&decision));
    let (_, decision) = settle(case(Held::Absent, Held::Absent), facts("a", "ours"), &[]);
    assert!(!is_signed(&decision), "nobody has a key");
}

#[test]
fn a_published_version_is_signed_later_where_it_can_be() {
    let open = || served("x", false, false);
    let (needed, decision) = settle(signing(open(), open()), facts("a", "x"), &[]);
    assert_eq!(
        (needed.as_slice(), words(&decision).as_slice()),
        (&["ours".to_owned()][..], &["attach"; 2][..])
    );
    assert!(is_signed(&decision));
    assert_eq!(decision.bytes, Bytes::Theirs(channel(FIRST), Digest::of(b"x")));
    // Other bytes of the same content, of a chart that is not fetched for it.
    let theirs = [(FIRST, facts("a", "x"))];
    let ours = facts("a", "ours");
    let (needed, decision) = settle_with(signing(open(), open()), &unfetched(&ours), &ours, &theirs);
    assert_eq!(needed, ["ours", FIRST]);
    assert_eq!(words(&decision), ["attach", "attach"]);
    // Signed everywhere, or closed: nothing to do, which costs nothing.
    for [first, second] in [
        [served("x", true, false), served("x", true, false)],
        [served("x", false, true), served("x", false, true)],
        [served("x", true, false), served("x", false, true)],
        [served("x", true, false), silent()],
        [served("x", false, true), silent()],
        [silent(), silent()],
    ] {
        let (needed, decision) = settle(signing(first, second), facts("b", "ours"), &[]);
        assert!(needed.is_empty() && words(&decision) == ["keep", "keep"] && !is_signed(&decision));
    }
}

#[test]
fn other_content_is_not_signed_and_that_is_told() {
    let case = || signing(served("x", false, false), served("x", false, true));
    let theirs = [(FIRST, facts("a", "x"))];
    let (_, decision) = settle(case(), facts("b", "ours"), &theirs);
    assert_eq!(words(&decision), ["keep", "keep"]);
    assert_eq!(decision.notes, ["not signed: other content is published, values.yaml differs"]);
    assert_eq!(decision.bytes, Bytes::None);
    // Not even when an earlier run began it, which is finished all the same.
    let trusted = Case { trusted: true, ..signing(begun(Standing::Drafted, "x"), Held::Absent) };
    let (_, decision) = settle(trusted, facts("b", "ours"), &theirs);
    assert_eq!(words(&decision), ["finish", "put"]);
    assert!(!is_signed(&decision) && decision.notes.len() == 1);
}

#[test]
fn what_was_not_compared_is_not_signed() {
    let with_redis = |redis: &str, bytes: &str| {
        let mut facts = facts("a", bytes);
        facts.contents.files.insert("charts/redis/values.yaml".into(), Digest::of(redis.as_bytes()));
        facts
    };
    let ours = with_redis("theirs", "ours");
    let mut open = unfetched(&facts("a", "ours"));
    open.contents.undetermined.insert("charts/redis/".into());
    let case = || signing(served("x", false, false), served("x", false, false));
    let (needed, decision) = settle_with(case(), &open, &ours, &[(FIRST, with_redis("theirs", "x"))]);
    assert_eq!(needed, ["ours", FIRST, "our whole package"]);
    assert!(is_signed(&decision) && words(&decision) == ["attach", "attach"]);
    // What came with another subchart is kept, and completed, as it is: no reason to refuse it, signed or not.
    let other = [(FIRST, with_redis("of somebody else", "x"))];
    let (_, decision) = settle_with(case(), &open, &ours, &other);
    assert!(!is_signed(&decision) && words(&decision) == ["keep", "keep"]);
    assert_eq!(decision.notes, ["not signed: other content is published, charts/redis/values.yaml differs"]);
    let asked = Case { asked: true, ..signing(served("x", false, true), Held::Absent) };
    let (_, decision) = settle_with(asked, &open, &ours, &other);
    assert!(!is_signed(&decision) && words(&decision) == ["keep", "put"]);
    assert_eq!(decision.bytes, Bytes::Theirs(channel(FIRST), Digest::of(b"x")));
}

#[test]
fn whoever_may_have_a_provenance_already_is_asked_before_another_is_made() {
    let theirs = |signed: bool| {
        let mut facts = facts("a", "x");
        facts.attached.extend(signed.then_some(Kind::Provenance));
        [(FIRST, facts)]
    };
    let case = || signing(silent(), served("x", false, false));
    let (needed, decision) = settle(case(), facts("b", "ours"), &theirs(true));
    assert_eq!(needed, [FIRST]);
    assert_eq!(words(&decision), ["keep", "attach"]);
    assert!(!is_signed(&decision));
    assert_eq!(decision.bytes, Bytes::Theirs(channel(FIRST), Digest::of(b"x")), "who has it gives it");
    let (_, decision) = settle(case(), facts("a", "x"), &theirs(false));
    assert_eq!(words(&decision), ["keep", "attach"]);
    assert!(is_signed(&decision));
}

/// What a channel may answer: each kind of answer with two digests of one content, one of another, and a silent one.
fn answers() -> Vec<Held> {
    let mut answers = vec![Held::Absent, Held::Unknown(Problem::new("the server answers 503").passing())];
    for bytes in [Some("a1"), Some("a2"), Some("b"), None] {
        let holding = |standing| Holding {
            package: bytes.map(|bytes| Digest::of(bytes.as_bytes())),
            ..holding(standing, "")
        };
        let standings = [Standing::Claimed, Standing::Drafted, Standing::Placed, Standing::Served];
        answers.extend(standings.map(|standing| Held::Begun(holding(standing))));
        answers.push(Held::Present(holding(Standing::Served)));
    }
    answers
}

/// The package whose digest this is: the letter is its content.
fn facts_of(digest: Digest) -> Facts {
    let known = ["a1", "a2", "b"].into_iter().find(|bytes| Digest::of(bytes.as_bytes()) == digest);
    let bytes = known.expect("a digest that somebody said");
    facts(&bytes[..1], bytes)
}

/// Every question that `decide` asks is new; its decision, and whether it asked anything. `at_hand` is what the
/// repository alone says of our chart.
fn settled(mut case: Case, at_hand: &Ours, ours: &Facts, silent: &Facts) -> (bool, Decision) {
    let has_bytes = |held: &Held| match held {
        Held::Begun(holding) | Held::Present(holding) => match holding.standing {
            Standing::Claimed => false,
            Standing::Drafted => case.trusted,
            Standing::Placed | Standing::Served => true,
        },
        Held::Absent | Held::Unknown(_) => false,
    };
    let published = case.held.iter().any(|(_, held)| has_bytes(held));
    let mut asked = false;
    loop {
        match decide(&case) {
            Next::Decided(decision) => return (asked, decision),
            Next::Need(Need::OurContents) => {
                assert!(case.ours.replace(at_hand.clone()).is_none(), "asked twice for our chart");
            }
            Next::Need(Need::OurPackage) => {
                assert!(!published, "nothing is fetched for what somebody has: {:?}", case.held);
                assert!(case.ours.replace(packaged(ours)).is_none(), "asked twice for our package");
            }
            Next::Need(Need::OurWholePackage) => panic!("what is at hand leaves nothing open"),
            Next::Need(Need::TheirPackage(id)) => {
                let (_, held) = case.held.iter().find(|(channel, _)| *channel == id).expect("it is asked");
                let (Held::Begun(holding) | Held::Present(holding)) = held else {
                    panic!("{id} has nothing")
                };
                assert_ne!(holding.standing, Standing::Claimed, "nobody can fetch a claim");
                let facts = holding.package.map_or_else(|| silent.clone(), facts_of);
                assert!(case.theirs.insert(id, facts).is_none(), "asked twice for a package");
            }
        }
        asked = true;
    }
}

/// What must hold whatever the channels answer.
fn check(case: &Case, at_hand: &Ours, ours: &Facts, silent: &Facts) {
    let (needed, decision) = settled(case.clone(), at_hand, ours, silent);
    let told = || {
        let Case { held, asked, trusted, spared, .. } = case;
        format!("{held:?}, asked: {asked}, trusted: {trusted}, spared: {spared:?} -> {decision:?}")
    };
    let has = |standing: Standing| move |(_, held): &&(ChannelId, Held)| matches!(held, Held::Begun(holding) | Held::Present(holding) if holding.standing == standing);
    let digest = |held: &Held| match held {
        Held::Begun(holding) | Held::Present(holding) => match holding.standing {
            Standing::Claimed => holding.package,
            Standing::Drafted if !case.trusted => None,
            Standing::Drafted => Some(holding.package.unwrap_or(silent.digest)),
            Standing::Placed | Standing::Served => Some(holding.package.unwrap_or(silent.digest)),
        },
        Held::Absent | Held::Unknown(_) => None,
    };
    let content =
        |digest| if digest == ours.digest { ours.contents.clone() } else { facts_of(digest).contents };
    let writes = decision.steps.values().any(Step::writes);
    assert_eq!(decision.steps.len(), case.held.len(), "{}", told());
    assert_eq!(writes, decision.bytes != Bytes::None, "bytes are for writing: {}", told());
    let unknown = case.held.iter().any(|(_, held)| matches!(held, Held::Unknown(_)));
    assert!(!unknown || !writes && !needed, "rule 2: {}", told());
    let served = |(_, held): &(ChannelId, Held)| matches!(held, Held::Begun(holding) | Held::Present(holding) if holding.standing == Standing::Served);
    let spared = |channel: &ChannelId| case.spared.contains(channel) && case.held.iter().any(served);
    let complete = |(channel, held): &(ChannelId, Held)| match held {
        Held::Present(_) => true,
        Held::Absent => spared(channel),
        Held::Begun(_) | Held::Unknown(_) => false,
    };
    let attached = |held: &Held| held.holding().is_some_and(|holding| !holding.attached.is_empty());
    let signs = !case.wanted.is_empty() || case.held.iter().any(|(_, held)| attached(held));
    let open = |held: &Held| {
        signs && matches!(held, Held::Present(holding) if !holding.closed && holding.attached.is_empty())
    };
    if !case.asked && case.held.iter().all(complete) && !case.held.iter().any(|(_, held)| open(held)) {
        assert!(!needed && !writes, "nothing to do costs nothing: {}", told());
        let idle = |step: &Step| matches!(step, Step::Keep(_) | Step::Omit);
        assert!(decision.steps.values().all(idle), "{}", told());
    }
    check_provenance(case, ours, silent, &decision);
    for (channel, held) in &case.held {
        let step = &decision.steps[channel];
        let fits = match held {
            Held::Absent => match step {
                Step::Put => !spared(channel),
                Step::Omit => spared(channel),
                Step::Refuse(_) | Step::Stop(_) => true,
                Step::Finish(_) | Step::Attach(..) | Step::Keep(_) => false,
            },
            Held::Unknown(_) => matches!(step, Step::Stop(_)),
            Held::Begun(holding) => match step {
                Step::Keep(_) => holding.standing == Standing::Served,
                Step::Finish(_) | Step::Refuse(_) | Step::Stop(_) => true,
                Step::Put | Step::Omit | Step::Attach(..) => false,
            },
            Held::Present(_) => {
                matches!(step, Step::Keep(_) | Step::Attach(..) | Step::Refuse(_) | Step::Stop(_))
            }
        };
        assert!(fits, "{channel} {step:?}: {}", told());
        let draft = has(Standing::Drafted)(&&(channel.clone(), held.clone()));
        if let (true, false, Some(there), Some(written)) =
            (step.writes(), draft, digest(held), decision.bytes.digest())
        {
            assert_eq!(there, written, "what a channel has is never replaced: {}", told());
        }
    }
    // Rule 3, wherever something is put.
    let drafted = || case.held.iter().find(has(Standing::Drafted)).filter(|_| case.trusted);
    let first = case
        .held
        .iter()
        .find(has(Standing::Served))
        .or_else(|| case.held.iter().find(has(Standing::Placed)))
        .or_else(drafted);
    let compared = |other: &Contents| case.trusted || *other == ours.contents;
    if decision.steps.values().any(|step| matches!(step, Step::Put)) {
        let canonical = first.map_or(ours.digest, |(_, held)| digest(held).expect("it has bytes"));
        assert_eq!(decision.bytes.digest(), Some(canonical), "{}", told());
        assert!(compared(&content(canonical)), "other content fills no missing channel: {}", told());
        for (_, held) in case.held.iter().filter(has(Standing::Served)) {
            let there = digest(held).expect("it serves");
            assert_eq!(content(there), content(canonical), "one content everywhere: {}", told());
        }
    }
    match &decision.bytes {
        Bytes::Ours(digest) => assert!(*digest == ours.digest && first.is_none(), "{}", told()),
        Bytes::Theirs(id, said) => {
            let (_, held) = case.held.iter().find(|(channel, _)| channel == id).expect("it was asked");
            assert_eq!(digest(held), Some(*said), "{}", told());
            let step = &decision.steps[id];
            assert!(
                matches!(step, Step::Keep(_) | Step::Finish(_) | Step::Attach(..)),
                "read from {id}: {}",
                told()
            );
        }
        Bytes::None => {}
    }
    if case.asked
        && !unknown
        && first.is_some_and(|(_, held)| content(digest(held).expect("bytes")) != ours.contents)
    {
        assert!(!writes && decision.steps.values().all(Step::blocks), "asked for other content: {}", told());
    }
}

/// What must hold of provenances, whatever the channels answer.
fn check_provenance(case: &Case, ours: &Facts, silent: &Facts, decision: &Decision) {
    let told = || format!("{:?}, trusted: {} -> {decision:?}", case.held, case.trusted);
    let digest = |holding: &Holding| holding.package.unwrap_or(silent.digest);
    let content =
        |digest| if digest == ours.digest { ours.contents.clone() } else { facts_of(digest).contents };
    let having = |written: Digest| {
        let counts = |holding: &&Holding| {
            holding.standing != Standing::Claimed && (case.trusted || holding.standing != Standing::Drafted)
        };
        let holdings = case.held.iter().filter_map(|(_, held)| held.holding()).filter(counts);
        holdings.filter(move |holding| digest(holding) == written)
    };
    if !decision.made.is_empty() {
        let written = decision.bytes.digest().expect("bytes to sign");
        assert!(decision.made.is_subset(&case.wanted), "{}", told());
        assert!(having(written).all(|holding| holding.attached.is_empty()), "never made again: {}", told());
        assert_eq!(content(written), ours.contents, "only for what the chart makes: {}", told());
    }
    for step in decision.steps.values() {
        let Step::Attach(holding, kinds) = step else { continue };
        let written = decision.bytes.digest().expect("bytes that it belongs to");
        assert_eq!(digest(holding), written, "a provenance is for its bytes alone: {}", told());
        assert!(!holding.closed && kinds.is_disjoint(&holding.attached), "{}", told());
        let somebody_has = having(written).any(|holding| kinds.is_subset(&holding.attached));
        assert!(somebody_has || kinds.is_subset(&decision.made), "from nowhere: {}", told());
    }
    // Where it could have been made for these bytes, it was.
    if let (Some(written), false) = (decision.bytes.digest(), case.wanted.is_empty()) {
        let signed = having(written).any(|holding| !holding.attached.is_empty());
        let made = signed || !decision.made.is_empty() || content(written) != ours.contents;
        assert!(made, "left without: {}", told());
    }
}

#[test]
fn whatever_channels_have_beside_their_packages_the_rules_hold() {
    let mut answers = vec![Held::Absent, Held::Unknown(Problem::new("the server answers 503").passing())];
    for bytes in [Some("a1"), Some("a2"), None] {
        for (signed, closed) in [(false, false), (true, false), (false, true), (true, true)] {
            let holding = |standing| Holding {
                package: bytes.map(|bytes| Digest::of(bytes.as_bytes())),
                attached: signed.then_some(Kind::Provenance).into_iter().collect(),
                closed,
                ..holding(standing, "")
            };
            answers.push(Held::Present(holding(Standing::Served)));
            answers.extend(
                [Standing::Drafted, Standing::Placed, Standing::Served].map(|as_| Held::Begun(holding(as_))),
            );
        }
    }
    for first in &answers {
        for second in &answers {
            let held = vec![(channel(FIRST), first.clone()), (channel(SECOND), second.clone())];
            for (asked, trusted, wants) in [
                (false, false, true),
                (true, false, true),
                (false, true, true),
                (false, false, false),
                (true, false, false),
            ] {
                let wanted = wants.then_some(Kind::Provenance).into_iter().collect();
                for ours in [facts("a", "a1"), facts("a", "ours"), facts("b", "ours")] {
                    for at_hand in [packaged(&ours), unfetched(&ours)] {
                        let (held, wanted) = (held.clone(), BTreeSet::clone(&wanted));
                        let none = case(Held::Absent, Held::Absent);
                        let case = Case { asked, trusted, wanted, held, ..none };
                        check(&case, &at_hand, &ours, &facts_of(Digest::of(b"a1")));
                    }
                }
            }
        }
    }
}

#[test]
fn whatever_two_or_three_channels_answer_the_rules_hold() {
    let answers = answers();
    let held = |name: &str, held: &Held| (channel(name), held.clone());
    let mut cases = 0;
    for first in &answers {
        for second in &answers {
            let two = vec![held(FIRST, first), held(SECOND, second)];
            let three = answers.iter().map(|third| [two.clone(), vec![held("folder:third", third)]].concat());
            for held in three.chain([two.clone()]) {
                for (asked, trusted, spares) in
                    [(false, false, false), (true, false, false), (false, true, false), (false, false, true)]
                {
                    let spared = if spares { BTreeSet::from([channel(FIRST)]) } else { BTreeSet::new() };
                    for ours in [facts("a", "a1"), facts("a", "ours"), facts("b", "ours")] {
                        for silent in ["a1", "a2", "b"] {
                            let spared = spared.clone();
                            let case = Case {
                                asked,
                                trusted,
                                spared,
                                held: held.clone(),
                                ..case(Held::Absent, Held::Absent)
                            };
                            let silent = facts_of(Digest::of(silent.as_bytes()));
                            for at_hand in [packaged(&ours), unfetched(&ours)] {
                                check(&case, &at_hand, &ours, &silent);
                                cases += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(cases, 22 * 22 * 23 * 72);
}
