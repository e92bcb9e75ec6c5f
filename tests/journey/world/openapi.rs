//! Whether what is said to the fake GitHub, and what it says, is as GitHub describes its API.
//!
//! `github-openapi.json` is a part of GitHub's own description; its field `from` says which. It was cut so: the paths
//! that the fake answers and the schemas that they lead to are kept, references into `parameters` and `responses` are
//! put in place, everything that is no constraint (descriptions, examples, titles, defaults, headers, links, `x-…`) is
//! left out, and `nullable: true` is written as JSON Schema writes it: `null` among the types (and values), or else
//! `anyOf` with the type `null`.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::LazyLock};

/// One request with its answer. Paths are below the API's base.
pub struct Exchange<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// As it was sent, without `?`.
    pub query: &'a str,
    pub content_type: &'a str,
    pub body: &'a [u8],
    pub status: u16,
    pub answered_type: &'a str,
    pub answered: &'a [u8],
}

/// What GitHub answers although its description does not say so, or says otherwise.
const DEVIATIONS: [(&str, &str); 3] = [
    // Any call may be refused so; the description lists few of these, and mostly not for the call in question.
    ("refusals", "400 401 403 404 409 422 429 500 502 503"),
    // `gh` and browsers upload with the type of the file; the description has octet streams only.
    ("POST /repos/{owner}/{repo}/releases/{release_id}/assets", "any content type"),
    // The description has `uploaded` and `open`; what is seen after an upload that broke off is `starter`.
    ("/components/schemas/release-asset/properties/state/enum", "uploaded open starter"),
];

struct Operation {
    parameters: Vec<Parameter>,
    /// Of a JSON body.
    body: Option<Validator>,
    takes_body: bool,
    /// By status; none where there is no JSON body.
    answers: BTreeMap<String, Option<Validator>>,
}

struct Parameter {
    name: String,
    in_query: bool,
    required: bool,
    integer: bool,
    schema: Validator,
}

struct Description {
    /// By method and the path's segments; those with more literal segments come first.
    operations: Vec<(String, Vec<String>, Operation)>,
    refusals: [Validator; 2],
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| {
    let mut all: Value = serde_json::from_str(include_str!("github-openapi.json")).expect("JSON");
    let (place, states) = DEVIATIONS[2];
    *all.pointer_mut(place).expect("the states of an asset") = states.split(' ').collect();
    let all = all;
    let compile = |schema: &Value| {
        let mut schema = schema.clone();
        schema["components"] = all["components"].clone();
        jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema")
    };
    let mut operations = Vec::new();
    for (path, methods) in all["paths"].as_object().expect("paths") {
        for (method, described) in methods.as_object().expect("methods") {
            let segments: Vec<String> = path.split('/').skip(1).map(Into::into).collect();
            operations.push((
                method.to_uppercase(),
                segments,
                Operation {
                    parameters: described["parameters"]
                        .as_array()
                        .expect("parameters")
                        .iter()
                        .map(|parameter| Parameter {
                            name: parameter["name"].as_str().expect("a name").to_owned(),
                            in_query: parameter["in"] == "query",
                            required: parameter["required"] == true,
                            integer: parameter["schema"]["type"] == "integer",
                            schema: compile(&parameter["schema"]),
                        })
                        .collect(),
                    takes_body: described.get("requestBody").is_some(),
                    body: described["requestBody"]["content"].get("application/json").map(|body| {
                        // GitHub ignores what it does not know; here it is a mistake.
                        let mut body = body.clone();
                        body["additionalProperties"] = json!(false);
                        compile(&body)
                    }),
                    answers: described["responses"]
                        .as_object()
                        .expect("responses")
                        .iter()
                        .map(|(status, types)| (status.clone(), types.get("application/json").map(compile)))
                        .collect(),
                },
            ));
        }
    }
    operations
        .sort_by_key(|(_, segments, _)| segments.iter().filter(|segment| segment.starts_with('{')).count());
    let refusal = |name: &str| {
        compile(&json!({ "$ref": format!("#/components/schemas/{name}"), "required": ["message"] }))
    };
    Description { operations, refusals: [refusal("basic-error"), refusal("validation-error")] }
});

