//! Chart folders and what `helm package` makes of them: names, order and bytes of the entries, or the error.

use chart_release::{
    charts::{Chart, Files, helmignore::Rules},
    packages::{DEFAULT_TIME, Package, pack, parse_epoch, unpack},
    problem::Problem,
};
use serde_json::Value;
use std::{collections::BTreeMap, fs, io::Read, os::unix::fs::symlink, path::Path};

/// Where we answer otherwise than Helm 4.3.1, what we say, and why.
const OTHERWISE: &[(&str, &str, &str)] = &[
    (
        "too-big-file",
        "cannot read a chart with a file above 5 MiB",
        "Helm 3 and 4.2 cannot read the package that 4.3 writes",
    ),
    ("total-just-under-limit", "cannot read a chart with a file above 5 MiB", "the same"),
    ("total-exactly-limit", "cannot read a chart with a file above 5 MiB", "no Helm reads what 4.3 writes"),
    (
        "total-over-limit-one-file",
        "cannot read a chart with a file above 5 MiB",
        "both refuse; the nearer reason is told",
    ),
    (
        "total-over-limit-symlink",
        "cannot read a chart with a file above 5 MiB",
        "both refuse; the nearer reason is told",
    ),
    ("total-over-limit-many-files", "the chart reaches 104857600 bytes", "both refuse; other words"),
    ("dep-tgz-and-dir", "the subchart `d` is there twice", "Helm writes entries twice, and readers mix them"),
    ("backslash-name", "no Helm could read", "every Helm reads `c/a\\b.txt` back as `b.txt`"),
    ("no-chart-yaml", "Chart.yaml file is missing", "both refuse; Helm 3's words are clearer"),
    ("chart-yml", "Chart.yaml file is missing", "both refuse; Helm 3's words are clearer"),
    ("lowercase-chart", "Chart.yaml file is missing", "both refuse; Helm 3's words are clearer"),
    (
        "dep-tgz-invalid",
        "error unpacking subchart d.tgz in c: not a chart archive",
        "both refuse; other words",
    ),
    ("values-list", "cannot load values.yaml: it is no map", "both refuse; other words"),
    ("values-scalar", "cannot load values.yaml: it is no map", "both refuse; other words"),
    (
        "values-template-like",
        "cannot load values.yaml: not valid YAML: line 1: invalid map key",
        "both refuse; other words",
    ),
    ("values-null-key", "cannot load values.yaml: unsupported map key", "both refuse; other words"),
    ("epoch-year-10000-with-lock", "year outside of range [0,9999]", "both refuse; other words"),
];

/// What Helm packages and we never do.
const NEVER_PACKAGED: &[(&str, &str)] = &[("helmignore-dotfiles", "c/.git/config")];

#[test]
fn every_folder_becomes_the_package_that_helm_makes_of_it() {
    let changes = cases(include_str!("vectors/changes-4.3.json"));
    let replaced: Vec<&str> = changes.iter().filter_map(|case| case["replaces"]["id"].as_str()).collect();
    let mut cases = cases(include_str!("vectors/package.json"));
    assert_eq!((cases.len(), changes.len()), (94, 19));
    cases.retain(|case| !replaced.contains(&case["id"].as_str().unwrap()));
    let mut failures = Vec::new();
    for case in cases.iter().chain(&changes) {
        let id = case["id"].as_str().unwrap();
        if let Err(failure) = compare(id, case) {
            failures.push(format!("{id}: {failure}"));
        }
    }
    assert!(failures.is_empty(), "{} cases:\n{}", failures.len(), failures.join("\n"));
}

