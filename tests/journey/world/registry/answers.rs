//! How the registry answers.

use super::Asked;
use axum::{body::Body, http::StatusCode, response::Response};
use serde_json::json;

pub fn challenge(asked: &Asked, scope: &str, error: Option<&str>) -> Response {
    let host = &asked.host;
    let mut value = format!("Bearer realm=\"http://{host}/token\",service=\"{host}\",scope=\"{scope}\"");
    value.extend(error.map(|error| format!(",error=\"{error}\"")));
    let body = json!({ "errors": [{ "code": "UNAUTHORIZED", "message": "authentication required" }] });
    let headers = [("www-authenticate", value.as_str()), ("content-type", "application/json")];
    answer(StatusCode::UNAUTHORIZED, &headers, body.to_string())
}

pub fn unsupported() -> Response {
    told(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "the operation is unsupported")
}

pub fn name_unknown(name: &str) -> Response {
    told(StatusCode::NOT_FOUND, "NAME_UNKNOWN", &format!("repository name not known to registry: {name}"))
}

pub fn told(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "errors": [{ "code": code, "message": message }] }).to_string();
    answer(status, &[("content-type", "application/json")], body)
}

pub fn answer(status: StatusCode, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut response =
        Response::builder().status(status).header("docker-distribution-api-version", "registry/2.0");
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).expect("an answer")
}
