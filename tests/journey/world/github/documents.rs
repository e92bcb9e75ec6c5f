//! The JSON documents of the fake GitHub.

use super::{Access, Asset, Inner, Release, State, Switches};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// What a path's segment keeps as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub fn encode(segment: &str) -> String {
    utf8_percent_encode(segment, KEPT).to_string()
}

/// A time as GitHub writes it.
pub fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).expect("a time").to_string()
}

impl Inner {
    /// The URL of the repository in the API.
    pub fn repository_url(&self) -> String {
        format!("{}/api/v3/repos/acme/charts", self.base)
    }

    /// What stands for the tag in the addresses of a release: a draft has no tag yet.
    fn address(release: &Release) -> String {
        match release.draft {
            true => {
                let digest = chart_release::digest::Digest::of(release.id.to_string().as_bytes());
                format!("untagged-{}", &digest.hex()[..20])
            }
            false => encode(&release.tag),
        }
    }

    pub fn release(&self, release: &Release, switches: &Switches) -> Value {
        let Release { id, tag, .. } = release;
        let url = format!("{}/releases/{id}", self.repository_url());
        let target = match release.target.as_str() {
            "" => self.git.default_branch(),
            target => target.to_owned(),
        };
        let archive = |kind: &str| match release.draft {
            true => Value::Null,
            false => json!(format!("{}/{kind}/{}", self.repository_url(), encode(tag))),
        };
        let assets: Vec<Value> =
            release.assets.iter().map(|asset| self.asset(release, asset, switches)).collect();
        json!({
            "url": url,
            "assets_url": format!("{url}/assets"),
            "upload_url": format!(
                "{}/api/uploads/repos/acme/charts/releases/{id}/assets{{?name,label}}", self.base),
            "html_url": format!("{}/acme/charts/releases/tag/{}", self.base, Self::address(release)),
            "id": id,
            "author": self.person(&release.author),
            "node_id": format!("RE_{id}"),
            "tag_name": tag,
            "target_commitish": target,
            "name": release.name,
            "draft": release.draft,
            "immutable": release.immutable,
            "prerelease": release.prerelease,
            "created_at": time(release.created),
            "updated_at": time(release.created),
            "published_at": release.published.map(time),
            "assets": assets,
            "tarball_url": archive("tarball"),
            "zipball_url": archive("zipball"),
            "body": release.body,
        })
    }

    pub fn asset(&self, release: &Release, asset: &Asset, switches: &Switches) -> Value {
        let Asset { id, name, .. } = asset;
        let uploaded = asset.state == "uploaded";
        json!({
            "url": format!("{}/releases/assets/{id}", self.repository_url()),
            "id": id,
            "node_id": format!("RA_{id}"),
            "name": name,
            "label": asset.label,
            "uploader": self.person(&release.author),
            "content_type": asset.content_type,
            "state": asset.state,
            "size": asset.bytes.len(),
            "digest": (uploaded && !switches.no_digests).then(|| format!("sha256:{}", asset.sha256())),
            "download_count": 0,
            "created_at": time(asset.created),
            "updated_at": time(asset.created),
            "browser_download_url": format!(
                "{}/acme/charts/releases/download/{}/{}", self.base, Self::address(release), encode(name)),
        })
    }

    pub fn person(&self, login: &str) -> Value {
        let url = format!("{}/api/v3/users/{login}", self.base);
        let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
        let mut person = json!({
            "login": login, "id": login.len(), "node_id": format!("U_{login}"), "gravatar_id": "",
            "avatar_url": format!("{}/avatars/{}", self.base, login.len()),
            "url": encode_brackets(&url),
            "html_url": encode_brackets(&format!("{}/{login}", self.base)),
            "type": kind, "user_view_type": "public", "site_admin": false,
            "following_url": format!("{url}/following{{/other_user}}"),
            "gists_url": format!("{url}/gists{{/gist_id}}"),
            "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
            "events_url": format!("{url}/events{{/privacy}}"),
        });
        for name in ["followers", "subscriptions", "received_events", "repos"] {
            person[format!("{name}_url")] = json!(encode_brackets(&format!("{url}/{name}")));
        }
        person["organizations_url"] = json!(encode_brackets(&format!("{url}/orgs")));
        person
    }

