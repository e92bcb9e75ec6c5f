//! What is asked for, found in what is there.

use super::Surveying;
use crate::{
    changes::Selection,
    charts::ChartVersion,
    doors::git::FETCH_EVERYTHING,
    problem::{Problem, nearest},
    repo::{NoSurvey, history::History, view::View},
};
use std::collections::BTreeSet;

/// What is asked for, found in what is there.
pub(super) struct Asked {
    pub(super) current: BTreeSet<ChartVersion>,
    pub(super) older: BTreeSet<ChartVersion>,
    pub(super) is_sweep: bool,
    pub(super) since: Option<String>,
}

impl<V: View> Surveying<'_, V> {
    pub(super) fn asked(&self, selection: &Selection) -> Result<Asked, NoSurvey> {
        let mut asked =
            Asked { current: BTreeSet::new(), older: BTreeSet::new(), is_sweep: true, since: None };
        let names = match selection {
            Selection::Sweep { since } => {
                asked.current = self.now.named.keys().cloned().collect();
                asked.since = since.clone().filter(|since| !since.bytes().all(|byte| byte == b'0'));
                return Ok(asked);
            }
            Selection::Named(names) => names,
        };
        asked.is_sweep = false;
        for text in names {
            let (name, version) = text.rsplit_once('@').map_or((text.as_str(), None), |(n, v)| (n, Some(v)));
            let of_name = self.now.named.keys().filter(|is| is.name.as_str() == name);
            let current: Vec<_> =
                of_name.filter(|is| version.is_none_or(|v| is.version.as_str() == v)).cloned().collect();
            match version {
                Some(version) if current.is_empty() => {
                    asked.older.insert(ChartVersion::new(name, version));
                }
                None if current.is_empty() => return Err(self.unknown(name)),
                _ => asked.current.extend(current),
            }
        }
        Ok(asked)
    }

    /// A name that no chart has.
    fn unknown(&self, name: &str) -> NoSurvey {
        let folder_name = |path: &str| path.rsplit('/').next() == Some(name);
        if let Some((_, problem)) = self.now.unreadable.iter().find(|(path, _)| folder_name(path)) {
            return NoSurvey::Unreadable(problem.clone());
        }
        let problem = Problem::new(format!("there is no chart named `{name}`"));
        NoSurvey::NotThere(match nearest(name, self.now.named.keys().map(|is| is.name.as_str())) {
            Some(near) => problem.next(format!("did you mean `{near}`?")),
            None => {
                problem.next("name a chart as its Chart.yaml does, and see that `charts` covers its folder")
            }
        })
    }

    /// A version that no commit has.
    pub(super) fn not_in_history(&self, is: &ChartVersion, history: &History) -> NoSurvey {
        let problem = Problem::new(format!("no commit on the first-parent line of the head has {is}"));
        if history.is_cut_off {
            return NoSurvey::NotThere(problem.next(FETCH_EVERYTHING));
        }
        let of_name = self.now.named.keys().filter(|known| known.name == is.name);
        let current: Vec<_> = of_name.map(|known| format!("`{known}`")).collect();
        if current.is_empty() {
            return self.unknown(is.name.as_str());
        }
        NoSurvey::NotThere(problem.next(format!("the chart is now {}", current.join(" and "))))
    }
}
