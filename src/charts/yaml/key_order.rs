//! The order in which Helm writes the keys of a map: `a2` before `a10`, `nginx-2` before `nginx2`.

use std::cmp::Ordering;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Compares two keys as Go's YAML library does. For keys that mix digits and letters at one place (`10`, `1a`, `2`) it
/// is no order at all, and Helm's own output differs from run to run; [`sort`] gives one result for them.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
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

/// Sorts by [`compare`]; keys that it cannot order keep the order of their bytes where they can.
///
/// A merge sort of our own gives a result, always the same, also where the comparison is no order; a library's may panic.
pub(crate) fn sort<V>(mut entries: Vec<(&str, V)>) -> Vec<(&str, V)> {
    entries.sort_unstable_by_key(|(key, _)| *key);
    merge_sort(entries)
}

fn merge_sort<V>(mut left: Vec<(&str, V)>) -> Vec<(&str, V)> {
    if left.len() < 2 {
        return left;
    }
    let right = left.split_off(left.len() / 2);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let mut right = merge_sort(right).into_iter().peekable();
    for entry in merge_sort(left) {
        while let Some(first) = right.next_if(|first| compare(first.0, entry.0) == Ordering::Less) {
            merged.push(first);
        }
        merged.push(entry);
    }
    merged.extend(right);
    merged
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_keys_whose_bytes_are_in_another_order_are_sorted_at_once() {
        let keys: Vec<String> = (0..50_000).map(|number| format!("key{number}")).collect();
        let sorted = sort(keys.iter().map(|key| (key.as_str(), ())).collect());
        assert!(sorted.iter().map(|(key, ())| *key).eq(keys.iter().map(String::as_str)));
    }

    #[test]
    fn keys_without_an_order_have_one_result() {
        let keys = ["10", "1a", "2", "a1", "a", "\u{e9}", "-1"];
        let sorted = |keys: &[&'static str]| -> Vec<&str> {
            sort(keys.iter().map(|key| (*key, ())).collect()).into_iter().map(|(key, ())| key).collect()
        };
        let mut backwards = keys;
        backwards.reverse();
        assert_eq!(sorted(&keys), sorted(&backwards));
    }
}
