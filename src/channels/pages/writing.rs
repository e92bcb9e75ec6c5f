//! How the branch changes: one commit for a wave, pushed without force, made anew upon whatever was faster.

use super::{
    Pages, Place,
    looking::{Lies, State, provenance},
};
use crate::{
    channels::ExposeError,
    digest::Digest,
    doors::{
        away::blocking,
        git::{
            Id,
            remote::{Change, Rejection, Tip},
        },
        patience::Fault,
    },
    holdings::{Attachment, Held, Record, Reference},
    index::{self, NewEntry},
    problem::Problem,
};
use backon::{BackoffBuilder, ExponentialBuilder};
use std::{sync::Arc, time::Duration};

/// How often a commit is made anew upon a branch that moved. Each time somebody else has published.
const ROUNDS: usize = 100;

/// The longest pause between two rounds.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What is to be added to the branch.
pub(super) struct Draft {
    pub files: Vec<(String, Id)>,
    pub message: String,
    /// The commit's time, unless the branch is younger.
    pub time: i64,
}

/// What became of a push that was answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pushed {
    Done,
    Moved,
}

/// The answers for a wave.
pub(super) type Exposed = Vec<Result<Reference, ExposeError>>;

impl Pages {
    /// Changes the branch as `draft` says, which is asked again whenever somebody was faster. Its answer is that of the
    /// last time.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        draft: impl Fn(&Place, &State) -> Result<(T, Option<Draft>), Problem> + Send + Sync + 'static,
    ) -> Result<T, Problem> {
        let mut now = self.now.lock().await;
        let draft = Arc::new(draft);
        let patience = self.settings.http.patience;
        let mut pauses = ExponentialBuilder::new()
            .with_min_delay(patience.pause / 4)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(ROUNDS)
            .with_jitter()
            .build();
        loop {
            let state = self.fetched(&mut now).await?;
            let (place, draft) = (Arc::clone(&self.place), Arc::clone(&draft));
            let upon = Arc::clone(&state);
            let (answer, commit) = blocking("making a commit for the pages", move || {
                let (answer, draft) = draft(&place, &upon)?;
                Ok::<_, Problem>((answer, draft.map(|draft| place.commit(&upon, draft)).transpose()?))
            })
            .await?;
            let Some(commit) = commit else { return Ok(answer) };
            // Whatever comes of the push, what was fetched is not the branch any more, or need not be.
            *now = None;
            match self.push(&state, commit).await? {
                Pushed::Done => {
                    let place = Arc::clone(&self.place);
                    // A failure here would show in the next look; what was pushed is public.
                    let read = blocking("reading the pages", move || place.state(Some(commit))).await;
                    *now = read.ok().map(Arc::new);
                    return Ok(answer);
                }
                Pushed::Moved => match pauses.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => {
                        let what = format!("others change {} all the time", self.place.branch);
                        return Err(Problem::new(what).passing());
                    }
                },
            }
        }
    }

    /// Pushes a commit. When it is not known whether it was taken, the branch is asked first.
    async fn push(&self, state: &State, commit: Tip) -> Result<Pushed, Problem> {
        let before = state.tip;
        let push = || {
            let place = Arc::clone(&self.place);
            blocking("pushing the pages", move || match place.remote.push(commit) {
                Ok(()) => Ok(Pushed::Done),
                Err(Rejection::Moved) => Ok(Pushed::Moved),
                Err(Rejection::Protected(problem) | Rejection::Forbidden(problem)) => {
                    Err(Fault::Lasting(problem))
                }
                Err(Rejection::Unsure(fault) | Rejection::Failed(fault)) => Err(fault),
            })
        };
        let look = || {
            let place = Arc::clone(&self.place);
            blocking("fetching the pages", move || {
                let tip = place.remote.fetch()?;
                Ok::<_, Fault>(match tip {
                    Some(tip) if tip.id == commit.id => Some(Pushed::Done),
                    tip if tip.map(|tip| tip.id) == before.map(|tip| tip.id) => None,
                    // Ours may stand below it: what is there is read again before anything is added.
                    _ => Some(Pushed::Moved),
                })
            })
        };
        self.settings.http.patience.write(push, look).await
    }

    /// The package's bytes, or others', for a commit to come. Gives the digest of what reads back.
    pub(super) async fn keep(&self, bytes: bytes::Bytes) -> Result<Digest, Problem> {
        let place = Arc::clone(&self.place);
        blocking("keeping a package", move || {
            let blob = place.remote.keep(&bytes)?;
            let digest = Digest::of(&place.remote.read(blob)?);
            place.staged().insert(digest, blob);
            Ok(digest)
        })
        .await
    }
}

impl Place {
    fn commit(&self, upon: &State, draft: Draft) -> Result<Tip, Problem> {
        let mut message = draft.message;
        if self.sign_off {
            message = format!(
                "{}\n\nSigned-off-by: {} <{}>",
                message.trim_end(),
                self.author.name,
                self.author.email
            );
        }
        let change = Change {
            files: draft.files,
            message: format!("{}\n", message.trim_end()),
            author: (&self.author.name, &self.author.email),
            // The times of a branch do not go back; beyond that they depend on what is published, not on the clock.
            time: upon.tip.map_or(draft.time, |tip| tip.time.max(draft.time)),
        };
        self.remote.commit(upon.tip, &change)
    }

