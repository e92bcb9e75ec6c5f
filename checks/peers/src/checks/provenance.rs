//! Provenance: what we sign passes `helm verify`, `helm pull --verify` and gpg, and what they sign passes `verify`.

use super::Stage;
use crate::{
    commands::{command, refused, run},
    peers::Helm,
    published::Published,
    report::Report,
    repository::Chart,
    world::{World, copy},
};
use anyhow::{Context, Result, anyhow, ensure};
use chart_release::{packages::unpack, problem::Problem, provenance::Key, secret::Secret};
use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

const PASSPHRASE: &str = "test passphrase";

/// What gpg made, and how it exported it.
struct Signer {
    name: &'static str,
    /// Armoured; Helm 3 reads only the binary one.
    secret: PathBuf,
    secret_binary: PathBuf,
    public: PathBuf,
    gpg_home: PathBuf,
    /// Whether Helm itself can sign with it.
    signs_for_helm: bool,
}

pub fn check(stage: &Stage, report: &mut Report) -> Result<()> {
    let world = stage.world;
    for signer in signers(world)? {
        let name = signer.name;
        let folder = signed(stage, &signer)?;
        let chart = stage.repository.charts()?.into_iter().next().context("there is no chart")?;
        for chart in stage.repository.charts()? {
            let package = folder.package(&chart.name, &chart.version);
            report.check(&format!("{name}: gpg verifies {}", chart.title()), || {
                run(world.peers.gpg(&signer.gpg_home).arg("--verify").arg(beside(&package))).map(drop)
            });
            for helm in &world.peers.helms {
                report.check(&format!("{name}: {} verifies {}", helm.name, chart.title()), || {
                    run(&mut verifying(helm, &signer, &package)).map(drop)
                });
            }
            report.check(&format!("{name}: so do we"), || run(&mut ours(world, &signer, &package)).map(drop));
        }
        let url = crate::served::serve(folder.0.clone())?;
        for helm in &world.peers.helms {
            report.check(&format!("{name}: {} pulls and verifies", helm.name), || {
                pull(world, helm, &signer, &url, &chart)
            });
            report.check(&format!("{name}: {} verifies before it installs", helm.name), || {
                let package = folder.package(&chart.name, &chart.version);
                run(helm
                    .command()
                    .args(["template", "--verify", "--keyring"])
                    .arg(&signer.public)
                    .arg(package))
                .map(drop)
            });
            if signer.signs_for_helm {
                report.check(&format!("{name}: we verify what {} signs", helm.name), || {
                    theirs(stage, helm, &signer, &chart)
                });
            }
        }
        report.check(&format!("{name}: we verify what gpg signs"), || gpgs(world, &signer, &folder, &chart));
        report.check(&format!("{name}: nobody verifies what was changed"), || {
            changed(world, &signer, &folder, &chart)
        });
    }
    Ok(())
}

/// Keys as people have them: RSA and Ed25519, with and without a passphrase, and one that signs with a subkey.
fn signers(world: &World) -> Result<Vec<Signer>> {
    let home = world.folder("gpg")?;
    fs::write(home.join("gpg-agent.conf"), "s2k-count 65536\n")?;
    let gpg = |passphrase: &str, words: &[&str]| {
        let mut gpg = world.peers.gpg(&home);
        run(gpg.args(["--yes", "--pinentry-mode", "loopback", "--passphrase", passphrase]).args(words))
    };
    let mut signers = Vec::new();
    for (name, kind, usage, passphrase) in [
        ("rsa", "rsa3072", "sign,cert", ""),
        ("locked", "ed25519", "sign,cert", PASSPHRASE),
        ("subkey", "ed25519", "cert", ""),
    ] {
        let mail = format!("{name}@example.org");
        let identity = format!("chart-release tests {name} <{mail}>");
        gpg(passphrase, &["--quick-gen-key", &identity, kind, usage, "0"])?;
        if usage == "cert" {
            let listed = String::from_utf8(gpg("", &["--with-colons", "--list-keys", &mail])?)?;
            let line = listed.lines().find(|line| line.starts_with("fpr:")).context("no fingerprint")?;
            let fingerprint = line.split(':').nth(9).context("no fingerprint")?.to_owned();
            gpg(passphrase, &["--quick-add-key", &fingerprint, kind, "sign", "0"])?;
        }
        let export = |file: &str, words: &[&str]| -> Result<PathBuf> {
            let path = home.join(format!("{name}.{file}"));
            fs::write(&path, gpg(passphrase, &[words, &[&mail]].concat())?)?;
            Ok(path)
        };
        signers.push(Signer {
            name,
            secret: export("asc", &["--armor", "--export-secret-keys"])?,
            secret_binary: export("secret.gpg", &["--export-secret-keys"])?,
            public: export("gpg", &["--export"])?,
            gpg_home: home.clone(),
            signs_for_helm: usage != "cert",
        });
    }
    Ok(signers)
}

