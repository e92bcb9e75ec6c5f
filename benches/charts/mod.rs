//! Repositories of realistic charts to measure with: the same ones at every run, of any number of commits.
//!
//! A chart has 10 to 30 templates, values, a README, every third a subchart; that is some 125 kB in 35 files.

use std::{
    fmt::Write as _,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

/// How many charts a repository has.
pub const CHARTS: usize = 40;

/// Of them, those that are still worked on in the second half of the history.
const AWAKE: usize = 37;

/// A row of numbers that looks random and is the same at every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        // Knuth's MMIX generator; its upper bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len())]
    }

    /// A line of this many words.
    fn words(&mut self, count: usize) -> String {
        (0..count).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }
}

const WORDS: [&str; 48] = [
    "the",
    "a",
    "service",
    "database",
    "replica",
    "when",
    "is",
    "enabled",
    "should",
    "be",
    "set",
    "to",
    "cluster",
    "image",
    "tag",
    "of",
    "and",
    "pod",
    "annotation",
    "label",
    "selector",
    "port",
    "name",
    "number",
    "secret",
    "key",
    "storage",
    "class",
    "volume",
    "claim",
    "size",
    "limit",
    "request",
    "memory",
    "cpu",
    "node",
    "affinity",
    "token",
    "metrics",
    "scrape",
    "interval",
    "timeout",
    "probe",
    "ready",
    "live",
    "config",
    "value",
    "default",
];

/// The name of a chart.
pub fn name(chart: usize) -> String {
    format!("service-{chart:02}")
}

/// The history of a repository, as `git fast-import` reads it.
struct Stream {
    text: String,
    commits: usize,
}

impl Stream {
    fn commit(&mut self, message: &str) {
        self.commits += 1;
        let time = 1_600_000_000 + 3_600 * self.commits;
        let somebody = "Somebody <somebody@example.com>";
        let _ = write!(self.text, "commit refs/heads/main\ncommitter {somebody} {time} +0000\n");
        let _ = writeln!(self.text, "data {}\n{message}", message.len());
    }

    fn file(&mut self, path: &str, content: &str) {
        let _ = writeln!(self.text, "M 100644 inline {path}\ndata {}\n{content}", content.len());
    }
}

/// Makes a repository in this empty folder, and checks it out. Six in ten commits bump a chart, one changes a chart
/// without, and the others change what is no chart. Some charts are changed much more often than others.
pub fn repository(folder: &Path, commits: usize) {
    let mut numbers = Numbers(7);
    let mut stream = Stream { text: String::new(), commits: 0 };
    let mut versions = [0; CHARTS];
    stream.commit("Add the charts");
    for chart in 0..CHARTS {
        whole(&mut stream, &mut numbers, chart);
    }
    for commit in 1..commits {
        // Squared, so that the last chart is changed some twelve times less often than the first.
        let chart = numbers.below(1000).pow(2) * CHARTS / 1_000_000;
        // Some charts fall asleep: a sweep has to walk back to their last version.
        let chart = if chart >= AWAKE && commit > commits / 2 { 0 } else { chart };
        let folder = format!("charts/{}", name(chart));
        match numbers.below(10) {
            0..6 => {
                versions[chart] += 1;
                stream.commit(&format!("Release {}", name(chart)));
                stream.file(&format!("{folder}/Chart.yaml"), &chart_yaml(chart, versions[chart]));
                stream.file(&format!("{folder}/templates/resource-00.yaml"), &template(&mut numbers));
            }
            6 => {
                stream.commit(&format!("Say more about {}", name(chart)));
                stream.file(&format!("{folder}/README.md"), &readme(&mut numbers, chart));
            }
            _ => {
                stream.commit("Change the workflows");
                stream.file(&format!(".github/workflows/check-{}.yaml", commit % 7), &template(&mut numbers));
            }
        }
    }
    git(folder, &["init", "--quiet", "--initial-branch=main"], "");
    git(folder, &["fast-import", "--quiet"], &stream.text);
    git(folder, &["repack", "-a", "-d", "--quiet"], "");
    git(folder, &["reset", "--quiet", "--hard"], "");
}

