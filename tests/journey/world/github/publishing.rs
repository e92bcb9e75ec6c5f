//! Making, publishing and deleting releases, and their assets.

use super::{Access, Answer, Asset, Call, Inner, Release, State};
use serde_json::{Value, json};
use std::cmp::Reverse;

impl Inner {
    /// `POST releases`.
    pub fn create(&self, call: &Call<'_>) -> Answer {
        let Ok(asked) = serde_json::from_slice::<Value>(call.body) else {
            return Answer::refusal(400, "Problems parsing JSON");
        };
        let mut state = self.state();
        let Some(tag) = asked["tag_name"].as_str().filter(|tag| !tag.is_empty()) else {
            return Answer::invalid("Release", "tag_name", "missing_field", None);
        };
        if !self.git.is_tag_name(tag) {
            return Answer::invalid("Release", "tag_name", "custom", Some("tag_name is not a valid tag"));
        }
        let mut release = Release { draft: true, author: "github-actions[bot]".into(), ..Release::default() };
        apply(&mut release, &asked);
        if asked["draft"] != true
            && let Err(refused) = self.publish(&mut state, &mut release)
        {
            return refused;
        }
        release.id = state.id();
        let now = state.now();
        if release.draft {
            release.created = now;
        } else {
            make_latest(&mut state, &release, &asked);
        }
        let told = self.release(&release, &state.switches);
        let url = told["url"].as_str().unwrap_or_default().to_owned();
        state.releases.push(release);
        state.wrote("POST releases");
        Answer::json(201, &told).with("location", url)
    }

    /// `PATCH releases/{id}`.
    pub fn update(&self, call: &Call<'_>, id: &str) -> Answer {
        let Ok(asked) = serde_json::from_slice::<Value>(call.body) else {
            return Answer::refusal(400, "Problems parsing JSON");
        };
        let mut state = self.state();
        let Some(index) = state.index(id) else { return Answer::not_found() };
        let before = state.releases[index].clone();
        let mut release = before.clone();
        apply(&mut release, &asked);
        let draft = asked["draft"].as_bool().unwrap_or(before.draft);
        if before.immutable && (draft || release.tag != before.tag) {
            let message = "state cannot be changed when release is immutable";
            return Answer::invalid("Release", "state", "custom", Some(message));
        }
        if !draft && (before.draft || release.tag != before.tag) {
            release.draft = true;
            if let Err(refused) = self.publish(&mut state, &mut release) {
                return refused;
            }
        } else if draft && !before.draft {
            (release.draft, release.published) = (true, None);
            state.latest = state.latest.filter(|latest| *latest != release.id);
        }
        state.now();
        if !release.draft {
            make_latest(&mut state, &release, &asked);
        }
        let told = self.release(&release, &state.switches);
        state.releases[index] = release;
        state.wrote("PATCH releases");
        Answer::json(200, &told)
    }

    /// `POST releases/generate-notes`: the commits since a tag; where none is named, since the newest release of whatever
    /// chart, as GitHub does it. Nothing is stored.
    pub fn generate_notes(&self, call: &Call<'_>) -> Answer {
        let Ok(asked) = serde_json::from_slice::<Value>(call.body) else {
            return Answer::refusal(400, "Problems parsing JSON");
        };
        let state = self.state();
        let Some(tag) = asked["tag_name"].as_str().filter(|tag| !tag.is_empty()) else {
            return Answer::invalid("Release", "tag_name", "missing_field", None);
        };
        let target = asked["target_commitish"].as_str().unwrap_or_default();
        let target = if target == "HEAD" { "" } else { target };
        let Some(commit) = self.git.tag_commit(tag).or_else(|| self.git.target(target)) else {
            return Answer::invalid("Release", "target_commitish", "invalid", None);
        };
        let before = match asked["previous_tag_name"].as_str() {
            Some(before) if self.git.tag_commit(before).is_none() => {
                return Answer::refusal(422, "Invalid previous_tag parameter");
            }
            Some(before) => Some(before.to_owned()),
            None => {
                let listed = self.listed(&state, None).into_iter().map(|release| release.tag.clone());
                listed.into_iter().find(|other| other != tag)
            }
        };
        let (range, link) = match &before {
            Some(before) => (format!("refs/tags/{before}..{commit}"), format!("compare/{before}...{tag}")),
            None => (commit, format!("commits/{tag}")),
        };
        let changes = self.git.text(&["log", "--format=* %s by @somebody", &range]).unwrap_or_default();
        let link = format!("**Full Changelog**: {}/acme/charts/{link}", self.base);
        let body = match changes.as_str() {
            "" => link,
            changes => format!("## What's Changed\n{changes}\n\n{link}"),
        };
        Answer::json(200, &json!({ "name": tag, "body": body }))
    }

