//! Which folders of the repository are charts of the configuration.

use crate::problem::Problem;
use globset::{GlobBuilder, GlobMatcher};

/// The name of the file that makes a folder a chart.
pub const CHART_YAML: &str = "Chart.yaml";

/// Where charts are looked for, and where not.
///
/// Patterns are paths from the repository root with `/`. `*` and `?` stay inside one path component, `**` crosses
/// them; `[ab]` and `{a,b}` work as in a shell. `.` is the repository root; a `./` before and a `/` after a pattern
/// mean nothing. A folder lies under a pattern when the pattern matches the folder itself or one that it lies in: of
/// `charts`, `charts/*` and `**/charts`, each finds `charts/demo` and `charts/group/demo`. Excludes work alike, and
/// win: to exclude by a folder's name at any depth, write `**/name`.
#[derive(Clone, Debug)]
pub struct Roots {
    roots: Vec<Pattern>,
    excludes: Vec<Pattern>,
}

#[derive(Clone, Debug)]
struct Pattern {
    /// `None` for the repository root.
    whole: Option<GlobMatcher>,
    /// The pattern's leading components, one more each: what a folder on the way to a match looks like. `None` where
    /// a match may lie anywhere below.
    way: Vec<Option<GlobMatcher>>,
}

impl Roots {
    /// Charts are looked for under `charts`, but not under `excludes`.
    ///
    /// # Errors
    /// A pattern that is no glob, or leaves the repository.
    pub fn new<S: AsRef<str>>(charts: &[S], excludes: &[S]) -> Result<Self, Problem> {
        let read = |patterns: &[S]| {
            patterns.iter().map(|pattern| Pattern::new(pattern.as_ref())).collect::<Result<_, _>>()
        };
        Ok(Self { roots: read(charts)?, excludes: read(excludes)? })
    }

    /// Whether a folder with a `Chart.yaml` is a chart of the configuration. `""` is the repository root. That it
    /// does not lie in another chart's `charts/` is the walk's part, by [`Roots::enters`].
    pub fn count(&self, folder: &str) -> bool {
        under_any(&self.roots, folder) && !under_any(&self.excludes, folder)
    }

    /// Whether the search enters a folder's child: not into a chart's own `charts/`, not where it is excluded, and
    /// only where a chart may lie.
    pub fn enters(&self, folder: &str, is_chart: bool, child: &str) -> bool {
        if is_chart && child == "charts" {
            return false;
        }
        let child = join(folder, child);
        !under_any(&self.excludes, &child) && (under_any(&self.roots, &child) || self.lead_through(&child))
    }

    fn lead_through(&self, folder: &str) -> bool {
        self.roots.iter().any(|pattern| pattern.leads_through(folder))
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, Problem> {
        let mut path = text.trim_end_matches('/');
        while let Some(rest) = path.strip_prefix("./") {
            path = rest.trim_start_matches('/');
        }
        if text.starts_with('/') || path.split('/').any(|component| component == "..") {
            return Err(Problem::new(format!("the pattern `{text}` leaves the repository"))
                .next("write it as a path from the repository root, such as `charts/*`"));
        }
        if matches!(path, "" | ".") {
            return Ok(Self { whole: None, way: Vec::new() });
        }
        let whole = glob(path).map_err(|error| {
            Problem::new(format!("`{text}` is not a pattern for folders: {}", error.kind()))
        })?;
        let ends = path.match_indices('/').map(|(at, _)| &path[..at]);
        let way = ends.map(|lead| if lead.contains("**") { None } else { glob(lead).ok() });
        // `**` may also stand in the last component.
        let last = path.rsplit('/').next().is_some_and(|last| last.contains("**"));
        let way = way.chain(last.then_some(None)).collect();
        Ok(Self { whole: Some(whole), way })
    }

    fn covers(&self, folder: &str) -> bool {
        let Some(whole) = &self.whole else { return true };
        upwards(folder).any(|folder| whole.is_match(folder))
    }

    fn leads_through(&self, folder: &str) -> bool {
        let mut depth = 0;
        for end in folder.match_indices('/').map(|(at, _)| at).chain([folder.len()]) {
            match self.way.get(depth) {
                Some(None) => return true,
                Some(Some(lead)) if lead.is_match(&folder[..end]) => depth += 1,
                _ => return false,
            }
        }
        true
    }
}

fn glob(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    Ok(GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build()?.compile_matcher())
}

fn under_any(patterns: &[Pattern], folder: &str) -> bool {
    patterns.iter().any(|pattern| pattern.covers(folder))
}

/// The folder itself and the folders it lies in, without the repository root.
fn upwards(folder: &str) -> impl Iterator<Item = &str> {
    let ends = folder.match_indices('/').map(|(at, _)| at).chain([folder.len()]);
    ends.filter(|end| *end > 0).map(|end| &folder[..end])
}

/// A path below a folder; the repository root is `""`.
pub fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::Roots;

