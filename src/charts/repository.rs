//! Where a dependency comes from, as the `repository` of a Chart.yaml says it.

use crate::problem::Problem;
use url::Url;

/// The `repository` of a dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repository {
    /// None: the chart lies in `charts/`.
    InCharts,
    /// `file://PATH`: the folder of a chart, absolute or relative to the chart that depends on it.
    Folder(String),
    /// `oci://HOST/PATH`: a registry, where the chart is `PATH/NAME`.
    Registry {
        /// With its port where it has one.
        host: String,
        /// Without slashes at its ends; perhaps empty.
        path: String,
    },
    /// `https://…` or `http://…`: a repository with an index.yaml.
    Index(Url),
    /// `@NAME` or `alias:NAME`: one that Helm has been told of.
    Named(String),
}

impl Repository {
    /// Reads the text.
    ///
    /// # Errors
    /// What no Helm could fetch from without a plugin.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if text.is_empty() {
            return Ok(Self::InCharts);
        }
        if let Some(name) = alias(text) {
            return Ok(Self::Named(name.to_owned()));
        }
        if let Some(path) = text.strip_prefix("file://") {
            return Ok(Self::Folder(path.to_owned()));
        }
        if let Some(rest) = text.strip_prefix("oci://") {
            // No name in a registry has an `@`, and a password may have a `/` before it.
            if rest.contains('@') {
                return Err(wrong(text, "write oci://HOST/PATH, without a user"));
            }
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            if host.is_empty() {
                return Err(wrong(text, "write oci://HOST/PATH"));
            }
            return Ok(Self::Registry { host: host.to_owned(), path: path.trim_matches('/').to_owned() });
        }
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Self::Index(url)),
            Ok(url) if text.contains("://") => {
                let next = format!(
                    "{}:// needs a plugin of Helm: put the chart into charts/, or name a repository by https:// or oci://",
                    url.scheme()
                );
                Err(wrong(text, &next))
            }
            _ => Err(wrong(
                text,
                "write https://…, oci://…, file://…, or `@NAME` for one that Helm has been told of",
            )),
        }
    }
}

fn wrong(text: &str, next: &str) -> Problem {
    let text = shown_text(text);
    Problem::new(format!("`{text}` is no repository that a chart can be fetched from")).next(next)
}

/// The name in `@NAME` or `alias:NAME`.
pub fn alias(text: &str) -> Option<&str> {
    text.strip_prefix('@').or_else(|| text.strip_prefix("alias:"))
}

/// An address for people: without user, password and query, which can hold what nobody else should see.
pub fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

/// The same of a text that may be no address: what is before an `@` and behind a `?` is left out, however it is written.
pub fn shown_text(text: &str) -> String {
    if let Ok(url) = Url::parse(text)
        && url.has_host()
    {
        return shown(&url);
    }
    let (scheme, rest) = match text.find("://") {
        Some(end) => text.split_at(end + "://".len()),
        None => ("", text),
    };
    let (user, rest) = match rest.rsplit_once('@') {
        Some((user, rest)) if !user.is_empty() => ("…@", rest),
        _ => ("", rest),
    };
    format!("{scheme}{user}{}", rest.split(['?', '#']).next().unwrap_or_default())
}

/// The address of something that an index names, as Helm 4 resolves it: what is absolute stays; else it is relative to
/// the repository, whose query goes along where the host stays the same, in place of its own.
///
/// # Errors
/// What is no reference.
pub fn resolve(repository: &Url, reference: &str) -> Result<Url, Problem> {
    if let Ok(absolute) = Url::parse(reference) {
        return Ok(absolute);
    }
    let mut base = repository.clone();
    base.set_fragment(None);
    let folder = format!("{}/", base.path().strip_suffix('/').unwrap_or(base.path()));
    base.set_path(&folder);
    let query = base.query().map(str::to_owned);
    let mut resolved = base
        .join(reference)
        // Not the text: an address can hold what nobody else should see.
        .map_err(|error| Problem::new(format!("the index names an address that is none: {error}")))?;
    if (resolved.host_str(), resolved.port()) == (base.host_str(), base.port()) {
        resolved.set_query(query.as_deref());
    }
    Ok(resolved)
}

