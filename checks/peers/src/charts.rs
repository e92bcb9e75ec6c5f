//! Charts with the peculiarities that real repositories have, each in one small chart.

use crate::peers::Helm;
use anyhow::Result;
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

const OBJECT: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-{{ .Chart.Name }}\n";
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Writes them below `repository/charts`. `scratch` is an empty folder for what has to be packaged first, by `helm`.
pub fn write(repository: &Path, scratch: &Path, helm: &Helm) -> Result<()> {
    let charts = repository.join("charts");
    old_format(&Folder::new(&charts, "old-format"))?;
    with_subcharts(&Folder::new(&charts, "with-subcharts"), scratch, helm)?;
    linked(repository, &Folder::new(&charts, "linked"))?;
    foreign_editor(&Folder::new(&charts, "foreign-editor"))?;
    strange_names(&Folder::new(&charts, "strange-names"))?;
    bare_numbers(&Folder::new(&charts, "bare-numbers"))?;
    choosy(&Folder::new(&charts, "choosy"))?;
    plain(&Folder::new(&charts, "with-build"), "1.2.3+build.5")?;
    plain(&Folder::new(&charts, "early"), "2.0.0-rc.1")
}

/// A folder whose files are written by their path; folders on the way are made.
struct Folder<'a> {
    path: std::path::PathBuf,
    name: &'a str,
}

impl<'a> Folder<'a> {
    fn new(parent: &Path, name: &'a str) -> Self {
        Self { path: parent.join(name), name }
    }

    fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.path.join(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(fs::write(path, text)?)
    }

    /// `Chart.yaml` with further lines, values and one object.
    fn chart(&self, version: &str, lines: &str) -> Result<()> {
        self.write(
            "Chart.yaml",
            &format!("apiVersion: v2\nname: {}\ndescription: d\nversion: {version}\n{lines}", self.name),
        )?;
        self.write("values.yaml", "a: 1\n")?;
        self.write("templates/object.yaml", OBJECT)
    }
}

fn plain(chart: &Folder, version: &str) -> Result<()> {
    chart.chart(version, "appVersion: \"1\"\n")
}

/// apiVersion v1: dependencies in a file of their own, in which Helm leaves the text alone.
fn old_format(chart: &Folder) -> Result<()> {
    chart.write(
        "Chart.yaml",
        "# v1\napiVersion: v1\nname: old-format\ndescription: d\nversion: 0.3.0\nengine: gotpl\n",
    )?;
    chart.write("values.yaml", "a: 1\n")?;
    chart.write("templates/object.yaml", OBJECT)?;
    let part = "- name: part\n  version: 0.1.0\n  repository: \"\"\n";
    chart.write("requirements.yaml", &format!("# kept as it is\ndependencies:\n{part}"))?;
    chart.write(
        "requirements.lock",
        &format!("dependencies:\n{part}digest: sha256:f95620d43ded5b16ba6fcd8d92e86a7bf5e1296ad3eeab1ffcf559cca66bade2\ngenerated: 2019-05-06T07:08:09.123+02:00\n"),
    )?;
    chart.write("charts/part/Chart.yaml", "name: part\nversion: 0.1.0\ndescription: d\n")?;
    chart.write("charts/part/values.yaml", "b: 2\n")
}

/// One subchart as a folder with another name than its chart, one as a package; a lock written by hand.
fn with_subcharts(chart: &Folder, scratch: &Path, helm: &Helm) -> Result<()> {
    let dependencies = "- {name: folder, version: 0.1.0, repository: ''}\n- {name: bundled, version: 0.2.0, repository: ''}\n";
    chart.chart("1.0.0", &format!("dependencies:\n{dependencies}"))?;
    chart.write(
        "Chart.lock",
        &format!("# by hand\ngenerated: 2024-05-06T07:08:09+02:00\ndigest: 'sha256:f18fffbfc506206e759431783598e4028f334aa14e5cacca99f34a6cf2ef64df'\ndependencies:\n{dependencies}"),
    )?;
    chart.write(
        "charts/other-name/Chart.yaml",
        "apiVersion: v2\nname: folder\nversion: 0.1.0\ndescription: d\n",
    )?;
    chart.write("charts/other-name/.helmignore", "ignored.txt\n")?;
    chart.write("charts/other-name/ignored.txt", "only the .helmignore of the outermost chart counts\n")?;
    let bundled = Folder::new(scratch, "bundled");
    bundled.chart("0.2.0", "")?;
    bundled.write("README.md", "from a package\n")?;
    let package = helm.package(&bundled.path, scratch)?;
    fs::copy(package, chart.path.join("charts/bundled-0.2.0.tgz"))?;
    Ok(())
}