    pub fn repository(&self, state: &State, access: Option<Access>) -> Value {
        let url = self.repository_url();
        let switches = &state.switches;
        let web = format!("{}/acme/charts", self.base);
        let visibility = if switches.private { "private" } else { "public" };
        let push = access == Some(Access::Write) && !switches.installation;
        let full_name = if switches.renamed { "acme/packages" } else { "acme/charts" };
        let mut repository = json!({
            "id": 1, "node_id": "R_1", "name": "charts", "full_name": full_name,
            "owner": self.person("acme"), "private": switches.private, "visibility": visibility,
            "html_url": web, "description": "Charts", "fork": false, "url": url,
            "git_url": "git://127.0.0.1/acme/charts.git", "ssh_url": "git@127.0.0.1:acme/charts.git",
            "clone_url": format!("{web}.git"), "svn_url": web, "homepage": null, "mirror_url": null,
            "size": 1, "language": "Smarty", "has_issues": true, "has_projects": false, "has_downloads": true,
            "has_wiki": false, "has_pages": true, "has_discussions": false, "archived": switches.archived,
            "disabled": false, "license": null, "allow_forking": true, "is_template": false,
            "web_commit_signoff_required": false, "topics": ["helm"], "default_branch": self.git.default_branch(),
            "created_at": time(1_600_000_000), "updated_at": time(state.clock), "pushed_at": time(state.clock),
        });
        for count in ["stargazers", "watchers", "forks", "open_issues"] {
            repository[format!("{count}_count")] = json!(0);
        }
        for count in ["forks", "open_issues", "watchers", "network_count", "subscribers_count"] {
            repository[count] = json!(0);
        }
        // Each address with what stands behind it.
        for (name, below) in ADDRESSES {
            repository[format!("{name}_url")] = json!(format!("{url}/{below}"));
        }
        if access.is_some() {
            repository["permissions"] =
                json!({ "admin": false, "maintain": false, "push": push, "triage": push, "pull": true });
        }
        repository
    }
}

/// Names of bots have brackets, which no URL has.
fn encode_brackets(url: &str) -> String {
    url.replace('[', "%5B").replace(']', "%5D")
}

const ADDRESSES: [(&str, &str); 36] = [
    ("archive", "{archive_format}{/ref}"),
    ("assignees", "assignees{/user}"),
    ("blobs", "git/blobs{/sha}"),
    ("branches", "branches{/branch}"),
    ("collaborators", "collaborators{/collaborator}"),
    ("comments", "comments{/number}"),
    ("commits", "commits{/sha}"),
    ("compare", "compare/{base}...{head}"),
    ("contents", "contents/{+path}"),
    ("contributors", "contributors"),
    ("deployments", "deployments"),
    ("downloads", "downloads"),
    ("events", "events"),
    ("forks", "forks"),
    ("git_commits", "git/commits{/sha}"),
    ("git_refs", "git/refs{/sha}"),
    ("git_tags", "git/tags{/sha}"),
    ("hooks", "hooks"),
    ("issue_comment", "issues/comments{/number}"),
    ("issue_events", "issues/events{/number}"),
    ("issues", "issues{/number}"),
    ("keys", "keys{/key_id}"),
    ("labels", "labels{/name}"),
    ("languages", "languages"),
    ("merges", "merges"),
    ("milestones", "milestones{/number}"),
    ("notifications", "notifications{?since,all,participating}"),
    ("pulls", "pulls{/number}"),
    ("releases", "releases{/id}"),
    ("stargazers", "stargazers"),
    ("statuses", "statuses/{sha}"),
    ("subscribers", "subscribers"),
    ("subscription", "subscription"),
    ("tags", "tags"),
    ("teams", "teams"),
    ("trees", "git/trees{/sha}"),
];
