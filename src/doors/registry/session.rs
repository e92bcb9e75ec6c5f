//! Who we are for a registry: asked once, answered with a token for each repository. A password goes to the registry
//! and to the realm that it names, a token to the registry, and neither over a redirect.

use super::{
    Registry,
    calls::{self, Challenge},
};
use crate::{
    doors::{
        credentials::{self, Credentials, Login},
        http,
        patience::Fault,
    },
    problem::Problem,
    secret::Secret,
};
use reqwest::{Method, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use std::sync::{Arc, PoisonError};

/// What is done in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// What goes along with a call.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Grant {
    /// The registry did not ask, or we are nobody.
    Nothing,
    Basic(Credentials),
    Token(Secret),
}

/// Where the token for a repository is kept; locked while it is got, so that it is got once.
pub(super) type Slot = Arc<tokio::sync::Mutex<Option<Grant>>>;

const READ: &str = "pull";
const WRITE: &str = "pull,push";

impl Grant {
    pub(super) fn apply(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Nothing => request,
            Self::Basic(who) => request.basic_auth(&who.user, Some(who.password.expose())),
            Self::Token(token) => request.bearer_auth(token.expose()),
        }
    }
}

impl Registry {
    /// What goes along with a call, other than what was just rejected.
    pub(super) async fn grant(
        &self,
        repository: &str,
        access: Access,
        rejected: Option<&Grant>,
    ) -> Result<Grant, Fault> {
        let login = self.login().await?;
        if access == Access::Read && login.is_none() {
            return self.token(repository, READ, rejected).await;
        }
        // Also to read: for a repository that is not there yet, Quay answers a token that cannot push with 401.
        match self.token(repository, WRITE, rejected).await {
            Err(Fault::Lasting(problem)) if access == Access::Read => {
                let less = self.token(repository, READ, rejected).await;
                less.map_err(|_| Fault::Lasting(problem))
            }
            other => other,
        }
    }

    /// Whether we are somebody.
    pub(super) fn is_known(&self) -> bool {
        matches!(self.login.get(), Some(Ok(Some(_))))
    }

    /// What must never be repeated.
    pub(super) fn known_secrets(&self) -> Vec<Secret> {
        let mut secrets = self.given.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match self.login.get() {
            Some(Ok(Some(Login::Password(who)))) => secrets.push(who.password.clone()),
            Some(Ok(Some(Login::IdentityToken(token)))) => secrets.push(token.clone()),
            Some(Ok(None) | Err(_)) | None => {}
        }
        secrets
    }

    async fn login(&self) -> Result<Option<&Login>, Problem> {
        let find = || async {
            match &self.configured {
                Some(who) => Ok(Some(Login::Password(who.clone()))),
                None => credentials::find(&self.host, &self.environment).await,
            }
        };
        // Also a failure stands: a helper that fails for one chart fails for all.
        self.login.get_or_init(find).await.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    async fn token(
        &self,
        repository: &str,
        actions: &'static str,
        rejected: Option<&Grant>,
    ) -> Result<Grant, Fault> {
        let slot = {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(tokens.entry((repository.to_owned(), actions)).or_default())
        };
        let mut slot = slot.lock().await;
        if let Some(grant) = slot.as_ref().filter(|grant| Some(*grant) != rejected) {
            return Ok(grant.clone());
        }
        let login = self.login().await?;
        let grant = match (self.challenge().await?, login) {
            (None, _) | (Some(Challenge::Basic), None | Some(Login::IdentityToken(_))) => Grant::Nothing,
            (Some(Challenge::Basic), Some(Login::Password(who))) => Grant::Basic(who.clone()),
            (Some(Challenge::Bearer { realm, service }), login) => {
                let scope = format!("repository:{repository}:{actions}");
                Grant::Token(self.ask_for_token(&realm, service.as_deref(), &scope, login).await?)
            }
        };
        Ok(slot.insert(grant).clone())
    }

    /// How the registry asks who we are.
    async fn challenge(&self) -> Result<Option<Challenge>, Fault> {
        if let Some(asked) = self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(Some(asked));
        }
        // Also a failure stands: a registry that is down is waited for once, not for each chart.
        let probe = || self.http.patience.read(|| self.probe());
        Ok(self.probed.get_or_init(probe).await.clone()?)
    }

    async fn probe(&self) -> Result<Option<Challenge>, Fault> {
        let doing = http::called("GET", &self.base);
        let response = self.staying.get(self.base.clone()).send().await;
        let answer =
            calls::read(doing.clone(), response.map_err(|error| http::no_answer(&doing, error))?).await?;
        if answer.is_done() {
            return Ok(None);
        }
        if answer.status == StatusCode::UNAUTHORIZED
            && let Some(challenge) = calls::challenge(&answer.headers)
        {
            return Ok(Some(challenge));
        }
        Err(match self.fault(&answer, Access::Read) {
            Fault::Lasting(Problem { what, .. }) => Problem::new(what)
                .next(format!("check that {} is a registry, and what a proxy does with it", self.host))
                .into(),
            passing => passing,
        })
    }

    async fn ask_for_token(
        &self,
        realm: &Url,
        service: Option<&str>,
        scope: &str,
        login: Option<&Login>,
    ) -> Result<Secret, Fault> {
        if login.is_some() && realm.scheme() != "https" && self.base.scheme() == "https" {
            let there = realm.host_str().unwrap_or_default();
            let what = format!("{} asks to send the password unencrypted to {there}", self.host);
            return Err(Problem::new(what)
                .next("ask who keeps the registry to name a realm with https")
                .into());
        }
        let mut parameters = vec![("scope", scope)];
        parameters.extend(service.map(|service| ("service", service)));
        let (method, request) = match login {
            Some(Login::IdentityToken(token)) => {
                parameters.extend([
                    ("grant_type", "refresh_token"),
                    ("client_id", "chart-release"),
                    ("refresh_token", token.expose()),
                ]);
                let mut form = Url::parse("form:").unwrap_or_else(|_| realm.clone());
                form.query_pairs_mut().clear().extend_pairs(&parameters);
                let form = form.query().unwrap_or_default().to_owned();
                let request = self.staying.post(realm.clone()).body(form);
                (Method::POST, request.header("content-type", "application/x-www-form-urlencoded"))
            }
            other => {
                let mut url = realm.clone();
                url.query_pairs_mut().extend_pairs(&parameters);
                let request = self.staying.get(url);
                let request = match other {
                    Some(Login::Password(who)) => request.basic_auth(&who.user, Some(who.password.expose())),
                    _ => request,
                };
                (Method::GET, request)
            }
        };
        let doing = http::called(method.as_str(), realm);
        let response = request.send().await.map_err(|error| http::no_answer(&doing, error))?;
        let answer = calls::read(doing, response).await?;
        if !answer.is_done() {
            return Err(self.fault(&answer, Access::Write));
        }
        #[derive(Deserialize)]
        struct Given {
            token: Option<String>,
            access_token: Option<String>,
        }
        let given = serde_json::from_slice::<Given>(&answer.body).ok();
        let token = given.and_then(|given| given.token.or(given.access_token));
        let Some(token) = token.filter(|token| !token.is_empty()).map(Secret::any) else {
            return Err(Problem::new(format!("{}: the answer holds no token", answer.doing)).into());
        };
        self.given.lock().unwrap_or_else(PoisonError::into_inner).push(token.clone());
        Ok(token)
    }
}