/// What is not as described; nothing is right.
pub fn violations(exchange: &Exchange<'_>) -> Vec<String> {
    let call = format!("{} {}", exchange.method, exchange.path);
    let found = DESCRIPTION.operations.iter().find_map(|(method, segments, operation)| {
        let values = (method == exchange.method).then(|| matched(segments, exchange.path))??;
        Some((segments, operation, values))
    });
    let Some((segments, operation, mut values)) = found else {
        // A path that nobody knows is answered so, and by nothing else.
        let known = exchange.status == 404;
        return if known { Vec::new() } else { vec![format!("{call}: answered {}", exchange.status)] };
    };
    let template = format!("{} /{}", exchange.method, segments.join("/"));
    let mut broken = Vec::new();
    // What these had wrong is what the answer says.
    if !matches!(exchange.status, 400 | 422) {
        for (name, value) in pairs(exchange.query) {
            match operation.parameters.iter().any(|parameter| parameter.in_query && parameter.name == name) {
                true => drop(values.insert(name, value)),
                false => broken.push(format!("{call}: has no query parameter {name}")),
            }
        }
        for parameter in &operation.parameters {
            match values.get(&parameter.name) {
                Some(text) => {
                    let number = parameter.integer.then(|| text.parse::<i64>().ok()).flatten();
                    let value = number.map_or_else(|| json!(text), |number| json!(number));
                    broken.extend(errors(&parameter.schema, &value, &format!("{call}: {}", parameter.name)));
                }
                None if parameter.required => {
                    broken.push(format!("{call}: needs the parameter {}", parameter.name));
                }
                None => {}
            }
        }
        if let Some(schema) = &operation.body {
            match serde_json::from_slice(exchange.body) {
                Ok(value) => broken.extend(errors(schema, &value, &format!("{call}: the request"))),
                Err(error) => broken.push(format!("{call}: the request is no JSON: {error}")),
            }
            if !exchange.content_type.starts_with("application/json") {
                broken.push(format!("{call}: the request has the type {:?}", exchange.content_type));
            }
        } else if !operation.takes_body && !exchange.body.is_empty() {
            broken.push(format!("{call}: has no body"));
        } else if operation.takes_body && exchange.content_type.is_empty() {
            debug_assert_eq!(template, DEVIATIONS[1].0, "any content type, but one");
            broken.push(format!("{call}: the request has no type"));
        }
    }
    let json = exchange.answered_type.starts_with("application/json");
    let answer = || serde_json::from_slice::<Value>(exchange.answered);
    let refusal = DEVIATIONS[0].1.split(' ').any(|status| *status == exchange.status.to_string());
    match operation.answers.get(&exchange.status.to_string()) {
        _ if refusal => match answer() {
            Ok(value) if DESCRIPTION.refusals.iter().any(|schema| schema.is_valid(&value)) => {}
            Ok(value) => broken.push(format!("{call}: is no refusal: {value}")),
            Err(error) => broken.push(format!("{call}: the answer is no JSON: {error}")),
        },
        None => broken.push(format!("{call}: answered {}", exchange.status)),
        Some(Some(schema)) if json => match answer() {
            Ok(value) => broken.extend(errors(schema, &value, &format!("{call}: the answer"))),
            Err(error) => broken.push(format!("{call}: the answer is no JSON: {error}")),
        },
        Some(None) if !exchange.answered.is_empty() => {
            broken.push(format!("{call}: the answer has a body"));
        }
        Some(_) => {}
    }
    broken
}

fn errors(schema: &Validator, value: &Value, place: &str) -> Vec<String> {
    schema.iter_errors(value).map(|error| format!("{place}: {}: {error}", error.instance_path())).collect()
}

/// What stands for each `{parameter}`. The last one takes the rest of the path where it may hold `/`.
fn matched(segments: &[String], path: &str) -> Option<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    for (index, segment) in segments.iter().enumerate() {
        let part = parts.get(index)?;
        let Some(name) = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else {
            if segment == part {
                continue;
            }
            return None;
        };
        if matches!(name, "ref" | "path" | "tag") && index + 1 == segments.len() {
            values.insert(name.to_owned(), decode(&parts[index..].join("/")));
            return Some(values);
        }
        values.insert(name.to_owned(), decode(part));
    }
    (parts.len() == segments.len()).then_some(values)
}

/// Names and values of a query.
pub fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(&value.replace('+', " ")))
    })
}

/// Text in which bytes were written as `%XX`.
pub fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}