/// A copy of the published folder with a provenance of ours beside every package.
fn signed(stage: &Stage, signer: &Signer) -> Result<Published> {
    let folder = Published(stage.world.folder(signer.name)?);
    copy(&stage.published.0, &folder.0)?;
    let told = |problem: Problem| anyhow!("{problem:?}");
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    let passphrase = Secret::any(PASSPHRASE);
    let key = Key::read(&fs::read(&signer.secret)?, None, Some(&passphrase), now).map_err(told)?;
    for chart in stage.repository.charts()? {
        let package = folder.package(&chart.name, &chart.version);
        let read = unpack(fs::read(&package)?.into()).map_err(told)?;
        // Long before the key was made.
        fs::write(beside(&package), key.sign(&read, 1_500_000_000).map_err(told)?)?;
    }
    Ok(folder)
}

fn beside(package: &Path) -> PathBuf {
    PathBuf::from(format!("{}.prov", package.display()))
}

fn verifying(helm: &Helm, signer: &Signer, package: &Path) -> std::process::Command {
    let mut command = helm.command();
    command.arg("verify").arg("--keyring").arg(&signer.public).arg(package);
    command
}

fn ours(world: &World, signer: &Signer, package: &Path) -> std::process::Command {
    let mut command = command(world.program.path(), &signer.gpg_home);
    command.arg("verify").arg("--keyring").arg(&signer.public).arg(package);
    command
}

fn pull(world: &World, helm: &Helm, signer: &Signer, url: &str, chart: &Chart) -> Result<()> {
    let into = world.folder("pulled")?;
    let keyring = signer.public.to_str().context("a path is text")?;
    let words = ["--repo", url, "--version", &chart.version, "--verify", "--keyring", keyring, &chart.name];
    let package = helm.pull(&into, &words)?;
    ensure!(beside(&package).exists(), "the provenance was not pulled");
    Ok(())
}

fn theirs(stage: &Stage, helm: &Helm, signer: &Signer, chart: &Chart) -> Result<()> {
    let into = stage.world.folder("theirs")?;
    let passphrase = into.join("passphrase");
    fs::write(&passphrase, PASSPHRASE)?;
    let unpacked = into.join("unpacked");
    fs::create_dir(&unpacked)?;
    let package = stage.published.package(&chart.name, &chart.version);
    run(command("tar", &into).arg("-xzf").arg(&package).arg("-C").arg(&unpacked))?;
    let mut packaging = helm.command();
    packaging.arg("package").arg(unpacked.join(&chart.name)).arg("--destination").arg(&into);
    packaging.args(["--sign", "--key"]).arg(format!("{}@example.org", signer.name));
    packaging.arg("--keyring").arg(&signer.secret_binary).arg("--passphrase-file").arg(&passphrase);
    run(&mut packaging)?;
    run(&mut ours(stage.world, signer, &into.join(format!("{}-{}.tgz", chart.name, chart.version)))).map(drop)
}

/// The text that we signed, signed by gpg.
fn gpgs(world: &World, signer: &Signer, folder: &Published, chart: &Chart) -> Result<()> {
    let into = world.folder("gpgs")?;
    let package = folder.package(&chart.name, &chart.version);
    let copied = into.join(package.file_name().unwrap_or(OsStr::new("")));
    fs::copy(&package, &copied)?;
    let text = run(world.peers.gpg(&signer.gpg_home).arg("--decrypt").arg(beside(&package)))?;
    fs::write(into.join("text"), text)?;
    let mut signing = world.peers.gpg(&signer.gpg_home);
    signing.args(["--yes", "--pinentry-mode", "loopback", "--passphrase", PASSPHRASE, "--clearsign"]);
    signing.arg("--local-user").arg(format!("{}@example.org", signer.name));
    run(signing.arg("--output").arg(beside(&copied)).arg(into.join("text")))?;
    run(&mut ours(world, signer, &copied)).map(drop)
}

fn changed(world: &World, signer: &Signer, folder: &Published, chart: &Chart) -> Result<()> {
    let into = world.folder("changed")?;
    let package = folder.package(&chart.name, &chart.version);
    let copied = into.join(package.file_name().unwrap_or(OsStr::new("")));
    fs::copy(&package, &copied)?;
    let text = fs::read_to_string(beside(&package))?;
    fs::write(beside(&copied), text.replacen("name: ", "name: x", 1))?;
    for helm in &world.peers.helms {
        refused(&mut verifying(helm, signer, &copied))?;
    }
    refused(world.peers.gpg(&signer.gpg_home).arg("--verify").arg(beside(&copied)))?;
    let said = refused(&mut ours(world, signer, &copied))?;
    ensure!(said.contains("is not what the key"), "we say\n{said}");
    Ok(())
}