    /// Makes a draft a published release: the tag is made where there is none; then the target does not matter.
    fn publish(&self, state: &mut State, release: &mut Release) -> Result<(), Answer> {
        let tag = release.tag.as_str();
        if state.burned.contains(tag) {
            let message = "tag_name was used by an immutable release";
            return Err(Answer::invalid("Release", "tag_name", "custom", Some(message)));
        }
        let other = |other: &&Release| !other.draft && other.tag == tag && other.id != release.id;
        if state.releases.iter().any(|one| other(&one)) {
            return Err(Answer::invalid("Release", "tag_name", "already_exists", None));
        }
        let commit = match self.git.tag_commit(tag) {
            Some(commit) => commit,
            None => {
                let Some(commit) = self.git.target(&release.target) else {
                    return Err(Answer::invalid("Release", "target_commitish", "invalid", None));
                };
                if state.switches.no_new_tags {
                    let message = "Repository rule violations found\n\n\
                        Cannot create ref due to creations being restricted.\n\n";
                    return Err(Answer::refusal(422, message));
                }
                if state.switches.only_newest_target && self.git.newest().as_ref() != Some(&commit) {
                    return Err(Answer::forbidden());
                }
                self.git.make_tag(tag, &commit);
                commit
            }
        };
        if state.switches.immutable {
            release.immutable = true;
            state.burned.insert(release.tag.clone());
        }
        release.draft = false;
        release.created = self.git.time(&commit);
        release.published = Some(state.now());
        Ok(())
    }

    /// `DELETE releases/{id}`. The tag stays.
    pub fn delete(&self, id: &str) -> Answer {
        let mut state = self.state();
        let Some(index) = state.index(id) else { return Answer::not_found() };
        let release = state.releases.remove(index);
        if state.latest == Some(release.id) {
            let rest = state.releases.iter().filter(|release| !release.draft && !release.prerelease);
            state.latest = rest.max_by_key(|release| (release.created, release.id)).map(|release| release.id);
        }
        state.wrote("DELETE releases");
        Answer::nothing()
    }

    /// `POST …/releases/{id}/assets?name=…`, to the host of uploads.
    pub fn upload(&self, call: &Call<'_>, id: &str) -> Answer {
        if call.body.is_empty() {
            return Answer::refusal(400, "Bad Content-Length");
        }
        let Some(name) = call.asked("name").filter(|name| !name.is_empty()) else {
            return Answer::invalid("ReleaseAsset", "name", "missing_field", None);
        };
        let name = stored_name(&name);
        let mut state = self.state();
        let Some(index) = state.index(id) else { return Answer::not_found() };
        if state.releases[index].immutable {
            return Answer::refusal(422, "Cannot upload assets to an immutable release.");
        }
        if state.releases[index].assets.iter().any(|asset| asset.name == name) {
            return Answer::invalid("ReleaseAsset", "name", "already_exists", None);
        }
        let broken = state.switches.broken_uploads > 0;
        state.switches.broken_uploads -= usize::from(broken);
        let length = if broken { call.body.len() / 2 } else { call.body.len() };
        let asset = Asset {
            id: state.id(),
            name,
            label: call.asked("label").unwrap_or_default(),
            content_type: call.content_type.to_owned(),
            state: if broken { "starter" } else { "uploaded" }.to_owned(),
            bytes: call.body.slice(..length),
            created: state.now(),
        };
        let told = self.asset(&state.releases[index], &asset, &state.switches);
        state.releases[index].assets.push(asset);
        if broken {
            return Answer::refusal(502, "Server Error");
        }
        state.wrote("POST assets");
        Answer::json(201, &told)
    }

