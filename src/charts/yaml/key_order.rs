//! The order in which Helm writes the keys of a map: `a2` before `a10`, `nginx-2` before `nginx2`.

use std::cmp::Ordering;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Compares two keys as Go's YAML library does. For keys that mix digits and letters at one place (`10`, `1a`, `2`) it
/// is no order at all, and Helm's own output differs from run to run; [`sort`] is stable for them.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let Some(at) = left.iter().zip(&right).position(|(l, r)| l != r) else {
        return left.len().cmp(&right.len());
    };
    let (l, r) = (left[at], right[at]);
    match (is_letter(l), is_letter(r)) {
        (true, true) => return l.cmp(&r),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A zero after a digit that is not zero belongs to a longer number: `10` and `1` differ by more than nothing.
    let before = left[..at].iter().rev().take_while(|c| is_digit(**c));
    let start = i64::from((l == '0' || r == '0') && before.into_iter().any(|c| *c != '0'));
    let (left_number, left_end) = run(&left, at, start);
    let (right_number, right_end) = run(&right, at, start);
    left_number.cmp(&right_number).then(left_end.cmp(&right_end)).then(l.cmp(&r))
}

/// Sorts by [`compare`]; keys that it cannot order keep the order of their bytes.
pub(super) fn sort<V>(entries: &mut [(&str, V)]) {
    entries.sort_unstable_by_key(|(key, _)| *key);
    // An insertion sort gives a result, always the same, also when the comparison is no order; a library sort may panic.
    for end in 1..entries.len() {
        let mut at = end;
        while at > 0 && compare(entries[at].0, entries[at - 1].0) == Ordering::Less {
            entries.swap(at, at - 1);
            at -= 1;
        }
    }
}

fn run(text: &[char], start: usize, number: i64) -> (i64, usize) {
    let mut number = number;
    let mut end = start;
    while let Some(digit) = text.get(end).filter(|c| is_digit(**c)) {
        let value = i64::from(u32::from(*digit)) - i64::from(u32::from('0'));
        number = number.wrapping_mul(10).wrapping_add(value);
        end += 1;
    }
    (number, end)
}

fn is_letter(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Letter
}

fn is_digit(c: char) -> bool {
    c.general_category() == GeneralCategory::DecimalNumber
}