    /// Which of these folders the search reaches, and of them which count.
    fn found(charts: &[&str], excludes: &[&str], folders: &[&str]) -> Vec<String> {
        let roots = Roots::new(charts, excludes).unwrap();
        let reached = |folder: &str| {
            let mut at = String::new();
            folder.split('/').filter(|name| !name.is_empty()).all(|name| {
                let enters = roots.enters(&at, false, name);
                at = super::join(&at, name);
                enters
            })
        };
        let counted = folders.iter().filter(|folder| roots.count(folder));
        counted.filter(|folder| reached(folder)).map(|folder| folder.to_string()).collect()
    }

    #[test]
    fn a_root_is_a_folder_or_one_that_it_lies_in() {
        let folders = ["", "app", "charts", "charts/a", "charts/group/b", "stable/c", "deep/er/charts/d"];
        let all = |charts: &[&str]| found(charts, &[], &folders);
        assert_eq!(all(&["charts"]), ["charts", "charts/a", "charts/group/b"]);
        assert_eq!(all(&["./charts/"]), ["charts", "charts/a", "charts/group/b"]);
        assert_eq!(all(&["charts/*"]), ["charts/a", "charts/group/b"]);
        assert_eq!(all(&["charts/*/*"]), ["charts/group/b"]);
        assert_eq!(all(&["**/charts"]), ["charts", "charts/a", "charts/group/b", "deep/er/charts/d"]);
        assert_eq!(all(&["deep/**/d"]), ["deep/er/charts/d"]);
        assert_eq!(all(&["{stable,deep/er}"]), ["stable/c", "deep/er/charts/d"]);
        assert_eq!(all(&["."]), folders);
        assert_eq!(all(&["chart"]), [""; 0]);
    }

    #[test]
    fn an_exclude_wins_over_a_root() {
        let folders = ["charts/a", "charts/a-test", "charts/group/a", "charts/group/b"];
        assert_eq!(
            found(&["charts"], &["charts/a"], &folders),
            ["charts/a-test", "charts/group/a", "charts/group/b"]
        );
        assert_eq!(found(&["charts"], &["**/a"], &folders), ["charts/a-test", "charts/group/b"]);
        assert_eq!(found(&["charts"], &["charts/group"], &folders), ["charts/a", "charts/a-test"]);
    }

    #[test]
    fn subcharts_are_no_charts_of_their_own() {
        let roots = Roots::new(&["."], &[]).unwrap();
        assert!(!roots.enters("charts/a", true, "charts"));
        assert!(roots.enters("charts/a", true, "examples"));
        assert!(!roots.enters("", true, "charts"));
        assert!(roots.enters("", false, "charts"));
    }

    #[test]
    fn a_pattern_stays_in_the_repository() {
        for pattern in ["/charts", "../charts", "charts/../x", "[a"] {
            Roots::new(&[pattern], &[]).unwrap_err();
        }
    }
}
