//! The branch of the channel `pages`: where it is, and who commits to it.

use super::{github::checked_url, meant::Meant};
use crate::channels::pages::Author;

/// How the channel `pages` writes its branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagesOptions {
    /// The URL of the git repository, when it is not the one on GitHub.
    pub remote: Option<String>,
    /// The branch.
    pub branch: String,
    /// Where the index is on the branch, with `/`.
    pub index_path: String,
    /// Where people find the folder of the index, when it was said.
    pub url: Option<String>,
    /// Packages lie beside the index also where a release has them.
    pub packages_with_index: bool,
    /// Who commits, when it was said.
    pub author: Option<Author>,
    /// Whether commits say `Signed-off-by`.
    pub sign_off: bool,
}

/// What the options say of it.
pub(super) fn options(meant: &mut Meant<'_>, plain_http: &[String]) -> PagesOptions {
    let remote = "write https://HOST/OWNER/NAME.git, ssh://…, git@HOST:PATH or file:///PATH";
    let index = "write a path on the branch, such as index.yaml or charts/index.yaml";
    PagesOptions {
        remote: meant.parsed("pages-remote", remote, |text| checked_remote(text, plain_http)),
        branch: meant
            .parsed("pages-branch", "write the name of a branch, such as gh-pages", branch)
            .unwrap_or_else(|| "gh-pages".into()),
        index_path: meant
            .parsed("pages-index-path", index, |text| match path_within(text, "branch") {
                Ok(path) if text.ends_with('/') => Ok(format!("{path}/index.yaml")),
                path => path,
            })
            .unwrap_or_else(|| "index.yaml".into()),
        url: meant.parsed("pages-url", "write what people give to `helm repo add`", |text| {
            checked_url(text, plain_http)
        }),
        author: meant.parsed("commit-author", "write `Name <name@example.com>`", author),
        packages_with_index: meant.switch("packages-with-index"),
        sign_off: meant.switch("sign-off"),
    }
}

fn checked_remote(text: &str, plain_http: &[String]) -> Result<String, String> {
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("there is white space in it".into());
    }
    match text.split_once("://") {
        Some(("file", path)) if path.starts_with('/') => Ok(text.to_owned()),
        Some(("ssh", rest)) => {
            let user = rest.split('/').next().unwrap_or_default().rsplit_once('@').map(|(user, _)| user);
            match user.is_some_and(|user| user.contains(':')) {
                true => Err("there is a password in it".into()),
                false => Ok(text.to_owned()),
            }
        }
        Some(("https" | "http", _)) => checked_url(text, plain_http),
        None if text
            .split_once(':')
            .is_some_and(|(host, path)| !host.is_empty() && !host.contains('/') && !path.is_empty()) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("this is not the URL of a git repository".into()),
    }
}

/// What `git check-ref-format` refuses is no branch.
fn branch(text: &str) -> Result<String, String> {
    let parts_good = text.split('/').all(|part| {
        !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock") && !part.ends_with('.')
    });
    let wrong = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let good = parts_good
        && !text.contains(wrong)
        && !text.contains("..")
        && !text.contains("@{")
        && text != "@"
        && !text.starts_with('-');
    match good {
        true if text.starts_with("refs/") => Err(format!("`{text}` is a reference, not a branch")),
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` cannot be a branch")),
    }
}

/// A path with `/` that stays below where it starts, without ornaments.
pub(super) fn path_within(text: &str, what: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let wrong = text.starts_with('/')
        || text.contains('\\')
        || text.chars().any(char::is_control)
        || parts.iter().any(|part| *part == ".." || part.eq_ignore_ascii_case(".git"));
    match wrong || parts.is_empty() {
        true => Err(format!("`{text}` is not a path in the {what}")),
        false => Ok(parts.join("/")),
    }
}

fn author(text: &str) -> Result<Author, String> {
    let parts = text.strip_suffix('>').and_then(|text| text.split_once('<'));
    let wrong =
        |text: &str| text.is_empty() || text.contains(['<', '>']) || text.chars().any(char::is_control);
    match parts.map(|(name, email)| (name.trim(), email.trim())) {
        Some((name, email)) if !wrong(name) && !wrong(email) && !email.contains(char::is_whitespace) => {
            Ok(Author { name: name.to_owned(), email: email.to_owned() })
        }
        _ => Err(format!("`{text}` is not a name with an address")),
    }
}

/// Where GitHub serves the pages of this git repository, in the folder of the index. Nothing is known of other servers.
pub fn site_of(remote: &str, index_path: &str) -> Option<String> {
    let hosts = ["https://github.com/", "ssh://git@github.com/", "git@github.com:"];
    let path = hosts.iter().find_map(|host| remote.strip_prefix(host))?;
    let (owner, name) = path.trim_end_matches('/').trim_end_matches(".git").split_once('/')?;
    // Host names know no upper case; the path keeps it.
    let host = format!("{}.github.io", owner.to_lowercase());
    let mut url = format!("https://{host}");
    if !name.eq_ignore_ascii_case(&host) {
        url = format!("{url}/{name}");
    }
    Some(match index_path.rsplit_once('/') {
        Some((folder, _)) => format!("{url}/{folder}"),
        None => url,
    })
}
