//! The repositories that charts are fetched from, by the network.

use super::{Settings, once::Once, people::People};
use crate::{
    charts::{
        ChartVersion, Request, Version,
        repository::{self, Repository, shown},
    },
    digest::Digest,
    doors::{
        away::blocking,
        cache::Cache,
        http,
        registry::Registry,
        repositories::{Kept, Repositories},
        shelf::Shelf,
    },
    index::{Entry, Excerpt},
    manifest,
    packages::{self, Package},
    problem::Problem,
};
use bytes::Bytes;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use url::Url;

/// Indexes of large organisations have tens of megabytes.
const LARGEST_INDEX: u64 = 512 << 20;
/// So much of an index is held at once, in bytes, where it cannot be read piece by piece.
const MOST_HELD: usize = 128 << 20;
/// A package with more bytes is none that Helm could unpack: it allows 100 MiB unpacked.
const LARGEST_PACKAGE: u64 = 128 << 20;
/// An image index that leads to a chart leads to few other things.
const MOST_MANIFESTS: usize = 16;

/// One version that a repository offers.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub version: Version,
    from: From,
}

#[derive(Clone, Debug)]
enum From {
    /// What an index says of it.
    Index { url: String, digest: Option<Digest> },
    /// A tag.
    Tag,
}

/// A package that was fetched and is what it should be; its bytes are on the shelf.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    pub is: ChartVersion,
    digest: Digest,
}

/// All of them.
pub(super) struct Places {
    settings: Settings,
    repositories: Repositories,
    people: People,
    indexes: Once<String, Option<Kept>>,
    listed: Once<(String, String), Option<Vec<Offer>>>,
    registries: Once<String, Known>,
    packages: Once<(String, String, Option<Digest>), Fetched>,
    cache: Arc<Cache>,
    shelf: Result<Arc<Shelf>, Problem>,
}

/// A registry, as ourselves and as nobody.
struct Known {
    known: Registry,
    nobody: Registry,
}

impl Places {
    pub(super) fn new(settings: Settings) -> Result<Self, Problem> {
        Ok(Self {
            repositories: Repositories::new(&settings.http)?,
            people: People::new(&settings),
            cache: Arc::new(Cache::new(settings.cache.clone())),
            shelf: Shelf::new().map(Arc::new).map_err(|error| Problem::new(format!("{error:#}"))),
            settings,
            indexes: Once::default(),
            listed: Once::default(),
            registries: Once::default(),
            packages: Once::default(),
        })
    }

    pub(super) fn people(&self) -> &People {
        &self.people
    }

    /// What a repository offers of a chart, as far as it has to be known; `None` where there is no such repository.
    pub(super) async fn offers(&self, request: &Request) -> Result<Option<Vec<Offer>>, Problem> {
        match &request.from {
            Repository::Index(url) => self.listed(url, request.name.as_str()).await,
            Repository::Registry { host, path } => match request.exactly() {
                Some(version) => Ok(Some(vec![Offer { version, from: From::Tag }])),
                None => self.tagged(host, &in_registry(path, request.name.as_str())).await.map(Some),
            },
            Repository::InCharts | Repository::Folder(_) | Repository::Named(_) => Ok(None),
        }
    }

    /// The package of an offer.
    pub(super) async fn package(&self, request: &Request, offer: &Offer) -> Result<Arc<Fetched>, Problem> {
        let is = ChartVersion { name: request.name.clone(), version: offer.version.clone() };
        match (&offer.from, &request.from) {
            (From::Index { url, digest }, Repository::Index(repository)) => {
                let resolved = repository::resolve(repository, url)?;
                match resolved.scheme() {
                    "http" | "https" => {
                        let key = (resolved.to_string(), is.to_string(), *digest);
                        let get = self.downloaded(repository, &resolved, *digest, &is);
                        self.packages.get(key, get).await
                    }
                    "oci" => {
                        let (host, path, tag) = reference(url).ok_or_else(|| {
                            let url = repository::shown_text(url);
                            Problem::new(format!("the index names `{url}`, which is no reference with a tag"))
                        })?;
                        self.pulled(&host, &path, &tag, &is, *digest).await
                    }
                    other => Err(Problem::new(format!(
                        "the index says that {is} is to be had by {other}://, which is neither http nor oci"
                    ))),
                }
            }
            (From::Tag, Repository::Registry { host, path }) => {
                let tag = manifest::tag(&offer.version)?;
                self.pulled(host, &in_registry(path, request.name.as_str()), &tag, &is, None).await
            }
            _ => Err(Problem::new(format!("{is} is offered by nobody"))),
        }
    }