/// Whether two addresses are the same repository for Helm: with their paths cleaned, the same text.
pub fn same(left: &str, right: &str) -> bool {
    let cleaned = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        let mut kept: Vec<&str> = Vec::new();
        for part in url.path().split('/') {
            match part {
                "" | "." => {}
                ".." => drop(kept.pop()),
                other => kept.push(other),
            }
        }
        let path = format!("/{}", kept.join("/"));
        url.set_path(&path);
        Some(url)
    };
    left == right || matches!((cleaned(left), cleaned(right)), (Some(left), Some(right)) if left == right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_repository_is_told() {
        let registry = |host: &str, path: &str| Repository::Registry { host: host.into(), path: path.into() };
        for (text, is) in [
            ("", Repository::InCharts),
            ("@stable", Repository::Named("stable".into())),
            ("alias:stable", Repository::Named("stable".into())),
            ("file://../lib", Repository::Folder("../lib".into())),
            ("oci://ghcr.io/acme/charts", registry("ghcr.io", "acme/charts")),
            ("oci://localhost:5000", registry("localhost:5000", "")),
            ("oci://ghcr.io/acme/", registry("ghcr.io", "acme")),
        ] {
            assert_eq!(Repository::parse(text).unwrap(), is, "{text}");
        }
        assert!(matches!(Repository::parse("https://example.com/charts"), Ok(Repository::Index(_))));
        for text in ["stable", "../lib", "oci://", "oci://me@ghcr.io/x", "s3://bucket/charts", "https://"] {
            assert!(Repository::parse(text).is_err(), "{text}");
        }
        let problem = Repository::parse("s3://key:secret@bucket/charts?token=1").unwrap_err();
        assert!(!problem.what.contains("secret") && !problem.what.contains("token"), "{}", problem.what);
    }

    #[test]
    fn no_password_is_repeated_however_wrong_the_address_is() {
        for text in [
            "https://me:secr/et@example.com/charts",
            "https://me:se?cr@et@:example.com",
            "me:secret@example.com/charts",
            "oci://me:secr/et@ghcr.io/acme",
            "oci://me:secret@ghcr.io/acme",
        ] {
            let problem = Repository::parse(text).unwrap_err();
            assert!(!problem.what.contains("se") && !problem.what.contains("et@"), "{}", problem.what);
        }
        assert!(Repository::parse("../lib").unwrap_err().what.starts_with("`../lib` is no repository"));
        assert!(Repository::parse("oci://").unwrap_err().what.starts_with("`oci://` is no repository"));
    }

    #[test]
    fn references_are_resolved_as_helm_4_does() {
        // Vectors of Helm 4.2.4.
        for (repository, reference, resolved) in [
            ("https://ex.com/charts", "index.yaml", "https://ex.com/charts/index.yaml"),
            ("https://ex.com/charts/", "index.yaml", "https://ex.com/charts/index.yaml"),
            ("https://ex.com", "index.yaml", "https://ex.com/index.yaml"),
            ("https://ex.com/charts/index.yaml", "a.tgz", "https://ex.com/charts/index.yaml/a.tgz"),
            ("https://ex.com/charts", "/a.tgz", "https://ex.com/a.tgz"),
            ("https://ex.com/charts", "../a.tgz", "https://ex.com/a.tgz"),
            ("https://ex.com/charts", "https://cdn/x.tgz", "https://cdn/x.tgz"),
            ("https://ex.com/charts?token=1", "a.tgz", "https://ex.com/charts/a.tgz?token=1"),
            ("https://ex.com/charts", "a.tgz?x=1", "https://ex.com/charts/a.tgz"),
            ("https://ex.com/charts?t=1", "a.tgz?x=1", "https://ex.com/charts/a.tgz?t=1"),
            ("https://ex.com/charts?t=1", "https://o/a.tgz?x=1", "https://o/a.tgz?x=1"),
            ("https://ex.com/a%2Fb", "c.tgz", "https://ex.com/a%2Fb/c.tgz"),
            ("https://ex.com/charts", "a-1.0.0+b.tgz", "https://ex.com/charts/a-1.0.0+b.tgz"),
            ("https://ex.com/charts", "//cdn/x.tgz", "https://cdn/x.tgz"),
            ("https://ex.com/charts", "oci://ghcr.io/o/c:1.0.0", "oci://ghcr.io/o/c:1.0.0"),
            ("https://ex.com/charts", "./a.tgz", "https://ex.com/charts/a.tgz"),
            ("https://ex.com/charts", "", "https://ex.com/charts/"),
            ("https://ex.com/charts", "a b.tgz", "https://ex.com/charts/a%20b.tgz"),
            ("https://ex.com/charts", "a:b.tgz", "a:b.tgz"),
        ] {
            let repository = Url::parse(repository).unwrap();
            assert_eq!(
                resolve(&repository, reference).unwrap().as_str(),
                resolved,
                "{repository} {reference}"
            );
        }
    }

    #[test]
    fn a_repository_is_the_same_with_a_cleaned_path() {
        for (left, right, are) in [
            ("https://ex.com", "https://ex.com/", true),
            ("https://ex.com/a//b/../c/", "https://ex.com/a/c", true),
            ("https://ex.com/a", "http://ex.com/a", false),
            ("https://ex.com/a", "https://ex.com:8443/a", false),
            ("https://ex.com/a", "https://ex.com/b", false),
        ] {
            assert_eq!(same(left, right), are, "{left} {right}");
        }
    }
}