/// [`pack`] reads back what it wrote, and refuses what it cannot find again: no Chart.yaml that Helm takes may suffer.
#[test]
fn every_chart_yaml_that_helm_takes_survives_its_own_package() {
    // With a backslash in it, a chart's name is no folder for readers: no Helm can load what Helm packages.
    const REFUSED: &[&str] = &[r"name:'a\\b'"];
    let mut refused = Vec::new();
    let mut packed = 0;
    for case in cases(include_str!("vectors/chart-yaml.json")) {
        if case["result"] != "accept" {
            continue;
        }
        let mut files = Files::default();
        for (name, text) in [("Chart.yaml", "chart_yaml"), ("requirements.yaml", "requirements_yaml")] {
            if let Some(text) = case[text].as_str() {
                files.0.insert(name.to_owned(), text.to_owned().into());
            }
        }
        match Chart::read(files) {
            // Their dependencies are not there, or Helm 4 does not package their apiVersion.
            Err(problem) if problem.what.contains("missing in charts/") => {}
            Err(problem) if problem.what.contains("chart apiVersion") => {}
            Err(problem) if problem.what.contains("unsupported chart version") => {}
            chart => match chart.and_then(|chart| pack(&chart, DEFAULT_TIME)) {
                Ok(_) => packed += 1,
                Err(_) => refused.push(case["id"].as_str().unwrap().to_owned()),
            },
        }
    }
    assert_eq!(refused, REFUSED);
    assert!(packed > 100, "{packed}");
}

fn cases(text: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(text).unwrap();
    document["cases"].as_array().unwrap().clone()
}

fn compare(id: &str, case: &Value) -> Result<(), String> {
    let expected = if case["expect"].is_null() { &case["expect_helm4"] } else { &case["expect"] };
    let made = make(case);
    if let Some((_, said, _)) = OTHERWISE.iter().find(|(otherwise, ..)| *otherwise == id) {
        return match made {
            Err(problem) if problem.what.contains(said) => Ok(()),
            Err(problem) => Err(format!("expected {said:?}, got {problem}")),
            Ok(_) => Err(format!("expected {said:?}, got a package")),
        };
    }
    match (made, expected["error"].as_str()) {
        (Err(problem), Some(error)) if problem.what.contains(core(error)) => Ok(()),
        (Err(problem), Some(error)) => Err(format!("expected {error:?}, got {:?}", problem.what)),
        (Err(problem), None) => Err(format!("expected a package, got {problem:?}")),
        (Ok(_), Some(error)) => Err(format!("expected {error:?}, got a package")),
        (Ok(package), None) => {
            same_entries(id, &package, expected)?;
            let read = unpack(package.bytes.clone()).map_err(|problem| format!("read back: {problem}"))?;
            if read.is != package.is || read.metadata != package.metadata {
                return Err("reads back as another chart".into());
            }
            let differing = package.contents.differing(&read.contents);
            if differing.is_empty() { Ok(()) } else { Err(format!("reads back with other {differing:?}")) }
        }
    }
}

/// The part of Helm's message that does not come from a Go library.
fn core(error: &str) -> &str {
    let error = error.strip_prefix("failed to save: ").unwrap_or(error);
    let error = error.strip_prefix("invalid SOURCE_DATE_EPOCH: ").unwrap_or(error);
    if error.contains("symlink") || error.contains("symbolic links") {
        return "cannot follow the link";
    }
    if error.starts_with("cannot load irregular file") {
        return "cannot load irregular file";
    }
    let library =
        [": error converting YAML", ": error unmarshaling JSON", ": cannot unmarshal yaml document"];
    let end = library.iter().filter_map(|start| error.find(start)).min().unwrap_or(error.len());
    let error = &error[..end];
    // `strconv.ParseInt: parsing "abc": invalid syntax`
    if error.starts_with("strconv") { error.rsplit(": ").next().unwrap() } else { error }
}

fn make(case: &Value) -> Result<Package, Problem> {
    let epoch = case["env"]["SOURCE_DATE_EPOCH"].as_str().map_or(Ok(None), parse_epoch)?;
    let folder = tempfile::tempdir().unwrap();
    lay_out(case, folder.path());
    let mut files = Files::default();
    let rules = match fs::read(folder.path().join(".helmignore")) {
        Ok(text) => Rules::parse(&text)?,
        Err(_) => Rules::default(),
    };
    walk(folder.path(), "", &rules, &mut files)?;
    let argument = |name: &str| {
        let arguments = case["args"].as_array().into_iter().flatten().filter_map(Value::as_str);
        arguments.filter_map(|argument| argument.strip_prefix(name)).next()
    };
    let chart = Chart::read(files)?.overridden(argument("version="), argument("app-version="))?;
    let chart = match epoch {
        Some(epoch) => chart.stamped(epoch)?,
        None => chart,
    };
    pack(&chart, epoch.unwrap_or(DEFAULT_TIME))
}

