//! `.helmignore`: which files of a chart its author leaves out of the package.
//!
//! The language looks like `.gitignore` and is not: a negated rule never brings a file back, it ignores everything
//! that it does *not* match, and the first rule that decides wins. Helm froze it like this for charts of `apiVersion`
//! v1 and v2, so it is followed here to the letter (Helm 4.3.1, `pkg/ignore`).

use super::glob::Glob;
use crate::problem::Problem;

/// The rules of a chart's root `.helmignore`, and after them the one rule that always holds: `templates/.?*`.
#[derive(Clone, Debug)]
pub struct Rules(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    negated: bool,
    directories_only: bool,
    /// Matched against the whole path; otherwise against the last component, at any depth.
    whole_path: bool,
    glob: Glob,
}

/// Longest line that Helm's line scanner takes, in bytes with its line break.
const LONGEST_LINE: usize = 64 * 1024;

impl Default for Rules {
    /// What holds for a chart without a `.helmignore`.
    fn default() -> Self {
        Self(vec![default_rule()])
    }
}

impl Rules {
    /// Reads a `.helmignore`. One line that is not a pattern fails the whole file, as in Helm.
    ///
    /// # Errors
    /// A `**`, a malformed pattern or a line of 64 KiB, at its line of `.helmignore`.
    pub fn parse(text: &[u8]) -> Result<Self, Problem> {
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        let mut rules = Vec::new();
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let problem = |what: &str| Problem::new(what).at(".helmignore", index + 1);
            if line.len() >= LONGEST_LINE {
                return Err(problem("the line is too long: Helm reads lines below 64 KiB"));
            }
            let line = String::from_utf8_lossy(line);
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.contains("**") {
                return Err(problem("double-star (**) syntax is not supported")
                    .next("name each folder level, or ignore the folder itself"));
            }
            if !Glob::new(line).is_accepted() {
                return Err(problem(&format!("syntax error in pattern `{line}`")));
            }
            rules.push(Rule::of(line));
        }
        rules.push(default_rule());
        Ok(Self(rules))
    }

    /// Whether the file or folder at this path, relative to the chart's root and with `/`, is left out. What lies
    /// below a folder that is left out is left out too, but that is the walk's part: it does not enter the folder.
    ///
    /// For a symbolic link, `is_directory` is about what it leads to.
    pub fn ignores(&self, path: &str, is_directory: bool) -> bool {
        if matches!(path, "" | "." | "./") {
            return false;
        }
        for rule in &self.0 {
            let can_match = is_directory || !rule.directories_only;
            let matched = can_match && rule.matches(path);
            if matched != rule.negated {
                return true;
            }
        }
        false
    }
}

impl Rule {
    /// A line that is known to be a pattern. Helm strips what is not the pattern's in this order, each once.
    fn of(line: &str) -> Self {
        let (negated, line) = strip(line, |line| line.strip_prefix('!'));
        let (directories_only, line) = strip(line, |line| line.strip_suffix('/'));
        let (rooted, pattern) = strip(line, |line| line.strip_prefix('/'));
        Self {
            negated,
            directories_only,
            whole_path: rooted || pattern.contains('/'),
            glob: Glob::new(pattern),
        }
    }

    fn matches(&self, path: &str) -> bool {
        let text = if self.whole_path { path } else { last_component(path) };
        self.glob.matches(text)
    }
}

fn strip<'a>(line: &'a str, strip: impl Fn(&'a str) -> Option<&'a str>) -> (bool, &'a str) {
    strip(line).map_or((false, line), |rest| (true, rest))
}

/// Hidden files directly in `templates/`, such as an editor's swap file, would be rendered.
fn default_rule() -> Rule {
    Rule::of("templates/.?*")
}

fn last_component(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        let problem = Rules::parse(b"# comment\n\n*.md\n[z-\n").unwrap_err();
        let place = problem.place.unwrap();
        assert_eq!((place.file.as_str(), place.line), (".helmignore", Some(4)));
    }

    #[test]
    fn a_byte_order_mark_counts_only_at_the_start_and_line_breaks_may_be_windows() {
        let rules = Rules::parse(b"\xEF\xBB\xBFa.txt\r\n  b.txt  \r\n").unwrap();
        assert!(rules.ignores("a.txt", false) && rules.ignores("x/b.txt", false));
        assert!(!rules.ignores("c.txt", false));
    }

    #[test]
    fn a_line_that_only_helm_cannot_read_is_refused() {
        let long = [b"a".repeat(LONGEST_LINE), b"\n".to_vec()].concat();
        assert!(Rules::parse(&long).is_err());
    }

    #[test]
    fn a_star_steps_by_bytes_as_in_go() {
        let rules = Rules::parse("*??.txt\n".as_bytes()).unwrap();
        assert!(rules.ignores("\u{20ac}.txt", false), "three bytes: a star and two question marks");
        assert!(!rules.ignores("\u{e9}.txt", false));
        let rules = Rules::parse("[^a]x\nb[\u{e8}-\u{ea}]\n".as_bytes()).unwrap();
        assert!(rules.ignores("\u{e9}x", false) && rules.ignores("b\u{e9}", false));
    }

    #[test]
    fn what_is_no_pattern_without_its_slash_never_matches() {
        let rules = Rules::parse(b"\\/\n").unwrap();
        assert!(!rules.ignores("\\", true) && !rules.ignores("a", true));
        // Helm tries a line on `abc` and stops before the mistake.
        let rules = Rules::parse(b"x*[\n").unwrap();
        assert!(!rules.ignores("x[", false) && !rules.ignores("x", false));
    }
}