    async fn listed(&self, url: &Url, name: &str) -> Result<Option<Vec<Offer>>, Problem> {
        let get = async {
            let index_url = repository::resolve(url, "index.yaml")?;
            let pass = self.people.pass(url).await?;
            let get = self.repositories.file(&index_url, &pass, LARGEST_INDEX);
            let index = self.indexes.get(url.to_string(), get).await?;
            let wanted = name.to_owned();
            let read = move || match &*index {
                None => Ok(None),
                Some(kept) => {
                    let names = BTreeSet::from([wanted.as_str()]);
                    let index = Excerpt::read(kept.reader()?, &names, MOST_HELD)?;
                    let offer = |entry: Entry<'_>| {
                        // As in Helm, what has no address is not there.
                        let url = entry.url?.to_owned();
                        let from = From::Index { url, digest: entry.digest };
                        Some(Offer { version: Version::new(entry.version), from })
                    };
                    Ok(Some(index.versions(&wanted).filter_map(offer).collect()))
                }
            };
            blocking("reading an index", read).await.map_err(|problem: Problem| {
                let line = problem.place.and_then(|place| place.line);
                let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
                Problem {
                    place: None,
                    what: format!("{}{line}: {}", shown(&index_url), problem.what),
                    ..problem
                }
            })
        };
        let found = self.listed.get((url.to_string(), name.to_owned()), get).await?;
        Ok((*found).clone())
    }

    async fn downloaded(
        &self,
        repository: &Url,
        url: &Url,
        digest: Option<Digest>,
        is: &ChartVersion,
    ) -> Result<Fetched, Problem> {
        let get = async {
            let pass = self.people.pass_to(url, repository).await?;
            let found = self.repositories.bytes(url, &pass, LARGEST_PACKAGE).await?;
            found.ok_or_else(|| {
                Problem::new(format!("{} is not there, though the index names it", shown(url)))
                    .next("ask who keeps the repository")
            })
        };
        self.kept(digest, is, &shown(url), get).await
    }

    /// The package of this digest from the cache, or from elsewhere: then it is checked, and kept. What has no digest is no
    /// package that the cache could know.
    async fn kept(
        &self,
        digest: Option<Digest>,
        is: &ChartVersion,
        place: &str,
        get: impl Future<Output = Result<Bytes, Problem>>,
    ) -> Result<Fetched, Problem> {
        let cached = match digest {
            None => None,
            Some(digest) => {
                let cache = Arc::clone(&self.cache);
                let look = move || Ok::<_, Problem>(cache.get(digest, LARGEST_PACKAGE));
                blocking("looking into the cache", look).await?
            }
        };
        let is_new = cached.is_none();
        let bytes = match cached {
            Some(bytes) => bytes,
            None => get.await?,
        };
        let (is, place, cache) = (is.clone(), place.to_owned(), Arc::clone(&self.cache));
        let shelf = self.shelf()?;
        let check = move || {
            let package = checked(bytes, digest, &is, &place)?;
            if is_new && digest.is_some() {
                cache.put(&package.bytes);
            }
            let digest = shelf.put(&package.bytes).map_err(|error| Problem::new(format!("{error:#}")))?;
            Ok(Fetched { is: package.is, digest })
        };
        blocking("reading a package", check).await
    }

    /// Where packages are for the length of the run: not in memory.
    fn shelf(&self) -> Result<Arc<Shelf>, Problem> {
        self.shelf.as_ref().map(Arc::clone).map_err(Problem::clone)
    }

    /// The bytes of what was fetched.
    pub(super) async fn bytes(&self, fetched: &Fetched) -> Result<Bytes, Problem> {
        let (shelf, digest) = (self.shelf()?, fetched.digest);
        let get = move || shelf.get(digest).map_err(|error| Problem::new(format!("{error:#}")));
        blocking("taking a package", get).await
    }

    /// What is wrong with the cache, told once.
    pub(super) fn trouble(&self) -> Option<Problem> {
        self.cache.trouble()
    }

    async fn tagged(&self, host: &str, path: &str) -> Result<Vec<Offer>, Problem> {
        let registry = self.registry(host).await?;
        Registry::check_name(path)?;
        let tags = match registry.known.tags(path).await {
            Err(problem) if !problem.passing => registry.nobody.tags(path).await.map_err(|_| problem)?,
            other => other?,
        };
        let versions = tags.into_iter().map(|tag| Version::new(tag.replace('_', "+")));
        let strict = versions.filter(Version::is_strict);
        Ok(strict.map(|version| Offer { version, from: From::Tag }).collect())
    }

    async fn pulled(
        &self,
        host: &str,
        path: &str,
        tag: &str,
        is: &ChartVersion,
        said: Option<Digest>,
    ) -> Result<Arc<Fetched>, Problem> {
        let registry = self.registry(host).await?;
        Registry::check_name(path)?;
        let place = format!("oci://{host}/{path}:{tag}");
        let get = async {
            let (by, digest) = match package_of(&registry.known, path, tag, &place).await {
                // As somebody who may not read it, we are less than nobody.
                Err(problem) if !problem.passing => {
                    let found = package_of(&registry.nobody, path, tag, &place).await;
                    (&registry.nobody, found.map_err(|_| problem)?)
                }
                other => (&registry.known, other?),
            };
            if let Some(said) = said.filter(|said| *said != digest) {
                let what = format!("{place} is the package {digest}, and the index says {said}");
                return Err(Problem::new(what).next("ask who keeps the repository"));
            }
            self.kept(Some(digest), is, &place, by.blob(path, digest, LARGEST_PACKAGE)).await
        };
        self.packages.get((place.clone(), is.to_string(), said), get).await
    }

    async fn registry(&self, host: &str) -> Result<Arc<Known>, Problem> {
        let get = async {
            let plain_http = http::speaks_plainly(host, &self.settings.plain_http);
            let login = names(host).find_map(|name| self.settings.logins.get(&name)).cloned();
            let http = &self.settings.http;
            let environment = self.settings.environment.clone();
            Ok(Known {
                known: Registry::new(host, plain_http, login, environment, http.clone())?,
                nobody: Registry::new(host, plain_http, None, BTreeMap::new(), http.clone())?,
            })
        };
        self.registries.get(host.to_owned(), get).await
    }
}

