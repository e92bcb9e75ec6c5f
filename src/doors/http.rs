//! How this program speaks HTTP: one set-up for everybody who does.
//!
//! Proxies come from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, trusted certificates from `SSL_CERT_FILE` and
//! `SSL_CERT_DIR`, else from the system, else (in an empty container image) they are those that Mozilla trusts.

use super::patience::{Fault, Patience};
use crate::{problem::Problem, secret::Secret};
use bytes::Bytes;
use reqwest::{
    ClientBuilder, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
    redirect::Policy,
};
use std::{net::IpAddr, sync::Once, time::Duration};

/// The `User-Agent` of every call.
pub const USER_AGENT: &str = concat!("chart-release/", env!("CARGO_PKG_VERSION"));

/// How calls are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long one call may take, from the connection to the last byte of the answer.
    pub call: Duration,
    /// How often calls are repeated.
    pub patience: Patience,
}

/// A client with connections of its own. It follows redirects, and takes no credentials along to another host.
///
/// # Errors
/// `SSL_CERT_FILE` or `SSL_CERT_DIR` names no certificate.
pub fn client(settings: &Settings) -> Result<reqwest::Client, Problem> {
    built(settings, Policy::default)
}

/// The same, but it follows no redirect: for calls whose body nobody else may get.
///
/// # Errors
/// `SSL_CERT_FILE` or `SSL_CERT_DIR` names no certificate.
pub fn client_without_redirects(settings: &Settings) -> Result<reqwest::Client, Problem> {
    built(settings, Policy::none)
}

/// How one host is trusted, and how it knows us by a certificate.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Certificates, in PEM, of who may vouch for it, beside those that vouch for everybody.
    pub authorities: Option<Bytes>,
    /// Our certificate and its key, in PEM, one after the other.
    pub identity: Option<Secret>,
    /// Whatever certificate it has.
    pub unverified: bool,
}

/// A client for one host. It follows no redirect.
///
/// # Errors
/// What is no certificate, or no key; what is said of variables above.
pub fn client_with(settings: &Settings, trust: &Trust) -> Result<reqwest::Client, Problem> {
    let unreadable = |what: &str, error: reqwest::Error| Problem::new(format!("{what}: {}", chain(&error)));
    let authorities = trust.authorities.as_deref().map(reqwest::Certificate::from_pem_bundle).transpose();
    let authorities = authorities.map_err(|error| unreadable("the certificates cannot be read", error))?;
    install_cryptography();
    let identity = trust.identity.as_ref().map(|pem| reqwest::Identity::from_pem(pem.expose().as_bytes()));
    let identity =
        identity.transpose().map_err(|error| unreadable("our certificate and key cannot be read", error))?;
    built_with(settings, Policy::none, |builder| {
        let builder = match &authorities {
            Some(authorities) => builder.tls_certs_merge(authorities.clone()),
            None => builder,
        };
        let builder = match &identity {
            Some(identity) => builder.identity(identity.clone()),
            None => builder,
        };
        builder.tls_danger_accept_invalid_certs(trust.unverified)
    })
}

fn built(settings: &Settings, redirects: fn() -> Policy) -> Result<reqwest::Client, Problem> {
    built_with(settings, redirects, |builder| builder)
}

fn built_with(
    settings: &Settings,
    redirects: fn() -> Policy,
    with: impl Fn(ClientBuilder) -> ClientBuilder,
) -> Result<reqwest::Client, Problem> {
    install_cryptography();
    let plain = || {
        with(
            reqwest::Client::builder()
                .redirect(redirects())
                .user_agent(USER_AGENT)
                .connect_timeout(settings.call)
                .timeout(settings.call),
        )
    };
    // Whoever names certificates says whom to trust: trusting others instead would hide a wrong path.
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().find(|name| std::env::var_os(name).is_some());
    let client = match (named, plain().build()) {
        // The verifiers of these two systems do not know the variable.
        (Some("SSL_CERT_FILE"), _) if cfg!(any(windows, target_vendor = "apple")) => {
            plain().tls_certs_only(of_file("SSL_CERT_FILE")?).build()
        }
        // The system has none. Where something else is wrong, it is said now.
        (None, Err(_)) => plain().tls_certs_only(built_in()).build(),
        (_, client) => client,
    };
    client.map_err(|error| {
        let problem = Problem::new(format!("cannot set up HTTPS: {}", chain(&error)));
        match named {
            Some(name) => wrongly_named(problem, name),
            None => problem,
        }
    })
}

