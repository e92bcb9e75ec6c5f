//! Which candidates a run is about, beside what the repository says: those of a plan, and none at all; and which of them
//! somebody asked for.

use crate::{
    changes::{About, Survey},
    charts::ChartVersion,
    config::Config,
    doors::disk,
    problem::Problem,
    publish::AskedFor,
    release::Template,
    report::documents,
};
use std::{collections::BTreeSet, path::Path};

/// What was named counts, what is strict, and the tag that started the run.
pub(super) fn asked_for(config: &Config) -> Result<AskedFor, Problem> {
    Ok(match &config.tag {
        _ if config.strict || !config.names.is_empty() => AskedFor::Everything,
        None => AskedFor::Nothing,
        Some(tag) => {
            let names = Template::parse(&config.releases.name_template)?;
            AskedFor::Tagged { tag: tag.clone(), names }
        }
    })
}

/// A folder that was misspelt looks like one whose charts are all published.
pub(super) fn no_charts(config: &Config, survey: &Survey) -> Option<Problem> {
    let nothing = survey.lanes.is_empty() && survey.placeholders.is_empty() && survey.problems.is_empty();
    nothing.then(|| {
        Problem::new(format!("there is no chart below {}", config.charts.join(", ")))
            .next("say with --charts where they are, and see that --exclude leaves some")
    })
}

/// Leaves only these candidates, and tells which of these are none.
pub(super) fn only_those(wanted: &BTreeSet<ChartVersion>, survey: &mut Survey) {
    let mut gone = wanted.clone();
    for lane in survey.lanes.values_mut() {
        lane.retain(|candidate| wanted.contains(&candidate.is));
        lane.iter().for_each(|candidate| {
            gone.remove(&candidate.is);
        });
    }
    let told: BTreeSet<String> = survey.problems.iter().map(|(about, _)| about.to_string()).collect();
    for is in gone.into_iter().filter(|is| !told.contains(&is.to_string())) {
        let problem = Problem::new(format!("the plan has {is}, and it is no candidate of this run")).next(
            format!("repeat the --since that the plan was made with, or run `chart-release publish {is}`"),
        );
        survey.problems.push((About::Version(is), problem));
    }
}

/// The versions of a plan document.
pub(super) fn selected(file: &Path) -> Result<BTreeSet<ChartVersion>, Problem> {
    let shown = file.display().to_string();
    let bytes = disk::read(file)?.ok_or_else(|| {
        Problem::new("there is no such plan")
            .in_file(&shown)
            .next("write one: chart-release plan --json > FILE")
    })?;
    Ok(documents::selected(&shown, &bytes)?.into_iter().collect())
}
