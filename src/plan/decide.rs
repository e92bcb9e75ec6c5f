//! The decision for one chart version: pure and total.

use super::{Bytes, Case, Decision, Need, Next, Ours, Refusal, Step};
use crate::{
    digest::Digest,
    holdings::{ChannelId, Held, Holding, Kind, Standing},
    problem::Problem,
};
use std::collections::{BTreeMap, BTreeSet};

/// So many files are named in a note: a subchart may have hundreds.
const MOST_FILES: usize = 10;

/// What to do with one chart version, or the fact that is needed to tell. Pure and total: called again whenever the
/// case has grown, and a case only grows.
pub fn decide(case: &Case) -> Next {
    if let Some(stopped) = unknown(case) {
        return Next::Decided(stopped);
    }
    if !case.asked && case.is_served_everywhere() {
        return keep_published(case);
    }
    let Some(holder) = case.holder() else { return put_everywhere(case) };
    let theirs = match case.digest_of(holder) {
        Ok(digest) => digest,
        Err(need) => return Next::Need(need),
    };
    match case.disagreement(holder, theirs) {
        Ok(None) => {}
        Ok(Some(refusal)) => return Next::Decided(refuse(case, &refusal)),
        Err(need) => return Next::Need(need),
    }
    if !case.trusted {
        match case.differing(holder, theirs) {
            Err(need) => return Next::Need(need),
            Ok(files) if !files.is_empty() => {
                let ours = case.ours.as_ref().and_then(|ours| ours.digest);
                let refusal = Refusal::OtherContent { channel: holder.clone(), ours, theirs, files };
                return Next::Decided(refuse(case, &refusal));
            }
            Ok(_) => {}
        }
    }
    complete(case, holder, theirs)
}

impl Case {
    /// What each channel holds, where it holds something that counts. A draft is scratch paper: it can become any
    /// bytes, and counts only where there are no others to make it from.
    fn holdings(&self) -> impl Iterator<Item = (&ChannelId, &Holding)> {
        let counts = |holding: &Holding| self.trusted || holding.standing != Standing::Drafted;
        let held = self.held.iter().filter_map(|(channel, held)| Some((channel, held.holding()?)));
        held.filter(move |(_, holding)| counts(holding))
    }

    /// The channels that have bytes, in the order in which these count: first those that serve them.
    fn holders(&self) -> impl Iterator<Item = &ChannelId> {
        let having = |standing| move |(_, holding): &(&ChannelId, &Holding)| holding.standing == standing;
        let served = self.holdings().filter(having(Standing::Served));
        let placed = self.holdings().filter(having(Standing::Placed));
        let drafted = self.holdings().filter(having(Standing::Drafted));
        served.chain(placed).chain(drafted).map(|(channel, _)| channel)
    }

    /// The channel whose bytes are the package (rule 3).
    fn holder(&self) -> Option<&ChannelId> {
        self.holders().next()
    }

    /// The channels where something was begun.
    fn begun(&self) -> impl Iterator<Item = &ChannelId> {
        let begun = self.held.iter().filter(|(_, held)| matches!(held, Held::Begun(_)));
        begun.map(|(channel, _)| channel)
    }

    /// Whether readers can fetch the version from every channel that needs it: then nothing has to be packaged or
    /// compared.
    fn is_served_everywhere(&self) -> bool {
        self.held.iter().all(|(channel, held)| match held {
            Held::Present(_) => true,
            Held::Begun(holding) => holding.standing == Standing::Served,
            Held::Absent => self.is_spared(channel),
            Held::Unknown(_) => false,
        })
    }

    /// Whether a channel that has nothing is left without it.
    fn is_spared(&self, channel: &ChannelId) -> bool {
        let served = |(_, holding): (&ChannelId, &Holding)| holding.standing == Standing::Served;
        self.spared.contains(channel) && self.holdings().any(served)
    }

    /// The digest of the bytes in this channel, from its answer or from the bytes themselves.
    fn digest_of(&self, channel: &ChannelId) -> Result<Digest, Need> {
        let said =
            self.holdings().find(|(other, _)| *other == channel).and_then(|(_, holding)| holding.package);
        said.or_else(|| self.theirs.get(channel).map(|facts| facts.digest))
            .ok_or_else(|| Need::TheirPackage(channel.clone()))
    }

    /// The digest of bytes that this channel cannot exchange for others.
    fn own_digest(&self, channel: &ChannelId) -> Option<Digest> {
        let (_, holding) = self.holdings().find(|(other, _)| *other == channel)?;
        (holding.standing != Standing::Drafted).then(|| self.digest_of(channel).ok())?
    }