    /// `PATCH releases/assets/{id}` and `DELETE releases/assets/{id}`.
    pub fn change_asset(&self, call: &Call<'_>, id: &str) -> Answer {
        let mut state = self.state();
        let Some((release, asset)) = state.asset(id) else { return Answer::not_found() };
        if state.releases[release].immutable {
            let message = "assets cannot be changed when release is immutable";
            return Answer::invalid("ReleaseAsset", "state", "custom", Some(message));
        }
        if *call.method == "DELETE" {
            state.releases[release].assets.remove(asset);
            state.wrote("DELETE assets");
            return Answer::nothing();
        }
        let Ok(asked) = serde_json::from_slice::<Value>(call.body) else {
            return Answer::refusal(400, "Problems parsing JSON");
        };
        let changed = &mut state.releases[release].assets[asset];
        for (field, name) in [(&mut changed.name, "name"), (&mut changed.label, "label")] {
            if let Some(text) = asked[name].as_str() {
                text.clone_into(field);
            }
        }
        let told =
            self.asset(&state.releases[release], &state.releases[release].assets[asset], &state.switches);
        state.wrote("PATCH assets");
        Answer::json(200, &told)
    }

    /// The releases that are seen with this access, newest first.
    pub fn listed<'s>(&self, state: &'s State, access: Option<Access>) -> Vec<&'s Release> {
        let seen = |release: &&Release| !release.draft || access == Some(Access::Write);
        let mut listed: Vec<&Release> = state.releases.iter().filter(seen).collect();
        listed.sort_by_key(|release| Reverse((release.created, release.id)));
        listed
    }
}

impl State {
    fn index(&self, id: &str) -> Option<usize> {
        self.releases.iter().position(|release| release.id.to_string() == id)
    }

    /// Where an asset is: its release, and its place there.
    pub fn asset(&self, id: &str) -> Option<(usize, usize)> {
        self.releases.iter().enumerate().find_map(|(index, release)| {
            Some((index, release.assets.iter().position(|asset| asset.id.to_string() == id)?))
        })
    }

    fn wrote(&mut self, call: &str) {
        *self.writes.entry(call.to_owned()).or_default() += 1;
    }
}

/// What was sent replaces what was there, except whether it is a draft.
fn apply(release: &mut Release, asked: &Value) {
    let fields = [
        (&mut release.tag, "tag_name"),
        (&mut release.target, "target_commitish"),
        (&mut release.name, "name"),
        (&mut release.body, "body"),
    ];
    for (field, name) in fields {
        if let Some(text) = asked[name].as_str() {
            text.clone_into(field);
        }
    }
    release.prerelease = asked["prerelease"].as_bool().unwrap_or(release.prerelease);
}

/// `make_latest` is `true` where it is not sent. Prereleases are never the latest.
fn make_latest(state: &mut State, release: &Release, asked: &Value) {
    let latest = state.releases.iter().find(|other| Some(other.id) == state.latest);
    let wanted = match asked["make_latest"].as_str() {
        Some("false") => false,
        Some("legacy") => latest.is_none_or(|latest| latest.created <= release.created),
        _ => true,
    };
    if wanted && !release.prerelease {
        state.latest = Some(release.id);
    }
}

/// The name under which GitHub stores an asset: other characters, with the dots beside them, become one dot.
fn stored_name(name: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || "-_+@".contains(c);
    let mut stored = String::new();
    let mut rest = name;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.find(|c| !kept(c)).unwrap_or(rest.len()));
        let (gap, after) = after.split_at(after.find(kept).unwrap_or(after.len()));
        stored.push_str(word);
        stored.push_str(if gap.chars().all(|c| c == '.') { gap } else { "." });
        rest = after;
    }
    stored
}
