//! What somebody can do when a registry refuses: the line to paste, where there is one.

use super::{
    Registry,
    calls::{Answer, Reason},
    session::Access,
};
use reqwest::StatusCode;

/// What to do when the registry has, or says, other bytes than it should.
pub(super) const OTHER_BYTES: &str =
    "run it again; if it stays so, something on the way changes what is sent, or the registry is damaged";

impl Registry {
    /// The next step after an answer that repeating would not change.
    pub(super) fn next_step(&self, answer: &Answer, reasons: &[Reason], access: Access) -> Option<String> {
        let says = |text: &str| {
            let text = text.to_lowercase();
            reasons.iter().any(|reason| {
                reason.message.to_lowercase().contains(&text) || reason.code.to_lowercase().contains(&text)
            })
        };
        let host = self.host.as_str();
        let is_ecr = host.contains(".dkr.ecr.");
        if answer.is_page() {
            return Some(format!("check that {host} is a registry, and what a proxy does with it"));
        }
        match answer.status {
            _ if host == "ghcr.io" && says("write_package") => Some(
                "the package was made by hand or by another repository: in its settings on GitHub, under Manage \
                 Actions access, add this repository with the role Write; and give the job `permissions: packages: write`"
                    .to_owned(),
            ),
            StatusCode::PRECONDITION_FAILED => Some(format!(
                "{host} has a rule that makes this tag immutable: it is taken, or the rule is too wide; look at the \
                 tag and the project's rules"
            )),
            StatusCode::NOT_FOUND if is_ecr => Some(
                "ECR makes no repositories by itself: create the repository, or a repository creation template that \
                 applies to CREATE_ON_PUSH"
                    .to_owned(),
            ),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Some(self.how_to_be_let_in(access)),
            StatusCode::NOT_FOUND if access == Access::Write => Some(format!(
                "the repository, or the project or organisation above it, does not exist at {host}: create it"
            )),
            StatusCode::NOT_FOUND => {
                Some(format!("check that {host} is the host of the registry: a missing tag is told otherwise"))
            }
            StatusCode::METHOD_NOT_ALLOWED if access == Access::Write => {
                Some(format!("{host} does not take uploads: a mirror or a read-only registry"))
            }
            _ => Some(format!("look at what {host} says of itself; if the call is wrong, please report it")),
        }
    }

    fn how_to_be_let_in(&self, access: Access) -> String {
        let host = self.host.as_str();
        if host == "ghcr.io" {
            return match access {
                Access::Write => "give the job `permissions: packages: write`; outside GitHub Actions, log in with \
                     `docker login ghcr.io` and a classic token that has write:packages (fine-grained tokens and App \
                     tokens cannot push)"
                    .to_owned(),
                Access::Read => "give the job `permissions: packages: write` (to read: `packages: read`); the package \
                     may be private or not linked to this repository"
                    .to_owned(),
            };
        }
        let hint = match host {
            "docker.io" | "registry-1.docker.io" => {
                " (Docker Hub has exactly two levels, oci://docker.io/NAMESPACE, and wants an access token)"
            }
            "quay.io" => {
                " (the organisation must exist, and the robot account needs write access and Create)"
            }
            _ => "",
        };
        if self.is_known() {
            return format!(
                "the credentials that were found for {host} are not let in here: check user, password and rights{hint}"
            );
        }
        format!(
            "log in with `docker login {host}` or `helm registry login {host}`, or give `--registry-user {host}=USER` \
             and the password in CHART_RELEASE_REGISTRY_PASSWORD{hint}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::{
        http,
        patience::{Fault, Patience},
    };
    use reqwest::header::HeaderMap;
    use std::time::Duration;

    fn advice(host: &str, status: u16, body: &str, access: Access) -> String {
        let patience = Patience { again: 0, pause: Duration::ZERO, longest: Duration::ZERO };
        let settings = http::Settings { call: Duration::from_secs(1), patience };
        let registry = Registry::new(host, false, None, Default::default(), settings).unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        let answer =
            Answer { status, headers: HeaderMap::new(), body: body.to_owned().into(), doing: "PUT x".into() };
        match registry.fault(&answer, access) {
            Fault::Lasting(problem) => problem.next.unwrap_or_default(),
            Fault::Passing { problem, .. } => panic!("{problem:?}"),
        }
    }

    fn told(code: &str, message: &str) -> String {
        serde_json::json!({ "errors": [{ "code": code, "message": message }] }).to_string()
    }

    #[test]
    fn every_registry_gets_the_line_to_paste() {
        for (host, status, body, advised) in [
            ("ghcr.io", 403, told("DENIED", "permission_denied: write_package"), "Manage Actions access"),
            ("ghcr.io", 403, told("DENIED", "denied"), "`permissions: packages: write`"),
            ("ghcr.io", 401, String::new(), "`permissions: packages: write`"),
            ("1.dkr.ecr.eu-west-1.amazonaws.com", 404, told("NAME_UNKNOWN", "no"), "CREATE_ON_PUSH"),
            ("harbor.example.com", 412, told("PRECONDITION", "immutable"), "immutable"),
            ("harbor.example.com", 404, told("NOT_FOUND", "project x"), "create it"),
            ("docker.io", 401, told("UNAUTHORIZED", "no"), "exactly two levels"),
            ("quay.io", 401, told("UNAUTHORIZED", "no"), "organisation must exist"),
            ("example.com:5000", 403, String::new(), "`helm registry login example.com:5000`"),
            ("example.com:5000", 403, String::new(), "`--registry-user example.com:5000=USER`"),
            ("mirror.example.com", 405, told("UNSUPPORTED", ""), "does not take uploads"),
            ("example.com", 403, "<html>".to_owned(), "what a proxy does"),
        ] {
            let next = advice(host, status, &body, Access::Write);
            assert!(next.contains(advised), "{host} {status}: {next}");
        }
    }
}