    /// The files in which what the chart makes differs from these bytes, which `holder` has.
    fn differing(&self, holder: &ChannelId, theirs: Digest) -> Result<Vec<String>, Need> {
        let ours = self.ours.as_ref().ok_or(Need::OurContents)?;
        if ours.digest == Some(theirs) {
            return Ok(Vec::new());
        }
        let facts = self.theirs.get(holder).ok_or_else(|| Need::TheirPackage(holder.clone()))?;
        Ok(facts.contents.differing(&ours.contents))
    }

    /// The same with what would have to be fetched: where that was left open, anything could be in its place.
    fn differing_as_a_whole(&self, holder: &ChannelId, theirs: Digest) -> Result<Vec<String>, Need> {
        let differing = self.differing(holder, theirs)?;
        let leaves_open =
            |ours: &&Ours| ours.digest != Some(theirs) && !ours.contents.undetermined.is_empty();
        if !differing.is_empty() || self.ours.as_ref().filter(leaves_open).is_none() {
            return Ok(differing);
        }
        let whole = self.whole.as_ref().ok_or(Need::OurWholePackage)?;
        let facts = self.theirs.get(holder).ok_or_else(|| Need::TheirPackage(holder.clone()))?;
        Ok(facts.contents.differing(whole))
    }

    /// What lies beside the package in this channel, as far as it is known.
    fn attached(&self, channel: &ChannelId, holding: &Holding) -> BTreeSet<Kind> {
        let read = self.theirs.get(channel).map(|facts| &facts.attached);
        holding.attached.iter().chain(read.into_iter().flatten()).copied().collect()
    }

    /// The channels that have these bytes, as far as it is known, and what they have.
    fn having(&self, digest: Digest) -> impl Iterator<Item = (&ChannelId, &Holding)> {
        self.holdings().filter(move |(channel, _)| self.digest_of(channel) == Ok(digest))
    }

    /// A channel whose bytes are not known, and that has some.
    fn silent(&self) -> Option<&ChannelId> {
        let has = |(_, holding): &(&ChannelId, &Holding)| holding.standing != Standing::Claimed;
        self.holdings()
            .filter(has)
            .map(|(channel, _)| channel)
            .find(|channel| self.digest_of(channel).is_err())
    }

    /// The channel whose bytes are the package of this version, and what it holds; `None` where nobody has bytes.
    pub fn source(&self) -> Option<(&ChannelId, &Holding)> {
        let holder = self.holder()?;
        self.holdings().find(|(channel, _)| *channel == holder)
    }

    /// Whether a channel has what the holder's bytes must not come to: served bytes of other content, or placed bytes
    /// or a claim of another digest, which could only be completed by what nobody else has.
    fn disagreement(&self, holder: &ChannelId, digest: Digest) -> Result<Option<Refusal>, Need> {
        for (channel, holding) in self.holdings().filter(|(channel, _)| *channel != holder) {
            let says_nothing = holding.standing == Standing::Claimed && holding.package.is_none();
            if says_nothing || holding.standing == Standing::Drafted {
                continue;
            }
            let other = self.digest_of(channel)?;
            if other == digest {
                continue;
            }
            let facts = |of: &ChannelId| self.theirs.get(of).ok_or_else(|| Need::TheirPackage(of.clone()));
            if holding.standing != Standing::Served
                || !facts(holder)?.contents.differing(&facts(channel)?.contents).is_empty()
            {
                let holders = vec![(holder.clone(), digest), (channel.clone(), other)];
                return Ok(Some(Refusal::ChannelsDisagree(holders)));
            }
        }
        Ok(None)
    }

    /// The digest that is published already.
    pub fn published(&self) -> Option<Digest> {
        self.digest_of(self.holder()?).ok()
    }

    /// The time that a channel published it under already, in seconds since 1970.
    pub fn created(&self) -> Option<i64> {
        self.holdings().find_map(|(_, holding)| holding.created)
    }

    /// The steps that keep what is there and do `otherwise` with what is not complete.
    fn steps(&self, otherwise: impl Fn(&ChannelId, &Held) -> Step) -> BTreeMap<ChannelId, Step> {
        self.held
            .iter()
            .map(|(channel, held)| {
                let step = match held {
                    Held::Present(holding) => Step::Keep(holding.clone()),
                    Held::Absent if self.is_spared(channel) => Step::Omit,
                    held => otherwise(channel, held),
                };
                (channel.clone(), step)
            })
            .collect()
    }

