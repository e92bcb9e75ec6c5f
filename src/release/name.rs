//! The name of a release, which is its git tag too: a Go template over the fields of the Chart.yaml, as
//! chart-releaser has it. Go's own functions are there; those of Helm's templates are not.

use crate::{
    charts::{ChartName, ChartVersion, Dependency, Maintainer, Metadata, Version},
    problem::Problem,
};
use gtmpl_ng::{Context, Limits, Value};
use std::collections::HashMap;

/// A template that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
}

/// What the names of all releases of a chart have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AroundVersion {
    /// What stands before the version.
    pub before: String,
    /// What stands behind it.
    pub behind: String,
}

impl AroundVersion {
    /// The version of the chart whose release is called so. As in the names of packages, only versions in three numbers
    /// count: `demo-2-1.0.0` is one of `demo-2`.
    pub fn version(&self, name: &str) -> Option<Version> {
        let version = name.strip_prefix(&self.before)?.strip_suffix(&self.behind)?;
        let three_numbers = Version::new(version.strip_prefix('v').unwrap_or(version)).is_strict();
        three_numbers.then(|| Version::new(version))
    }
}

/// No file system takes a longer name.
const LONGEST: usize = 250;
const OPTION: &str = "--release-name-template";

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is no template, asks for a field that no Chart.yaml has, or gives something that cannot be a tag.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let template = Self { text: text.to_owned() };
        match template.render(&example(1)) {
            // An annotation that is missing in the example may be there in all charts.
            Err(_) if text.contains(".Annotations") => template.parsed().map(|_| ()),
            rendered => rendered.map(|_| ()),
        }?;
        Ok(template)
    }

    /// The name for a chart.
    ///
    /// # Errors
    /// A template that fails for this chart, and a name that git takes for no tag.
    pub fn render(&self, metadata: &Metadata) -> Result<String, Problem> {
        let name = self
            .parsed()?
            .render(&Context::from(value(metadata)))
            .map_err(|error| self.wrong(&error.to_string()))?;
        let name = name.trim().to_owned();
        match flaw(&name) {
            None => Ok(name),
            Some(flaw) => {
                let what =
                    format!("the release of {} cannot be called {name:?}: {flaw}", metadata.chart_version());
                Err(Problem::new(what)
                    .next(format!("change {OPTION} ({}) so that it gives the name of a git tag", self.text)))
            }
        }
    }

    /// The name where it follows from a chart's name and version alone.
    pub fn of(&self, is: &ChartVersion) -> Option<String> {
        let with = |number| {
            let (name, version) = (is.name.to_string(), is.version.to_string());
            self.render(&Metadata { name, version, ..example(number) }).ok()
        };
        let one = with(1)?;
        (with(2)? == one).then_some(one)
    }

    /// How all releases of a chart are called, where that follows from name and version alone.
    pub fn around_version(&self, chart: &ChartName) -> Option<AroundVersion> {
        let [one, other] =
            ["1.1.1", "2.2.2"].map(|version| self.of(&ChartVersion::new(chart.as_str(), version)));
        let (before, behind) = one.as_deref()?.split_once("1.1.1")?;
        let around = AroundVersion { before: before.to_owned(), behind: behind.to_owned() };
        (other? == format!("{before}2.2.2{behind}")).then_some(around)
    }

    fn parsed(&self) -> Result<gtmpl_ng::Template, Problem> {
        let mut parsed = gtmpl_ng::Template::with_limits(Limits::default().with_output_bytes(4096));
        parsed.parse(self.text.as_str()).map_err(|error| self.wrong(&error.to_string()))?;
        Ok(parsed)
    }

    fn wrong(&self, why: &str) -> Problem {
        let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
        Problem::new(format!("the release name template {:?} does not work: {why}", self.text))
            .next(format!("change {OPTION}; {{{{ .Name }}}}-{{{{ .Version }}}} is what most use"))
    }
}

impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// What is wrong with a name for a tag, after `git check-ref-format`.
fn flaw(name: &str) -> Option<&'static str> {
    let forbidden =
        |c: char| c.is_ascii_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    let wrong_part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    Some(match name {
        "" => "it is empty",
        "@" => "git means HEAD by it",
        _ if name.len() > LONGEST => "it is too long",
        _ if name.contains("<no value>") => "a field has no value",
        _ if name.starts_with('-') => "it begins with -",
        _ if name.starts_with("refs/") => "it begins with refs/",
        _ if name.contains("..") => "it has .. in it",
        _ if name.contains("@{") => "it has @{ in it",
        _ if name.ends_with('.') => "it ends with a full stop",
        _ if name.contains(forbidden) => "it has a space or one of ~^:?*[\\ in it",
        _ if name.split('/').any(wrong_part) => "a part between / is empty, begins with . or ends with .lock",
        _ => return None,
    })
}

/// A chart that fills all fields; two of them differ in all but name and version.
fn example(number: u8) -> Metadata {
    let text = |text: &str| format!("{text}{number}");
    Metadata {
        name: "name".into(),
        version: "1.0.0".into(),
        home: text("home"),
        sources: vec![text("source")],
        description: text("description"),
        keywords: vec![text("keyword")],
        maintainers: vec![Maintainer { name: text("name"), email: text("mail"), url: text("url") }],
        icon: text("icon"),
        api_version: format!("v{number}"),
        condition: text("condition"),
        tags: text("tags"),
        app_version: format!("{number}.0.0"),
        deprecated: number == 2,
        annotations: [(text("annotation"), text("value"))].into(),
        kube_version: format!(">={number}"),
        dependencies: vec![Dependency { name: text("name"), version: text("1.0."), ..Dependency::default() }],
        kind: text("type"),
    }
}

