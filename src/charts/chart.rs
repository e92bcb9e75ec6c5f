//! A chart: its files in the parts in which Helm sees them.

use super::{ChartName, ChartVersion, Files, Lock, Metadata, Version, values};
use crate::{
    archive::{self, Limits},
    problem::Problem,
};
use bytes::Bytes;
use std::collections::BTreeMap;

/// A chart that Helm can package.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What its Chart.yaml says, a requirements.yaml laid over it.
    pub metadata: Metadata,
    /// Its Chart.lock, or the requirements.lock in its place.
    pub lock: Option<Lock>,
    values: Option<Bytes>,
    schema: Option<Bytes>,
    /// In the order of Helm's walk, like `files`.
    templates: Vec<(String, Bytes)>,
    files: Vec<(String, Bytes)>,
    /// By the name of the chart, which is that of its folder in a package.
    subcharts: Vec<Subchart>,
}

#[derive(Clone, Debug)]
struct Subchart {
    /// Where it came from: `charts/d` or `charts/d-1.0.0.tgz`.
    origin: String,
    chart: Chart,
}

/// Subcharts of subcharts are read to this depth. No chart we know of has more than four levels.
pub(crate) const DEEPEST_SUBCHART: usize = 8;

impl Chart {
    /// Reads a chart to package it, as strictly as Helm 4.3.1 does and a little more: what Helm would package and then
    /// not read back is refused here.
    ///
    /// # Errors
    /// What is wrong with the first file that Helm, or a reader of the package, would stumble over.
    pub fn read(files: Files) -> Result<Self, Problem> {
        Self::read_without(files, &[])
    }