    /// Different digests of one version in several channels, as a note.
    fn digests_differ(&self) -> Option<String> {
        let mut said = self.holdings().filter_map(|(channel, holding)| Some((channel, holding.package?)));
        let (first, digest) = said.next()?;
        let (second, other) = said.find(|(_, other)| *other != digest)?;
        Some(format!("{first} holds {digest}, {second} holds {other}"))
    }
}

/// Rule 2: what cannot be known stops the version, wherever something would have to be written.
fn unknown(case: &Case) -> Option<Decision> {
    let (silent, reason) = case.held.iter().find_map(|(channel, held)| match held {
        Held::Unknown(problem) => Some((channel, problem)),
        _ => None,
    })?;
    let steps = case.steps(|_, held| match held {
        Held::Unknown(problem) => Step::Stop(problem.clone()),
        _ => {
            let mut waits = Problem::new(format!("{} {silent} holds", Step::WAITS));
            waits.passing = reason.passing;
            Step::Stop(waits)
        }
    });
    Some(Decision::idle(steps))
}

/// Everything is served everywhere: keep it, finish what a channel lacks of its own, attach what others have. What is
/// kept need not say its digest; what is finished is finished from its own bytes.
fn keep_published(case: &Case) -> Next {
    if let Some(need) = case.begun().find_map(|channel| case.digest_of(channel).err()) {
        return Next::Need(need);
    }
    let known = |holder: &ChannelId| case.digest_of(holder).ok();
    if let Some((holder, digest)) = case.holders().find_map(|holder| Some((holder, known(holder)?))) {
        return complete(case, holder, digest);
    }
    // Nobody says a digest, so nobody has begun: all of them are kept.
    let steps = case.steps(|_, _| Step::Put);
    let takes = |(channel, step): (&ChannelId, &Step)| takes(case, channel, step, &case.wanted);
    match case.silent().filter(|_| steps.iter().any(takes)) {
        Some(silent) => Next::Need(Need::TheirPackage(silent.clone())),
        None => Next::Decided(Decision::idle(steps)),
    }
}

/// Nobody has it: ours, everywhere. A digest that is only claimed must be ours.
fn put_everywhere(case: &Case) -> Next {
    let Some(ours) = case.ours.as_ref().and_then(|ours| ours.digest) else {
        return Next::Need(Need::OurPackage);
    };
    let broken = case.holdings().find_map(|(channel, holding)| match holding.package {
        Some(claimed) if claimed != ours => Some((channel, claimed)),
        _ => None,
    });
    if let Some((channel, theirs)) = broken {
        let (channel, ours) = (channel.clone(), Some(ours));
        let refusal = Refusal::OtherContent { channel, ours, theirs, files: Vec::new() };
        return Next::Decided(refuse(case, &refusal));
    }
    let steps = case.steps(|_, held| match held {
        Held::Begun(holding) => Step::Finish(holding.clone()),
        _ => Step::Put,
    });
    let made = case.wanted.clone();
    Next::Decided(Decision { bytes: Bytes::Ours(ours), made, steps, notes: Vec::new() })
}

/// What is published is completed. One decision writes one package: the holder's, as long as a channel needs it. A
/// channel that serves other bytes (two old digests are no harm) is finished from its own, and only when its turn comes.
fn complete(case: &Case, holder: &ChannelId, digest: Digest) -> Next {
    let own = |channel: &&ChannelId| case.own_digest(channel).filter(|own| *own != digest);
    let needs_holders = case.held.iter().any(|(channel, held)| match held {
        Held::Absent => !case.is_spared(channel),
        Held::Begun(_) => own(&channel).is_none(),
        Held::Present(_) | Held::Unknown(_) => false,
    });
    match case.begun().find_map(|begun| Some((begun, own(&begun)?))) {
        Some((begun, own)) if !needs_holders => complete_with(case, begun, own),
        _ => complete_with(case, holder, digest),
    }
}

