//! `chart-release verify`, as people call it.

use super::read;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in ["demo-1.2.0.tgz", "demo-1.2.0.tgz.prov"] {
        fs::write(folder.path().join(file), read(&format!("signed/helm-4.3.1/{file}"))).unwrap();
    }
    fs::write(folder.path().join("keys.asc"), read("keys/public.asc")).unwrap();
    folder
}

/// Runs it in this folder, with nothing else in its environment.
fn run(folder: &Path, typed: &[&str], environment: &[(&str, &Path)]) -> (i32, String, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_chart-release"))
        .arg("verify")
        .args(typed)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn it_tells_who_signed_a_package() {
    let folder = folder();
    let (code, told, problems) = run(folder.path(), &["demo-1.2.0.tgz", "--keyring", "keys.asc"], &[]);
    assert_eq!((code, problems.as_str()), (0, ""));
    assert!(
        told.starts_with("verified demo-1.2.0.tgz\n  signed by: chart-release tests rsa <rsa@example.org>\n"),
        "{told}"
    );
    assert!(told.contains("\n  digest: sha256:"), "{told}");
}

/// One that is not verified stops none of the others.
#[test]
fn what_is_wrong_is_told_of_each_file() {
    let folder = folder();
    fs::write(folder.path().join("other-1.0.0.tgz"), read("signed/demo-1.2.0.tgz")).unwrap();
    fs::write(folder.path().join("other-1.0.0.tgz.prov"), read("signed/gpg.prov")).unwrap();
    fs::write(folder.path().join("unsigned.tgz"), "").unwrap();
    let files = ["nothing.tgz", "other-1.0.0.tgz", "unsigned.tgz", "keys.asc", "demo-1.2.0.tgz"];
    let typed = [&files[..], &["--keyring", "keys.asc"]].concat();
    let (code, told, problems) = run(folder.path(), &typed, &[]);
    assert_eq!(code, 1);
    assert!(told.starts_with("verified demo-1.2.0.tgz\n"), "{told}");
    for piece in [
        "error: there is no such file\n  in: nothing.tgz\n",
        "error: the provenance is that of `demo-1.2.0.tgz`, and not of `other-1.0.0.tgz`\n  in: other-1.0.0.tgz\n",
        "error: the package has no provenance: there is no unsigned.tgz.prov beside it\n  in: unsigned.tgz\n",
        "error: only packages can be verified, and their names end with .tgz\n  in: keys.asc\n",
    ] {
        assert!(problems.contains(piece), "{piece}\n{problems}");
    }
    let (code, told, _) = run(folder.path(), &[&typed[..], &["--json"]].concat(), &[]);
    let document: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, &document["schema"]), (1, &"chart-release/verify/1".into()));
    assert_eq!(document["exit_code"], 1);
    assert_eq!(document["files"][0]["verified"], false);
    assert_eq!(document["files"][0]["problem"]["what"], "there is no such file");
    assert_eq!(document["files"][4]["verified"], true);
    assert_eq!(document["files"][4]["signed_by"][0], "chart-release tests rsa <rsa@example.org>");
}

/// Also where it is empty, as in Helm 4.3: who has emptied it trusts nobody.
#[test]
fn without_a_keyring_it_is_the_one_of_gnupg() {
    let folder = folder();
    let gnupg = folder.path().join(".gnupg");
    let typed = ["demo-1.2.0.tgz"];
    let (code, _, problems) = run(folder.path(), &typed, &[]);
    assert_eq!(code, 2);
    assert!(
        problems.starts_with("error: there is no keyring: neither GNUPGHOME nor HOME is set\n  next: "),
        "{problems}"
    );
    let (code, _, problems) = run(folder.path(), &typed, &[("HOME", folder.path())]);
    assert_eq!(code, 2);
    assert!(problems.starts_with("error: there is no keyring "), "{problems}");
    fs::create_dir(&gnupg).unwrap();
    fs::write(gnupg.join("pubring.kbx"), read("keys/pubring.kbx")).unwrap();
    assert_eq!(run(folder.path(), &typed, &[("HOME", folder.path())]).0, 0);
    assert_eq!(run(folder.path(), &typed, &[("GNUPGHOME", &gnupg)]).0, 0);
    fs::write(gnupg.join("pubring.gpg"), "").unwrap();
    let (code, _, problems) = run(folder.path(), &typed, &[("GNUPGHOME", &gnupg)]);
    assert_eq!(code, 2);
    assert!(problems.starts_with("error: the keyring is empty\n"), "{problems}");
    fs::write(gnupg.join("pubring.gpg"), read("keys/pubring.gpg")).unwrap();
    assert_eq!(run(folder.path(), &typed, &[("GNUPGHOME", &gnupg)]).0, 0);
}

#[test]
fn help_teaches() {
    let folder = folder();
    let (code, told, _) = run(folder.path(), &["--help"], &[]);
    assert_eq!(code, 0);
    assert!(told.contains("\nExamples:\n") && told.contains("\nExit codes:\n"), "{told}");
    assert_eq!(run(folder.path(), &[], &[]).0, 2);
}