fn lay_out(case: &Value, folder: &Path) {
    for directory in case["empty_dirs"].as_array().into_iter().flatten() {
        fs::create_dir_all(folder.join(directory.as_str().unwrap())).unwrap();
    }
    for (path, content) in case["files"].as_object().unwrap() {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes_of(content)).unwrap();
    }
    for (path, target) in case["symlinks"].as_object().into_iter().flatten() {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target.as_str().unwrap(), path).unwrap();
    }
}

fn bytes_of(content: &Value) -> Vec<u8> {
    if let Some(text) = content.as_str() {
        return text.into();
    }
    if let Some(hex) = content["hex"].as_str() {
        let digits = hex.as_bytes().chunks(2);
        return digits
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
    }
    if let Some(repeat) = content["repeat"].as_array() {
        return repeat[0].as_str().unwrap().repeat(repeat[1].as_u64().unwrap() as usize).into();
    }
    let members = content["tgz_of"].as_object().unwrap();
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), Default::default()));
    for (name, text) in members {
        let text = text.as_str().unwrap().as_bytes();
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, text).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// Helm's walk: links followed before the rules are asked, what is ignored not entered. A `.git` is passed over.
fn walk(folder: &Path, below: &str, rules: &Rules, files: &mut Files) -> Result<(), Problem> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .map_err(|error| Problem::new(format!("cannot follow the link: {error}")))?
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in names.iter().filter(|name| *name != ".git") {
        let (path, relative) = (folder.join(name), format!("{below}{name}"));
        let about = fs::metadata(&path)
            .map_err(|error| Problem::new(format!("cannot follow the link {relative}: {error}")))?;
        if rules.ignores(&relative, about.is_dir()) {
            continue;
        }
        if about.is_dir() {
            walk(&path, &format!("{relative}/"), rules, files)?;
        } else if about.is_file() {
            files.0.insert(relative, fs::read(&path).unwrap().into());
        } else {
            return Err(Problem::new(format!("cannot load irregular file {relative}")));
        }
    }
    Ok(())
}

fn same_entries(id: &str, package: &Package, expected: &Value) -> Result<(), String> {
    if expected["file"].as_str() != Some(&package.is.package_file()) {
        return Err(format!("the file is {}", package.is.package_file()));
    }
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&package.bytes[..]));
    let mut made = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let header = entry.header();
        let plain = (header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap());
        if plain != (0o644, 0, 0) || !header.entry_type().is_file() {
            return Err(format!("{name} is no plain file"));
        }
        let mut time = header.mtime().unwrap();
        let mut pax = BTreeMap::new();
        for record in entry.pax_extensions().unwrap().into_iter().flatten() {
            let record = record.unwrap();
            pax.insert(record.key().unwrap().to_owned(), record.value().unwrap().to_owned());
        }
        if let Some(recorded) = pax.get("mtime") {
            time = recorded.parse().unwrap();
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        made.push((name, content, time, pax));
    }
    let wanted: Vec<&Value> = expected["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| !NEVER_PACKAGED.iter().any(|(case, name)| *case == id && entry["name"] == *name))
        .collect();
    let names: Vec<&str> = made.iter().map(|(name, ..)| name.as_str()).collect();
    let wanted_names: Vec<&str> = wanted.iter().filter_map(|entry| entry["name"].as_str()).collect();
    if names != wanted_names {
        return Err(format!("entries {names:?} instead of {wanted_names:?}"));
    }
    for ((name, content, time, pax), wanted) in made.iter().zip(wanted) {
        if wanted["size"].as_u64() != Some(content.len() as u64) {
            return Err(format!("{name} has {} bytes", content.len()));
        }
        if let Some(text) = wanted["text"].as_str()
            && text.as_bytes() != content
        {
            return Err(format!("{name} is {:?} instead of {text:?}", String::from_utf8_lossy(content)));
        }
        if wanted["mtime"].as_u64().is_some_and(|wanted| wanted != *time) {
            return Err(format!("{name} has the time {time}"));
        }
        let wanted_pax: BTreeMap<String, String> =
            serde_json::from_value(wanted["pax"].clone()).unwrap_or_default();
        if *pax != wanted_pax {
            return Err(format!("{name} has the records {pax:?} instead of {wanted_pax:?}"));
        }
    }
    Ok(())
}