/// These bytes, which `holder` has, to all who lack them, and nothing to those who serve others.
fn complete_with(case: &Case, holder: &ChannelId, digest: Digest) -> Next {
    let mut everything: BTreeSet<Kind> =
        case.having(digest).flat_map(|(channel, holding)| case.attached(channel, holding)).collect();
    // Of those who have these bytes, the one that has everything beside them.
    let whole = |(channel, holding): &(&ChannelId, &Holding)| {
        holding.standing != Standing::Claimed && case.attached(channel, holding) == everything
    };
    let source = case.having(digest).find(whole).map_or(holder, |(channel, _)| channel);
    let serves_others = |channel: &ChannelId| case.own_digest(channel).is_some_and(|own| own != digest);
    let mut steps = case.steps(|channel, held| match held {
        Held::Begun(holding) if serves_others(channel) => Step::Keep(holding.clone()),
        Held::Begun(holding) => Step::Finish(holding.clone()),
        _ => Step::Put,
    });
    let later = case.begun().filter(|channel| serves_others(channel));
    let later = later
        .map(|channel| format!("{channel} serves other bytes, and is finished from those by the next run"));
    let mut notes: Vec<String> = case.digests_differ().into_iter().chain(later).collect();
    let mut made = match made(case, holder, digest, &everything, &steps) {
        Ok(made) => made,
        Err(Without::Fact(need)) => return Next::Need(need),
        Err(Without::Equal(files)) => {
            let differ = if files.len() == 1 { "differs" } else { "differ" };
            let more = files.len().saturating_sub(MOST_FILES);
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            let files = files.iter().take(MOST_FILES).map(String::as_str).collect::<Vec<_>>().join(", ");
            notes.push(format!("not signed: other content is published, {files}{more} {differ}"));
            BTreeSet::new()
        }
    };
    everything.extend(&made);
    for (channel, step) in &mut steps {
        if let Step::Keep(holding) = step {
            let lacking: BTreeSet<Kind> =
                everything.difference(&case.attached(channel, holding)).copied().collect();
            if !lacking.is_empty() && case.digest_of(channel) == Ok(digest) && !holding.closed {
                *step = Step::Attach(holding.clone(), lacking);
            }
        }
    }
    let writes = steps.values().any(Step::writes);
    if !writes {
        made.clear();
    }
    let bytes = if writes { Bytes::Theirs(source.clone(), digest) } else { Bytes::None };
    Next::Decided(Decision { bytes, made, steps, notes })
}

/// Why nothing is made beside a package.
enum Without {
    /// It is not known yet whether it is wanted, or may be.
    Fact(Need),
    /// These files of it are not what the chart makes: nobody vouches for them here.
    Equal(Vec<String>),
}

/// What is wanted beside these bytes and made, as nobody has it and somebody can take it. Only for what the chart makes
/// too, whoever began it: a signature vouches for content, also for that of the subcharts.
fn made(
    case: &Case,
    holder: &ChannelId,
    digest: Digest,
    everything: &BTreeSet<Kind>,
    steps: &BTreeMap<ChannelId, Step>,
) -> Result<BTreeSet<Kind>, Without> {
    let made: BTreeSet<Kind> = case.wanted.difference(everything).copied().collect();
    // Whatever is put or finished gets these bytes; what is kept has its own.
    let gets = |channel: &ChannelId, step: &Step| {
        !matches!(step, Step::Keep(_)) || case.digest_of(channel).map_or(true, |other| other == digest)
    };
    if !steps.iter().any(|(channel, step)| gets(channel, step) && takes(case, channel, step, &made)) {
        return Ok(BTreeSet::new());
    }
    // Whoever does not say what lies beside its package may have it.
    if let Some(silent) = case.silent() {
        return Err(Without::Fact(Need::TheirPackage(silent.clone())));
    }
    match case.differing_as_a_whole(holder, digest).map_err(Without::Fact)? {
        files if files.is_empty() => Ok(made),
        files => Err(Without::Equal(files)),
    }
}

/// Whether one of these can still be brought to this channel.
fn takes(case: &Case, channel: &ChannelId, step: &Step, kinds: &BTreeSet<Kind>) -> bool {
    match step {
        Step::Put | Step::Finish(_) => !kinds.is_empty(),
        Step::Keep(holding) => !holding.closed && !kinds.is_subset(&case.attached(channel, holding)),
        Step::Attach(..) | Step::Omit | Step::Refuse(_) | Step::Stop(_) => false,
    }
}

/// Nothing is written anywhere: what differs is refused, what is complete is kept unless it was asked for.
fn refuse(case: &Case, refusal: &Refusal) -> Decision {
    let mut steps = case.steps(|_, _| Step::Refuse(refusal.clone()));
    if case.asked {
        steps.values_mut().for_each(|step| *step = Step::Refuse(refusal.clone()));
    }
    Decision::idle(steps)
}

/// The decision when a fact could not be found out: nothing is written. What was asked for is nowhere known to be what is
/// published.
pub fn stopped(case: &Case, problem: &Problem) -> Decision {
    let mut steps = case.steps(|_, _| Step::Stop(problem.clone()));
    if case.asked {
        steps.values_mut().for_each(|step| *step = Step::Stop(problem.clone()));
    }
    Decision::idle(steps)
}

impl Decision {
    /// Nothing is written.
    fn idle(steps: BTreeMap<ChannelId, Step>) -> Self {
        Self { bytes: Bytes::None, made: BTreeSet::new(), steps, notes: Vec::new() }
    }
}