    /// The same of a chart that these dependencies were not fetched for: without them it is none that Helm would package,
    /// and all the rest of it can be known.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_without(files: Files, lacking: &[ChartName]) -> Result<Self, Problem> {
        let (chart, mut missing) = Self::read_with_gaps(files)?;
        missing.retain(|name| !lacking.contains(name));
        if !missing.is_empty() {
            let names: Vec<&str> = missing.iter().map(ChartName::as_str).collect();
            let what = format!("found in Chart.yaml, but missing in charts/ directory: {}", names.join(", "));
            let old = chart.files.iter().any(|(path, _)| path == "requirements.yaml");
            return Err(Problem::new(what)
                .in_file(if old { "requirements.yaml" } else { "Chart.yaml" })
                .next("run `helm dependency build`, or remove what is not needed from the dependencies"));
        }
        Ok(chart)
    }

    /// The same, whatever it depends on lies in its `charts/` or not: with the names of what does not.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_with_gaps(files: Files) -> Result<(Self, Vec<ChartName>), Problem> {
        let chart = Self::assemble(files.0, "", DEEPEST_SUBCHART, &mut { archive::LARGEST_UNPACKED })?;
        match chart.metadata.api_version.as_str() {
            "v1" | "v2" => {}
            "v3" => return Err(api_version("invalid chart apiVersion")),
            _ => return Err(api_version("unsupported chart version")),
        }
        chart.check("")?;
        let names = chart.metadata.dependencies.iter().map(|dependency| dependency.name.as_str());
        let missing = names.filter(|name| chart.subcharts().all(|subchart| subchart.metadata.name != **name));
        let missing = missing.map(ChartName::new).collect();
        Ok((chart, missing))
    }

    /// Reads what somebody published: only what Helm needs to load it, none of the checks of packaging.
    pub(crate) fn published(files: Vec<(String, Bytes)>) -> Result<Self, Problem> {
        Self::assemble(files.into_iter().collect(), "", DEEPEST_SUBCHART, &mut { archive::LARGEST_UNPACKED })
    }

    /// Which chart version this is.
    pub fn is(&self) -> ChartVersion {
        self.metadata.chart_version()
    }

    /// The charts in its `charts/`, by name.
    pub fn subcharts(&self) -> impl Iterator<Item = &Chart> {
        self.subcharts.iter().map(|subchart| &subchart.chart)
    }

    /// The chart with another version or appVersion, as `helm package --version --app-version` makes it: its own
    /// Chart.yaml must be valid before, and subcharts keep theirs.
    ///
    /// # Errors
    /// A version that is none.
    pub fn overridden(mut self, version: Option<&str>, app_version: Option<&str>) -> Result<Self, Problem> {
        if let Some(version) = version {
            if !Version::new(version).is_valid() {
                return Err(Problem::new(format!("invalid semantic version `{version}`")));
            }
            version.clone_into(&mut self.metadata.version);
        }
        if let Some(app_version) = app_version {
            app_version.clone_into(&mut self.metadata.app_version);
        }
        self.metadata.validate()?;
        Ok(self)
    }

    /// The chart as `SOURCE_DATE_EPOCH` changes it in Helm 4.3.1: this time, in seconds since 1970, stands in every
    /// Chart.lock. A requirements.lock keeps its text.
    ///
    /// # Errors
    /// A time after the year 9999, which a Chart.lock cannot hold.
    pub fn stamped(mut self, epoch: u64) -> Result<Self, Problem> {
        let seconds = i64::try_from(epoch).unwrap_or(i64::MAX);
        self.each_lock(&mut |lock| lock.generated_at(seconds))?;
        Ok(self)
    }

    /// Changes every Chart.lock that would be packaged.
    pub(crate) fn each_lock(
        &mut self,
        change: &mut impl FnMut(Lock) -> Result<Lock, Problem>,
    ) -> Result<(), Problem> {
        if self.metadata.api_version == "v2" {
            self.lock = self.lock.take().map(&mut *change).transpose()?;
        }
        self.subcharts.iter_mut().try_for_each(|subchart| subchart.chart.each_lock(change))
    }

    /// The files of a package in their order, each below a folder with the chart's name.
    ///
    /// Chart.yaml, Chart.lock, values.yaml, values.schema.json, templates, other files, subcharts. With at most one
    /// subchart to a level this is Helm's order; with more Helm has none, and here they are sorted.
    ///
    /// # Errors
    /// Metadata that cannot be written as YAML.
    pub fn entries(&self) -> Result<Vec<(String, Bytes)>, Problem> {
        let mut entries = Vec::new();
        self.add_entries("", &mut entries)?;
        Ok(entries)
    }

    fn add_entries(&self, above: &str, entries: &mut Vec<(String, Bytes)>) -> Result<(), Problem> {
        let folder = format!("{above}{}/", self.metadata.name);
        let mut add = |path: &str, content: Bytes| entries.push((format!("{folder}{path}"), content));
        add("Chart.yaml", self.metadata.to_packaged_yaml()?.into());
        if let Some(lock) = &self.lock
            && self.metadata.api_version == "v2"
        {
            add("Chart.lock", lock.to_yaml()?.into());
        }
        for (path, content) in [("values.yaml", &self.values), ("values.schema.json", &self.schema)] {
            if let Some(content) = content {
                add(path, content.clone());
            }
        }
        for (path, content) in self.templates.iter().chain(&self.files) {
            add(path, content.clone());
        }
        let above = format!("{folder}charts/");
        self.subcharts().try_for_each(|subchart| subchart.add_entries(&above, entries))
    }

    /// `at` is the path of the chart's folder with a slash at its end, or nothing: for problems. All archives below
    /// it together may unpack to what is `left`: Helm gives each as much, but a chart with more could not be packaged.
    fn assemble(
        files: BTreeMap<String, Bytes>,
        at: &str,
        depth: usize,
        left: &mut u64,
    ) -> Result<Self, Problem> {
        let mut files: BTreeMap<String, Bytes> =
            files.into_iter().map(|(path, content)| (path, without_mark(content))).collect();
        Self::assemble_stripped(&mut files, at, depth, left)
    }

    fn assemble_stripped(
        files: &mut BTreeMap<String, Bytes>,
        at: &str,
        depth: usize,
        left: &mut u64,
    ) -> Result<Self, Problem> {
        let Some(chart_yaml) = files.remove("Chart.yaml") else {
            return Err(Problem::new("Chart.yaml file is missing").in_file(format!("{at}Chart.yaml")));
        };
        let requirements = files.get("requirements.yaml").map(|text| &text[..]);
        let metadata =
            Metadata::read_with_requirements(&format!("{at}Chart.yaml"), &chart_yaml, requirements)?;
        let v1 = metadata.api_version == "v1";
        let mut lock = None;
        // In the order in which Helm comes by: the last one there is counts.
        for name in ["Chart.lock", "requirements.lock"] {
            if let Some(text) = files.get(name) {
                lock = Lock::read(&format!("{at}{name}"), text).map_err(|problem| Problem {
                    what: format!("cannot load {name}: {}", problem.what),
                    ..problem
                })?;
            }
        }
        files.remove("Chart.lock");
        if !v1 {
            files.remove("requirements.yaml");
            files.remove("requirements.lock");
        }
        let mut chart = Self {
            metadata,
            lock,
            values: files.remove("values.yaml"),
            schema: files.remove("values.schema.json"),
            templates: Vec::new(),
            files: Vec::new(),
            subcharts: Vec::new(),
        };
        let mut groups: BTreeMap<String, BTreeMap<String, Bytes>> = BTreeMap::new();
        for (path, content) in std::mem::take(files) {
            if path.starts_with("templates/") {
                chart.templates.push((path, content));
            } else if let Some(rest) = path.strip_prefix("charts/")
                && extension(&path) != Some("prov")
            {
                let (group, inner) = rest.split_once('/').unwrap_or((rest, ""));
                groups.entry(group.to_owned()).or_default().insert(inner.to_owned(), content);
            } else {
                chart.files.push((path, content));
            }
        }
        for list in [&mut chart.templates, &mut chart.files] {
            list.sort_by(|(left, _), (right, _)| left.split('/').cmp(right.split('/')));
        }
        for (name, group) in groups {
            // Helm passes over these without a word.
            if !name.starts_with(['_', '.']) {
                let subchart = Self::subchart(&name, group, at, depth, left).map_err(|problem| {
                    let what = format!(
                        "error unpacking subchart {name} in {}: {}",
                        chart.metadata.name, problem.what
                    );
                    Problem { what, ..problem }
                })?;
                chart.subcharts.push(Subchart { origin: format!("{at}charts/{name}"), chart: subchart });
            }
        }
        chart.subcharts.sort_by(|left, right| left.chart.metadata.name.cmp(&right.chart.metadata.name));
        Ok(chart)
    }

    /// One entry of `charts/`: a file under the empty path, or the files of a folder.
    fn subchart(
        name: &str,
        mut files: BTreeMap<String, Bytes>,
        at: &str,
        depth: usize,
        left: &mut u64,
    ) -> Result<Self, Problem> {
        let at = format!("{at}charts/{name}");
        let Some(depth) = depth.checked_sub(1) else {
            return Err(
                Problem::new(format!("subcharts are nested more than {DEEPEST_SUBCHART} deep")).in_file(at)
            );
        };
        let file = files.remove("");
        let inside = format!("{at}/");
        if extension(name) == Some("tgz") {
            let Some(file) = file else {
                return Err(Problem::new("a folder has the name of a chart archive").in_file(at));
            };
            let limits = Limits { total: *left, ..Limits::default() };
            let files = archive::read(&file, &limits).map_err(|problem| problem.in_file(at))?;
            *left -= files.iter().map(|(_, content)| content.len() as u64).sum::<u64>();
            return Self::assemble(files.into_iter().collect(), &inside, depth, left);
        }
        if file.is_some() && files.is_empty() {
            return Err(Problem::new("Chart.yaml file is missing")
                .in_file(at)
                .next("only charts belong in charts/: move the file, or add it to .helmignore"));
        }
        Self::assemble_stripped(&mut files, &inside, depth, left)
    }

    /// What Helm checks when it packages, and what would make a package that cannot be read.
    fn check(&self, at: &str) -> Result<(), Problem> {
        if let Some(text) = &self.values {
            values::check(&format!("{at}values.yaml"), text)?;
        }
        if let Some(text) = &self.schema {
            serde_json::from_slice::<serde::de::IgnoredAny>(text).map_err(|error| {
                Problem::new(format!("invalid JSON in values.schema.json: {error}"))
                    .at(format!("{at}values.schema.json"), error.line())
            })?;
        }
        for (path, _) in self.templates.iter().chain(&self.files) {
            check_name(&self.metadata.name, path)
                .map_err(|problem| problem.in_file(format!("{at}{path}")))?;
        }
        for pair in self.subcharts.windows(2) {
            let name = &pair[0].chart.metadata.name;
            if *name == pair[1].chart.metadata.name {
                let what = format!(
                    "the subchart `{name}` is there twice, in {} and in {}: Helm would mix their files",
                    pair[0].origin, pair[1].origin
                );
                return Err(Problem::new(what).in_file(pair[1].origin.clone()).next("remove one of the two"));
            }
        }
        self.subcharts.iter().try_for_each(|subchart| subchart.chart.check(&format!("{}/", subchart.origin)))
    }
}

/// Helm reads some names back as others, or refuses the whole package for them.
fn check_name(chart: &str, path: &str) -> Result<(), Problem> {
    match archive::path_of(&format!("{chart}/{path}")) {
        Ok(read) if read == path => Ok(()),
        _ => Err(Problem::new("no Helm could read a file of this name back from the package")
            .next("rename it, or add it to .helmignore")),
    }
}

fn api_version(what: &str) -> Problem {
    Problem::new(what).in_file("Chart.yaml").next("set `apiVersion: v2`")
}

/// Helm takes one byte order mark from the start of every file.
fn without_mark(content: Bytes) -> Bytes {
    if content.starts_with(b"\xEF\xBB\xBF") { content.slice(3..) } else { content }
}

/// What follows the last dot of the last component, as Go's `filepath.Ext` takes it.
fn extension(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map(|(_, extension)| extension)
}