/// Links to a file and to a folder outside the chart, inside the repository.
fn linked(repository: &Path, chart: &Folder) -> Result<()> {
    let shared = Folder::new(repository, "shared");
    shared.write("object.yaml", &OBJECT.replace("name: ", "name: shared-"))?;
    shared.write("files/one.txt", "one\n")?;
    shared.write("files/deeper/two.txt", "two\n")?;
    chart.chart("0.1.0", "")?;
    symlink("../../../shared/object.yaml", chart.path.join("templates/shared.yaml"))?;
    Ok(symlink("../../shared/files", chart.path.join("files"))?)
}

/// Line ends and byte order marks of another system; a file without its last line end, an empty one.
fn foreign_editor(chart: &Folder) -> Result<()> {
    chart.chart("0.1.0", "")?;
    chart.write(
        "Chart.yaml",
        &format!("{BYTE_ORDER_MARK}apiVersion: v2\r\nname: foreign-editor\r\ndescription: |\r\n  two\r\n  lines\r\nversion: 0.1.0\r\n"),
    )?;
    chart.write("values.yaml", "# values\r\na: 1\r\n")?;
    chart.write("templates/object.yaml", &OBJECT.replace('\n', "\r\n"))?;
    chart.write("files/marked.txt", &format!("{BYTE_ORDER_MARK}marked\r\n"))?;
    chart.write("files/no-end.txt", "no end")?;
    chart.write("files/empty.txt", "")
}

/// Names that need every form a tar header has, and a mode that Helm drops.
fn strange_names(chart: &Folder) -> Result<()> {
    chart.chart("0.1.0", "")?;
    chart.write("files/Grüße/日本.txt", "not ASCII\n")?;
    chart.write("files/with space & sign.txt", "a space\n")?;
    chart.write(&format!("files/{}/{}.txt", "d".repeat(80), "f".repeat(60)), "long, and can be split\n")?;
    chart.write(&format!("files/{}.txt", "n".repeat(140)), "long, and cannot be split\n")?;
    chart.write("files/run.sh", "#!/bin/sh\n")?;
    Ok(fs::set_permissions(chart.path.join("files/run.sh"), fs::Permissions::from_mode(0o755))?)
}

/// What YAML 1.1 makes of words without quotes, and text that needs quotes of one kind or the other.
fn bare_numbers(chart: &Folder) -> Result<()> {
    chart.chart(
        "0.1.0",
        "appVersion: 1.10\nhome: https://example.com/?a=1&b=<2>\nkeywords: [yes, 0x10, 'no', 1_000, '#x']\n\
         annotations:\n  on: off\n  date: 2024-01-01\n  ten-10: a\n  ten-9: \"b: c\"\n  text: |\n    one\n    two\n\
         sources:\n- https://example.com/source\nmaintainers:\n- {name: 'A: B', email: a@example.com}\n",
    )
}

/// A `.helmignore` with every kind of line. A negated line ignores what it does not match.
fn choosy(chart: &Folder) -> Result<()> {
    chart.chart("0.1.0", "")?;
    chart.write(
        ".helmignore",
        "# comment\n\n*.bak\n/at-root.txt\ndocs/\nfiles/*.tmp\n!*[a-z]*\n  spaces.txt  \n",
    )?;
    for file in [
        "a.bak",
        "at-root.txt",
        "docs/d.md",
        "files/x.tmp",
        "files/keep.txt",
        "files/at-root.txt",
        "files/123",
    ] {
        chart.write(file, "x\n")?;
    }
    chart.write("crds/thing.yaml", "")?;
    chart.write("spaces.txt", "x\n")
}
