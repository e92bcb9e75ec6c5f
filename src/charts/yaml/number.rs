//! Numbers as Go prints them: Helm's texts come from there.

/// Go's `strconv.FormatFloat(number, 'g', -1, 32)`: what an unquoted number becomes where Helm wants text.
pub(crate) fn short(number: f64) -> String {
    // The cast rounds, and overflows to infinity, exactly as Go's conversion does.
    #[allow(clippy::cast_possible_truncation)]
    let single = number as f32;
    general(single.is_finite(), f64::from(single), &format!("{single:e}"))
}

/// Go's `strconv.FormatFloat(number, 'g', -1, 64)`: how a float is written in YAML.
pub(crate) fn long(number: f64) -> String {
    general(number.is_finite(), number, &format!("{number:e}"))
}

/// A number as Go's `encoding/json` prints a float64; `None` for what JSON cannot say.
pub(crate) fn json(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let scientific = format!("{number:e}");
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let sign = if exponent.starts_with('-') { "" } else { "+" };
        return Some(format!("{mantissa}e{sign}{exponent}"));
    }
    Some(format!("{number}"))
}

/// `%g` with the shortest digits that read back: `scientific` is Rust's `{:e}` of the number.
fn general(finite: bool, number: f64, scientific: &str) -> String {
    if !finite {
        let text = if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "+Inf"
        } else {
            "-Inf"
        };
        return text.into();
    }
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let text = if exponent < 0 {
        format!("0.{}{digits}", zeros(-exponent - 1))
    } else if length <= exponent + 1 {
        format!("{digits}{}", zeros(exponent + 1 - length))
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(exponent + 1).unwrap_or(0));
        format!("{whole}.{fraction}")
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_what_helm_makes_them_lose() {
        let cases = [
            (1.10, "1.1"),
            (1.0, "1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (999_999.0, "999999"),
            (1_000_000.0, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (123_456_789.0, "1.2345679e+08"),
            (0.123_456_789_1, "0.12345679"),
            (-0.0, "-0"),
            (1e39, "+Inf"),
        ];
        for (number, text) in cases {
            assert_eq!(short(number), text);
        }
        assert_eq!(long(1_234_567.5), "1.2345675e+06");
        assert_eq!(json(1e21).as_deref(), Some("1e+21"));
        assert_eq!(json(1.0).as_deref(), Some("1"));
        assert_eq!(json(f64::NAN), None);
    }
}