/// The digest of the package that a tag leads to.
async fn package_of(registry: &Registry, path: &str, tag: &str, place: &str) -> Result<Digest, Problem> {
    let absent = || {
        Problem::new(format!("{place} is not there"))
            .next("check the version; where it is private, log in there")
    };
    let (_, bytes) = registry.manifest(path, tag).await?.ok_or_else(absent)?;
    let Some(manifests) = manifest::manifests_in(&bytes) else {
        let found = manifest::package_digest(&bytes);
        return found
            .map(|(digest, _)| digest)
            .map_err(|problem| Problem { what: format!("{place}: {}", problem.what), ..problem });
    };
    for digest in manifests.into_iter().take(MOST_MANIFESTS) {
        let Some((_, bytes)) = registry.manifest(path, &digest.to_string()).await? else { continue };
        if let Ok((package, _)) = manifest::package_digest(&bytes) {
            return Ok(package);
        }
    }
    Err(Problem::new(format!("{place} is an index that leads to no chart")))
}

/// The package, when it is what it should be.
fn checked(bytes: Bytes, digest: Option<Digest>, is: &ChartVersion, place: &str) -> Result<Package, Problem> {
    let found = Digest::of(&bytes);
    if let Some(said) = digest.filter(|said| *said != found) {
        let what = format!("{place}: the bytes have the digest {found}, and {said} is said of them");
        return Err(Problem::new(what).next(
            "something on the way changed it, or it was published twice: ask who keeps the repository",
        ));
    }
    let package = packages::unpack(bytes).map_err(|problem| Problem {
        place: None,
        what: format!("{place}: {}", problem.what),
        ..problem
    })?;
    if package.is.name != is.name || !same_version(&package.is.version, &is.version) {
        let what = format!("{place} is the package of {}, and {is} was asked for", package.is);
        return Err(Problem::new(what).next("ask who keeps the repository"));
    }
    Ok(package)
}

/// The names that a registry's host is known by: Docker Hub has several.
fn names(host: &str) -> impl Iterator<Item = String> {
    const HUB: [&str; 3] = ["docker.io", "registry-1.docker.io", "index.docker.io"];
    let host = host.to_lowercase();
    let others = HUB.iter().filter(|_| HUB.contains(&host.as_str())).map(|name| (*name).to_owned());
    let others: Vec<String> = others.collect();
    std::iter::once(host).chain(others)
}

/// `1.2` and `v1.2.0` are `1.2.0`; another build is another version.
fn same_version(left: &Version, right: &Version) -> bool {
    left == right || left.parts().is_some_and(|parts| Some(parts) == right.parts())
}

fn in_registry(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}/{name}"),
    }
}

/// Host, repository and tag of `oci://HOST/PATH:TAG`.
fn reference(text: &str) -> Option<(String, String, String)> {
    let (host, rest) = text.strip_prefix("oci://")?.split_once('/')?;
    let (path, tag) = rest.rsplit_once(':')?;
    let fits = !host.is_empty() && !path.is_empty() && !tag.is_empty() && !tag.contains('/');
    fits.then(|| (host.to_owned(), path.to_owned(), tag.to_owned()))
}
