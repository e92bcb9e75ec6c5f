//! Who we are for the repositories that charts are fetched from: what the configuration says, and Helm's
//! repositories.yaml, where there is one.

use super::{Settings, once::Once};
use crate::{
    charts::{repository, yaml},
    doors::{
        away::blocking,
        credentials::Credentials,
        disk, helm,
        http::{self, Trust},
        repositories::Pass,
    },
    problem::Problem,
    secret::Secret,
};
use bytes::Bytes;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::OnceCell;
use url::Url;

/// Everybody who is known.
pub(super) struct People {
    logins: BTreeMap<String, Credentials>,
    plain_http: Vec<String>,
    http: http::Settings,
    file: Option<PathBuf>,
    told: OnceCell<Result<Vec<Told>, Problem>>,
    passes: Once<String, Pass>,
}

/// A repository that Helm has been told of.
#[derive(Clone, Debug, Default)]
struct Told {
    name: String,
    url: String,
    login: Option<Credentials>,
    authorities: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    unverified: bool,
    goes_everywhere: bool,
}

impl People {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            logins: settings.logins.clone(),
            plain_http: settings.plain_http.clone(),
            http: settings.http.clone(),
            file: helm::repositories(&settings.environment),
            told: OnceCell::new(),
            passes: Once::default(),
        }
    }

    /// The repositories that Helm has been told of, by name.
    pub(super) async fn aliases(&self) -> Result<BTreeMap<String, String>, Problem> {
        Ok(self.told().await?.iter().map(|told| (told.name.clone(), told.url.clone())).collect())
    }

    /// What goes along to the index of a repository.
    pub(super) async fn pass(&self, url: &Url) -> Result<Arc<Pass>, Problem> {
        let get = async {
            let told = self.told().await?.iter().find(|told| repository::same(&told.url, url.as_str()));
            let login = self.login(url).or_else(|| told?.login.clone());
            let client = match told.filter(|told| told.wants_client()).cloned() {
                None => None,
                Some(told) => {
                    let trust = blocking("reading the certificates of a repository", move || told.trust());
                    Some(
                        http::client_with(&self.http, &trust.await?)
                            .map_err(|problem| self.in_file(problem))?,
                    )
                }
            };
            Ok(Pass::nobody(url).login(login).client(client))
        };
        self.passes.get(url.to_string(), get).await
    }

    /// What goes along to a package that the index of a repository names.
    pub(super) async fn pass_to(&self, package: &Url, of: &Url) -> Result<Pass, Problem> {
        let pass = self.pass(of).await?;
        if pass.is_at(package) {
            return Ok((*pass).clone());
        }
        let told = self.told().await?.iter().find(|told| repository::same(&told.url, of.as_str()));
        let goes_along = told.filter(|told| told.goes_everywhere).and_then(|told| told.login.clone());
        Ok(Pass::nobody(package).login(self.login(package).or(goes_along)))
    }

    /// What the configuration says. A password is sent encrypted, or to a host that is meant to be spoken to plainly.
    fn login(&self, url: &Url) -> Option<Credentials> {
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let goes = url.scheme() == "https" || http::speaks_plainly(&host, &self.plain_http);
        self.logins.get(&host).filter(|_| goes).cloned()
    }

    async fn told(&self) -> Result<&[Told], Problem> {
        let read = || async {
            let Some(file) = self.file.clone() else { return Ok(Vec::new()) };
            let name = file.display().to_string();
            let read = move || {
                let bytes = disk::read(&file)?;
                bytes.map_or_else(|| Ok(Vec::new()), |bytes| told(&file, &bytes))
            };
            blocking("reading the repositories of Helm", read).await.map_err(|problem: Problem| match problem
                .place
            {
                Some(_) => problem,
                None => problem.in_file(name),
            })
        };
        self.told.get_or_init(read).await.as_deref().map_err(Clone::clone)
    }

    fn in_file(&self, problem: Problem) -> Problem {
        match &self.file {
            Some(file) => problem.in_file(file.display().to_string()),
            None => problem,
        }
    }
}

impl Told {
    fn wants_client(&self) -> bool {
        self.authorities.is_some() || self.certificate.is_some() || self.unverified
    }

    /// Blocks.
    fn trust(&self) -> Result<Trust, Problem> {
        let identity = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                let text = |path| Ok::<_, Problem>(String::from_utf8_lossy(&file(path)?).into_owned());
                Some(Secret::any(format!("{}\n{}", text(certificate)?, text(key)?)))
            }
            (None, None) => None,
            _ => {
                let what = format!(
                    "the repository `{}` has a certificate for us without a key, or a key alone",
                    self.name
                );
                return Err(Problem::new(what).next("name both, `certFile` and `keyFile`, or none"));
            }
        };
        if self.unverified {
            tracing::warn!("the certificate of {} is not verified, as Helm has been told", self.name);
        }
        let authorities = self.authorities.as_deref().map(file).transpose()?;
        Ok(Trust { authorities, identity, unverified: self.unverified })
    }
}

fn file(path: &Path) -> Result<Bytes, Problem> {
    let found = disk::read(path)?;
    found.ok_or_else(|| Problem::new("the file is not there").in_file(path.display().to_string()))
}

/// Reads a repositories.yaml; keys that are not known are passed over, as in Helm.
fn told(file: &Path, bytes: &[u8]) -> Result<Vec<Told>, Problem> {
    let name = file.display().to_string();
    let document = yaml::read(&name, bytes)?;
    if !matches!(document.value, yaml::Value::Map(_) | yaml::Value::Null) {
        return Err(
            Problem::new("this is no list of repositories that Helm has written").at(name, document.line)
        );
    }
    let repositories = document.get("repositories").map(yaml::Node::items).unwrap_or_default();
    let each = repositories.iter().map(|node| {
        let text = |key: &str| {
            let text = node.get(key).and_then(yaml::Node::coerced).unwrap_or_default().into_owned();
            Some(text).filter(|text| !text.is_empty())
        };
        let flag = |key: &str| node.get(key).is_some_and(|node| node.value == yaml::Value::Bool(true));
        let login = text("username").zip(text("password"));
        Told {
            name: text("name").unwrap_or_default(),
            url: text("url").unwrap_or_default(),
            login: login.map(|(user, password)| Credentials { user, password: Secret::any(password) }),
            authorities: text("caFile").map(PathBuf::from),
            certificate: text("certFile").map(PathBuf::from),
            key: text("keyFile").map(PathBuf::from),
            unverified: flag("insecure_skip_tls_verify"),
            goes_everywhere: flag("pass_credentials_all"),
        }
    });
    Ok(each.collect())
}