/// The fields as Go's struct for them has them.
fn value(metadata: &Metadata) -> Value {
    let list = |texts: &[String]| Value::from(texts.to_vec());
    let maintainer = |one: &Maintainer| {
        object([
            ("Name", Value::from(&one.name)),
            ("Email", Value::from(&one.email)),
            ("URL", Value::from(&one.url)),
        ])
    };
    let dependency = |one: &Dependency| {
        object([
            ("Name", Value::from(&one.name)),
            ("Version", Value::from(&one.version)),
            ("Repository", Value::from(&one.repository)),
            ("Condition", Value::from(&one.condition)),
            ("Alias", Value::from(&one.alias)),
        ])
    };
    let annotations = metadata.annotations.iter().map(|(key, value)| (key.clone(), Value::from(value)));
    object([
        ("Name", Value::from(&metadata.name)),
        ("Home", Value::from(&metadata.home)),
        ("Sources", list(&metadata.sources)),
        ("Version", Value::from(&metadata.version)),
        ("Description", Value::from(&metadata.description)),
        ("Keywords", list(&metadata.keywords)),
        ("Maintainers", Value::Array(metadata.maintainers.iter().map(maintainer).collect())),
        ("Icon", Value::from(&metadata.icon)),
        ("APIVersion", Value::from(&metadata.api_version)),
        ("Condition", Value::from(&metadata.condition)),
        ("Tags", Value::from(&metadata.tags)),
        ("AppVersion", Value::from(&metadata.app_version)),
        ("Deprecated", Value::from(metadata.deprecated)),
        ("Annotations", Value::Map(annotations.collect())),
        ("KubeVersion", Value::from(&metadata.kube_version)),
        ("Dependencies", Value::Array(metadata.dependencies.iter().map(dependency).collect())),
        ("Type", Value::from(&metadata.kind)),
    ])
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value));
    Value::Object(fields.collect::<HashMap<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demo() -> Metadata {
        Metadata {
            name: "demo".into(),
            version: "1.2.0".into(),
            app_version: "v7".into(),
            annotations: [("team".into(), "blue".into())].into(),
            ..Metadata::default()
        }
    }

    fn rendered(text: &str) -> Result<String, String> {
        Template::parse(text).and_then(|template| template.render(&demo())).map_err(|problem| problem.what)
    }

    #[test]
    fn names_come_out_as_chart_releaser_gives_them() {
        for (text, name) in [
            ("{{ .Name }}-{{ .Version }}", "demo-1.2.0"),
            ("v{{ .Version }}", "v1.2.0"),
            ("helm-chart-{{.Version}}", "helm-chart-1.2.0"),
            ("charts/{{ .Name }}/{{ printf \"v%s\" .Version }}", "charts/demo/v1.2.0"),
            ("{{ .Name }}-{{ .AppVersion }}", "demo-v7"),
            ("{{ if .Deprecated }}old-{{ end }}{{ .Version }}", "1.2.0"),
            ("{{ .Annotations.team }}-{{ .Version }}", "blue-1.2.0"),
            ("v0.25.3", "v0.25.3"),
        ] {
            assert_eq!(rendered(text).as_deref(), Ok(name), "{text}");
        }
    }

    #[test]
    fn a_name_is_known_before_the_chart_is_when_only_name_and_version_are_in_it() {
        let is = ChartVersion::new("demo", "1.2.0+x");
        let of = |text| Template::parse(text).unwrap().of(&is);
        assert_eq!(of("{{ .Name }}-{{ .Version }}").as_deref(), Some("demo-1.2.0+x"));
        assert_eq!(of("{{ .Name }}-{{ .AppVersion }}"), None);
        assert_eq!(of("{{ if .Deprecated }}x{{ end }}{{ .Version }}"), None);
    }

    #[test]
    fn the_version_is_told_from_the_name_of_a_release() {
        let around = |text| Template::parse(text).unwrap().around_version(&ChartName::new("demo"));
        let version = |text, name| around(text).and_then(|around| around.version(name));
        for (text, name) in [
            ("{{ .Name }}-{{ .Version }}", "demo-1.2.0-rc.1"),
            ("charts/{{ .Name }}/v{{ .Version }}", "charts/demo/v1.2.0-rc.1"),
            ("{{ .Version }}-chart", "1.2.0-rc.1-chart"),
        ] {
            assert_eq!(version(text, name), Some(Version::new("1.2.0-rc.1")), "{text}");
        }
        for other in ["demo-2-1.0.0", "demo-extra-1.0.0", "other-1.0.0", "demo-", "v1.0.0"] {
            assert_eq!(version("{{ .Name }}-{{ .Version }}", other), None, "{other}");
        }
        assert_eq!(version("{{ .Name }}-{{ .AppVersion }}", "demo-1.2.0"), None);
        assert_eq!(version("v1", "v1"), None);
    }

    #[test]
    fn what_does_not_work_is_said_at_once() {
        for (text, says) in [
            ("{{ .Name", "does not work"),
            ("{{ .Nmae }}-{{ .Version }}", "Nmae"),
            ("{{ .Name | quote }}", "quote"),
            ("", "it is empty"),
            ("{{ .Name }} {{ .Version }}", "a space"),
            ("{{ .Name }}:{{ .Version }}", "a space or one of"),
            ("/{{ .Version }}", "a part between /"),
            ("-{{ .Version }}", "begins with -"),
            ("{{ .Version }}.lock", ".lock"),
            ("{{ .Version }}..", ".."),
        ] {
            let what = rendered(text).expect_err(text);
            assert!(what.contains(says), "{text}: {what}");
        }
    }
}
