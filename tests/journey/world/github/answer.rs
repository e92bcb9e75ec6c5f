//! What the fake GitHub answers, and how it refuses.

use axum::{body::Body, response::Response};
use serde_json::{Value, json};

const DOCUMENTATION: &str = "https://docs.github.com/rest";

pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(status: u16, value: &Value) -> Self {
        let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        Self { status, headers, body: value.to_string().into_bytes() }
    }

    pub fn bytes(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    pub fn nothing() -> Self {
        Self { status: 204, headers: Vec::new(), body: Vec::new() }
    }

    /// To be had elsewhere.
    pub fn elsewhere(url: String) -> Self {
        Self { status: 302, headers: vec![("location", url)], body: Vec::new() }
    }

    pub fn refusal(status: u16, message: &str) -> Self {
        let status_text = status.to_string();
        let body = json!({ "message": message, "documentation_url": DOCUMENTATION, "status": status_text });
        Self::json(status, &body)
    }

    pub fn not_found() -> Self {
        Self::refusal(404, "Not Found")
    }

    pub fn forbidden() -> Self {
        Self::refusal(403, "Resource not accessible by integration")
    }

    /// 422 for a field, with GitHub's code: `already_exists`, `missing_field`, `invalid`, `custom` with a message.
    pub fn invalid(resource: &str, field: &str, code: &str, message: Option<&str>) -> Self {
        let mut error = json!({ "resource": resource, "code": code, "field": field });
        if let Some(message) = message {
            error["message"] = json!(message);
        }
        let body = json!({
            "message": "Validation Failed", "errors": [error],
            "documentation_url": DOCUMENTATION, "status": "422",
        });
        Self::json(422, &body)
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    pub fn into_response(self) -> Response<Body> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(self.body)).expect("an answer")
    }
}