    /// A first commit, without a file: from the next one on, everything that is published only adds lines. Nothing where
    /// the branch is there.
    pub(super) fn first(&self, state: &State, time: i64) -> Result<Option<Draft>, Problem> {
        if state.tip.is_some() {
            return Ok(None);
        }
        Ok(Some(Draft { files: Vec::new(), message: "Begin the pages of charts".to_owned(), time }))
    }

    /// The answers for these records, and what has to be added for them.
    pub(super) fn expose(
        &self,
        state: &State,
        records: &[Record],
    ) -> Result<(Exposed, Option<Draft>), Problem> {
        let mut files = Vec::new();
        let mut new = Vec::new();
        let mut exposed = Vec::new();
        for record in records {
            exposed.push(match self.add(state, record, &mut files) {
                Ok((reference, None)) => Ok(reference),
                Ok((reference, Some(url))) => {
                    new.push((record, url));
                    Ok(reference)
                }
                Err(error) => Err(error),
            });
        }
        if new.is_empty() {
            return Ok((exposed, None));
        }
        let entries: Vec<NewEntry<'_>> = new
            .iter()
            .map(|(record, url): &(&Record, String)| NewEntry {
                metadata: &record.metadata,
                urls: vec![url.clone()],
                created: record.created,
                digest: record.package.digest,
            })
            .collect();
        let newest = entries.iter().map(|entry| entry.created).max().unwrap_or_default();
        let index = state.index.as_ref().map_err(Problem::clone)?;
        let extended =
            index.extended(&entries, newest).map_err(|problem| self.in_index(&state.index_path, problem))?;
        files.push((state.index_path.clone(), self.remote.keep(extended.bytes())?));
        let names: Vec<String> =
            new.iter().map(|(record, _)| format!("{} {}", record.is.name, record.is.version)).collect();
        let message = match &names[..] {
            [one] => format!("Publish {one}"),
            several => {
                let list: Vec<String> = several.iter().map(|name| format!("- {name}\n")).collect();
                format!("Publish {} charts\n\n{}", several.len(), list.concat())
            }
        };
        Ok((exposed, Some(Draft { files, message, time: newest })))
    }

    /// Where people will find a version, and the URL of its entry if it has none yet.
    fn add(
        &self,
        state: &State,
        record: &Record,
        files: &mut Vec<(String, Id)>,
    ) -> Result<(Reference, Option<String>), ExposeError> {
        let (is, digest) = (&record.is, record.package.digest);
        let begun = match self.held(state, is) {
            Held::Unknown(problem) => return Err(problem.into()),
            Held::Present(holding) => {
                return match holding.package {
                    Some(there) if there == digest => Ok((holding.reference, None)),
                    Some(_) => Err(ExposeError::Taken(Box::new(holding))),
                    None => {
                        let what = format!("somebody else published {is} meanwhile, without a digest");
                        Err(Problem::new(what).next("run again: what is there is compared first").into())
                    }
                };
            }
            Held::Begun(holding) if holding.package != Some(digest) => {
                return Err(ExposeError::Taken(Box::new(holding)));
            }
            Held::Begun(_) => true,
            Held::Absent => false,
        };
        if let Some(released) = record.released.as_ref().filter(|_| !self.packages_with_index) {
            return Ok((Reference::new(&released.url, Some(digest)), Some(released.url.clone())));
        }
        let path = state.beside(&is.package_file());
        if !begun {
            files.push((path.clone(), self.staged_blob(is, digest)?));
        }
        if let Some(blob) = record.provenance
            && self.blob(state, &provenance(&path))?.is_none()
        {
            files.push((provenance(&path), self.staged_blob(is, blob.digest)?));
        }
        Ok((self.reference(is, digest), Some(index::relative_url(&is.package_file()))))
    }

    fn staged_blob(&self, is: &crate::charts::ChartVersion, digest: Digest) -> Result<Id, Problem> {
        let staged = self.staged().get(&digest).copied();
        staged.ok_or_else(|| Problem::new(format!("{digest} of {is} was not brought to the pages")))
    }

    /// Adds a provenance beside a package of the branch; the one that is there stays. What lies elsewhere is the affair of
    /// the channel that it lies in.
    pub(super) fn attach(
        &self,
        state: &State,
        record: &Record,
        attachment: &Attachment,
    ) -> Result<Option<Draft>, Problem> {
        let is = &record.is;
        let index = state.index.as_ref().map_err(Problem::clone)?;
        let path = match index.get(is.name.as_str(), is.version.as_str()) {
            Some(entry) => match self.lies(state, entry.url.unwrap_or_default()) {
                Lies::InBranch(path) => path,
                Lies::Elsewhere(_) => return Ok(None),
            },
            None => state.beside(&is.package_file()),
        };
        if self.blob(state, &path)?.is_none() || self.blob(state, &provenance(&path))?.is_some() {
            return Ok(None);
        }
        let blob = self.remote.keep(&attachment.bytes)?;
        Ok(Some(Draft {
            files: vec![(provenance(&path), blob)],
            message: format!("Add the provenance of {} {}", is.name, is.version),
            time: record.created,
        }))
    }
}
