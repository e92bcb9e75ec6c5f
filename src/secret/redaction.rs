//! What is printed, without secrets: a text may come from anywhere, the name of a branch or the answer of a server.

use super::Secret;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::{borrow::Cow, collections::BTreeSet, fmt, sync::Arc};

/// Takes secrets out of texts, in every form in which they are commonly written.
#[derive(Clone, Default)]
pub struct Redaction(Arc<[String]>);

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redaction(***)")
    }
}

impl Redaction {
    /// Of these secrets.
    pub fn new(secrets: &[Secret]) -> Self {
        let forms: BTreeSet<String> =
            secrets.iter().flat_map(|secret| forms(secret.expose().trim())).collect();
        let mut forms: Vec<String> = forms.into_iter().collect();
        // A secret may be a part of another one.
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self(forms.into())
    }

    /// The text with `***` for each secret.
    pub fn of<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.0.iter().fold(Cow::Borrowed(text), |text, form| match text.contains(form.as_str()) {
            true => Cow::Owned(text.replace(form.as_str(), "***")),
            false => text,
        })
    }
}

/// Base64 that has fewer characters is left alone.
const SHORTEST: usize = 8;

/// How a secret is written: as it is, in JSON, in a URL, and in Base64.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned(), utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string()];
    let quoted = serde_json::Value::from(secret).to_string();
    forms.push(quoted.trim_matches('"').to_owned());
    // As `user:secret`, whatever the user: how Base64 writes it depends only on where it begins, of three places.
    for before in 0..3 {
        let mut bytes = vec![b' '; before];
        bytes.extend_from_slice(secret.as_bytes());
        // The characters at both ends hold bits of what is beside the secret.
        let (begins, ends) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        for engine in [STANDARD, URL_SAFE] {
            // Less, of a short password, would be found by chance.
            let inner = engine.encode(&bytes).get(begins..ends).map(str::to_owned);
            forms.extend(inner.filter(|inner| inner.len() >= SHORTEST));
        }
    }
    forms.retain(|form| !form.is_empty());
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_password_is_found_as_it_is_and_not_by_chance() {
        let redaction = Redaction::new(&[Secret::any("pw")]);
        assert_eq!(redaction.of("robot:pw and cHc and B3"), "robot:*** and cHc and B3");
        assert_eq!(format!("{redaction:?}"), "Redaction(***)");
    }

    #[test]
    fn a_secret_is_found_however_it_is_written() {
        let secret = "pass/\"wörd\"+1234";
        let redaction = Redaction::new(&[Secret::new(secret).unwrap(), Secret::new("12345678").unwrap()]);
        assert_eq!(redaction.of("nothing here"), "nothing here");
        assert_eq!(redaction.of(&format!("a {secret} b 12345678")), "a *** b ***");
        assert_eq!(redaction.of(&serde_json::to_string(secret).unwrap()), "\"***\"");
        assert!(redaction.of("https://u:pass%2F%22w%C3%B6rd%22%2B1234@host/").contains("u:***@host"));
        for user in ["", "a:", "ab:", "abc:", "x-access-token:"] {
            for engine in [STANDARD, URL_SAFE] {
                let header = engine.encode(format!("{user}{secret}"));
                let told = redaction.of(&header).into_owned();
                assert!(told.contains("***") && told.len() < 3 + 24, "{user} {told}");
            }
        }
    }
}