/// All files of a new chart: 10 to 30 templates, values, a README, helpers; every third with a subchart.
fn whole(stream: &mut Stream, numbers: &mut Numbers, chart: usize) {
    let folder = format!("charts/{}", name(chart));
    stream.file(&format!("{folder}/Chart.yaml"), &chart_yaml(chart, 0));
    stream
        .file(&format!("{folder}/.helmignore"), ".DS_Store\n*.tmproj\n*.bak\n*.orig\n.git/\n.idea/\n/ci/\n");
    stream.file(&format!("{folder}/README.md"), &readme(numbers, chart));
    parts(stream, numbers, &folder, 10 + chart * 7 % 21);
    stream.file(&format!("{folder}/ci/test-values.yaml"), &values(numbers, 5));
    if chart.is_multiple_of(3) {
        let folder = format!("{folder}/charts/common");
        let text =
            "apiVersion: v2\nname: common\nversion: 2.1.0\ntype: library\ndescription: What charts share\n";
        stream.file(&format!("{folder}/Chart.yaml"), text);
        parts(stream, numbers, &folder, 6);
    }
}

fn parts(stream: &mut Stream, numbers: &mut Numbers, folder: &str, templates: usize) {
    let settings = 60 + numbers.below(240);
    stream.file(&format!("{folder}/values.yaml"), &values(numbers, settings));
    stream.file(&format!("{folder}/templates/_helpers.tpl"), &template(numbers));
    for resource in 0..templates {
        stream.file(&format!("{folder}/templates/resource-{resource:02}.yaml"), &template(numbers));
    }
}

fn chart_yaml(chart: usize, version: usize) -> String {
    let (name, minor, patch) = (name(chart), version / 10, version % 10);
    let mut text = format!(
        "apiVersion: v2\nname: {name}\nversion: 1.{minor}.{patch}\nappVersion: \"4.{minor}\"\ntype: application\n\
         description: A service that does one thing and does it well\nhome: https://example.org/{name}\n\
         icon: https://example.org/{name}/icon.svg\nkubeVersion: '>=1.25.0-0'\n\
         keywords:\n  - service\n  - example\nsources:\n  - https://github.com/example/{name}\n\
         maintainers:\n  - name: first\n    email: first@example.org\n  - name: second\n    email: second@example.org\n"
    );
    if chart.is_multiple_of(3) {
        text.push_str("dependencies:\n  - name: common\n    version: 2.x.x\n    repository: https://charts.example.org\n");
    }
    text
}

fn template(numbers: &mut Numbers) -> String {
    let mut text = format!(
        "{{{{- if .Values.{}.enabled }}}}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{{{ include \"name\" . }}}}\n  \
         labels: {{{{- include \"labels\" . | nindent 4 }}}}\ndata:\n",
        numbers.word()
    );
    for line in 0..20 + numbers.below(60) {
        let (one, two) = (numbers.word(), numbers.word());
        let _ = match line % 3 {
            0 => writeln!(text, "  {one}-{two}: {{{{ .Values.{one}.{two} | quote }}}}"),
            1 => writeln!(text, "  # {}", numbers.words(9)),
            _ => writeln!(
                text,
                "  {{{{- with .Values.{two} }}}}\n  {two}: {{{{ toYaml . | nindent 4 }}}}\n  {{{{- end }}}}"
            ),
        };
    }
    text + "{{- end }}\n"
}

fn values(numbers: &mut Numbers, settings: usize) -> String {
    (0..settings).fold(String::new(), |mut text, setting| {
        let (about, one, two) = (numbers.words(12), numbers.word(), numbers.word());
        let _ = writeln!(
            text,
            "# {one}: {about}\n{one}{setting}:\n  enabled: false\n  {two}: {}",
            numbers.below(9999)
        );
        text
    })
}

fn readme(numbers: &mut Numbers, chart: usize) -> String {
    let mut text = format!("# {}\n\n", name(chart));
    for _ in 0..30 + numbers.below(120) {
        let _ = writeln!(
            text,
            "| `{}.{}` | {} | `{}` |",
            numbers.word(),
            numbers.word(),
            numbers.words(14),
            numbers.word()
        );
    }
    text
}

/// A git command in this folder that knows nothing of the person who runs it.
fn git(folder: &Path, arguments: &[&str], input: &str) {
    let mut command = Command::new("git");
    command.current_dir(folder).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    let mut child = command.args(arguments).stdin(Stdio::piped()).spawn().expect("git starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("git reads");
    assert!(child.wait().expect("git ends").success(), "git {arguments:?}");
}