fn wrongly_named(problem: Problem, variable: &str) -> Problem {
    problem.next(format!("{variable} is set: let it name certificates to trust, or unset it"))
}

/// Those in the file that the variable names.
fn of_file(variable: &str) -> Result<Vec<reqwest::Certificate>, Problem> {
    let file = std::env::var_os(variable).unwrap_or_default();
    let bytes = std::fs::read(&file).map_err(|error| error.to_string());
    let read =
        bytes.and_then(|bytes| reqwest::Certificate::from_pem_bundle(&bytes).map_err(|error| chain(&error)));
    let found = read.and_then(|found| match found.is_empty() {
        true => Err("no certificate is in it".to_owned()),
        false => Ok(found),
    });
    found.map_err(|why| {
        wrongly_named(
            Problem::new(format!("cannot read {}: {why}", std::path::Path::new(&file).display())),
            variable,
        )
    })
}

/// Those that Mozilla trusts. They age with this program, so the system's come first.
fn built_in() -> impl Iterator<Item = reqwest::Certificate> {
    let certificates = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    certificates.filter_map(|certificate| reqwest::Certificate::from_der(certificate).ok())
}

/// Everybody who speaks TLS uses the same implementation of it. To be called before a client is made.
pub fn install_cryptography() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Somebody may have installed one already: then it is that one.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Whether a host, with its port where it has one, is spoken to by plain HTTP: this machine itself, and what was named; a
/// name without a port means all ports.
pub fn speaks_plainly(host: &str, named: &[String]) -> bool {
    let host = host.to_lowercase();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => &host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    name == "localhost" || is_loopback || named.iter().any(|named| *named == host || named == name)
}

/// A call as people are told of it: method, host and path. The query can hold what nobody else should see.
pub fn called(method: &str, url: &reqwest::Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{method} {}{port}{}", url.host_str().unwrap_or_default(), url.path())
}

/// What an answer asks to wait, where it says so in seconds.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = headers.get(RETRY_AFTER)?.to_str().ok()?;
    asked.trim().parse().ok().map(Duration::from_secs)
}

/// Whether a status says of itself that it may go better soon.
pub fn may_pass(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

/// A call that did not come to an answer. `doing` says what was called, without secrets.
pub fn no_answer(doing: &str, error: reqwest::Error) -> Fault {
    if let Some(problem) = untrusted(doing, &error) {
        return Fault::Lasting(problem);
    }
    let lasting = error.is_builder() || error.is_redirect();
    let problem = match error.is_timeout() {
        true => Problem::new(format!("{doing}: no answer in time")),
        // An address can hold a secret: that of a signed download.
        false => Problem::new(format!("{doing}: {}", chain(&error.without_url()))),
    };
    match lasting {
        true => Fault::Lasting(problem),
        false => Fault::passing(problem),
    }
}

/// Told where the other side's certificate is the reason that a call came to nothing: no repetition makes it better.
pub fn untrusted(doing: &str, error: &(dyn std::error::Error + 'static)) -> Option<Problem> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // What an I/O error wraps is not among its sources.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
        let inside = wrapped.and_then(|wrapped| wrapped.downcast_ref()).or(error.downcast_ref());
        if let Some(error @ rustls::Error::InvalidCertificate(_)) = inside {
            return Some(Problem::new(format!("{doing}: {error}")).next(
                "where that host has a certificate of its own, name the file with it, or with who issued it, by SSL_CERT_FILE",
            ));
        }
        cause = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// An error with its causes: the first one alone often says nothing.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.contains(&told) {
            text += &format!(": {told}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One certificate that cannot be read would take all of them away, and nobody would notice where the system has
    /// its own.
    #[test]
    fn a_client_can_be_made_of_the_built_in_certificates() {
        install_cryptography();
        assert_eq!(built_in().count(), webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
        assert!(built_in().count() > 100);
        reqwest::Client::builder().tls_certs_only(built_in()).build().expect("all of them can be trusted");
    }
}
