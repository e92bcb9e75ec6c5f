//! What an unquoted YAML text means to Helm: YAML 1.1, as the Go library `yaml.v2` reads it.

use super::Value;
use crate::charts::time;

/// What an unquoted, untagged scalar is. Everything that is not null, a bool or a number is text, also a time.
pub(crate) fn resolve_plain(text: &str) -> Value {
    other_than_text(text).unwrap_or_else(|| Value::Text(text.into()))
}

/// Is this, unquoted, text for Helm? Allocates only for what looks like a number.
pub fn is_text(text: &str) -> bool {
    other_than_text(text).is_none()
}

fn other_than_text(text: &str) -> Option<Value> {
    match text.as_bytes().first() {
        None => Some(Value::Null),
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text),
        Some(b'.') => word(text).or_else(|| float(text)),
        Some(b'+' | b'-' | b'0'..=b'9') => word(text).or_else(|| number(text)),
        Some(_) => None,
    }
}

/// Would this text, unquoted, be read as text by every YAML 1.1 reader? False for times and numbers to the base 60,
/// which Helm's writer quotes although its reader takes them for text.
pub(crate) fn is_plainly_text(text: &str) -> bool {
    is_text(text) && !time::looks_like_time(text) && !is_base_60(text)
}

/// What a scalar with a tag is; `None` when it cannot be what its tag says.
pub(super) fn resolve_tagged(tag: &str, text: &str) -> Option<Value> {
    let Some(kind) = tag.strip_prefix("tag:yaml.org,2002:") else { return Some(Value::Text(text.into())) };
    match (kind, resolve_plain(text)) {
        ("null", Value::Null) => Some(Value::Null),
        ("bool", value @ Value::Bool(_)) => Some(value),
        ("int", value @ (Value::Integer(_) | Value::Unsigned(_))) => Some(value),
        ("float", value @ Value::Float(_)) => Some(value),
        #[allow(clippy::cast_precision_loss)] // Go converts in the same way.
        ("float", Value::Integer(integer)) => Some(Value::Float(integer as f64)),
        ("timestamp", Value::Text(_)) if time::looks_like_time(text) => Some(Value::Text(text.into())),
        ("null" | "bool" | "int" | "float" | "timestamp", _) => None,
        ("binary", _) => binary(text),
        _ => Some(Value::Text(text.into())),
    }
}

fn binary(text: &str) -> Option<Value> {
    use base64::Engine as _;
    let packed: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(packed).ok()?;
    Some(Value::Text(String::from_utf8_lossy(&bytes).into_owned()))
}

fn word(text: &str) -> Option<Value> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Value::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Value::Null,
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// A text that begins with a sign or a digit. Underscores may stand anywhere in it.
fn number(text: &str) -> Option<Value> {
    // Versions and dates are what most of these texts are: seen at once by a second dot or a letter.
    let may_be = text.bytes().all(|byte| byte.is_ascii_hexdigit() || b"+-._xXoO".contains(&byte));
    if !may_be {
        return None;
    }
    let plain = text.replace('_', "");
    let (negative, unsigned) = match plain.as_bytes().first()? {
        b'-' => (true, &plain[1..]),
        b'+' => (false, &plain[1..]),
        _ => (false, plain.as_str()),
    };
    if let Some(value) = integer(negative, unsigned) {
        // A value beyond i64 is an integer only without a sign.
        if !matches!(value, Value::Unsigned(_)) || unsigned.len() == plain.len() {
            return Some(value);
        }
    }
    float(&plain).or_else(|| {
        // `0b+1`: the reader hands what follows `0b` to a parser that takes a sign.
        let binary = plain.strip_prefix("0b")?;
        i64::from_str_radix(binary, 2).ok().map(Value::Integer)
    })
}

fn integer(negative: bool, unsigned: &str) -> Option<Value> {
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let size = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(size).map(Value::Integer);
    }
    Some(i64::try_from(size).map_or(Value::Unsigned(size), Value::Integer))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, and not beyond what a float64 can hold.
fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_mantissa = !whole.is_empty() || !fraction.is_empty();
    let exponent_is_good = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    if !has_mantissa || !digits(whole) || !digits(fraction) || !exponent_is_good {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
}

/// `1:30`, which YAML 1.1 calls a number.
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (unsigned, ""),
    };
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let mut rest = parts.peekable();
    rest.peek().is_some()
        && first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
        && fraction.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
        && rest.all(|part| match part.as_bytes() {
            [digit] => digit.is_ascii_digit(),
            [tens, digit] => (b'0'..=b'5').contains(tens) && digit.is_ascii_digit(),
            _ => false,
        })
}
