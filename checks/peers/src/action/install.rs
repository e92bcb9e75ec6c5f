//! The script that brings the program: what it downloads, what it refuses, and what it leaves behind.

use super::root;
use crate::{
    commands::{command, run},
    report::Report,
    served::serve_with,
    world::World,
};
use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

const VERSION: &str = "1.2.3";
const TARGET: &str = "x86_64-unknown-linux-musl";
const REPOSITORY: &str = "acme/chart-release-action";
/// What stands for the program here.
const PROGRAM: &str = "#!/bin/sh\necho chart-release 1.2.3\n";

/// A released Action as a runner has it, and a server with its releases.
struct Release {
    folder: PathBuf,
    url: String,
    /// The paths that were asked for.
    asked: Arc<Mutex<Vec<String>>>,
}

/// What the script left.
struct Left {
    succeeded: bool,
    said: String,
    /// What it put on the path.
    path: String,
    outputs: String,
}

pub fn check(world: &World, report: &mut Report) -> Result<()> {
    let released = |target: &str| Release::new(&world.folder("install")?, target, None);
    // The script as it is can be tried at all: everything that it needs is there.
    released(TARGET)?;

    report.check("it downloads, verifies and caches the program, once", || {
        let release = released(TARGET)?;
        let left = release.install(&[])?.well()?;
        let cached = release.folder.join("cache/chart-release/1.2.3/x64");
        ensure!(left.path == format!("{}\n", cached.display()), "the path is {}", left.path);
        ensure!(left.outputs == "only=false\n", "the outputs are {}", left.outputs);
        ensure!(fs::read_to_string(cached.join("chart-release"))? == PROGRAM, "another program is there");
        release.install(&[])?.well()?;
        let asked = release.asked();
        ensure!(asked == [format!("{REPOSITORY}/releases/download/v1.2.3/{}", file(TARGET))], "{asked:?}");
        release.nothing_in_temporary_folder()
    });
    report.check("it knows the six systems that runners have", || {
        for (system, processor, target) in [
            ("Linux", "X64", "x86_64-unknown-linux-musl"),
            ("Linux", "ARM64", "aarch64-unknown-linux-musl"),
            ("macOS", "X64", "x86_64-apple-darwin"),
            ("macOS", "ARM64", "aarch64-apple-darwin"),
            ("Windows", "X64", "x86_64-pc-windows-msvc"),
            ("Windows", "ARM64", "aarch64-pc-windows-msvc"),
        ] {
            let release = released(target)?;
            release
                .install(&[("RUNNER_OS", system), ("RUNNER_ARCH", processor)])?
                .well()
                .with_context(|| format!("{system} {processor}"))?;
        }
        Ok(())
    });
    report.check("without the variables of a runner it asks the system itself", || {
        released(TARGET)?.install(&[("RUNNER_OS", ""), ("RUNNER_ARCH", "")])?.well().map(drop)
    });
    report.check("another system is told what it can do", || {
        let release = released(TARGET)?;
        for (system, processor) in [("Linux", "ARM"), ("Linux", "riscv64"), ("Plan9", "X64")] {
            let left = release.install(&[("RUNNER_OS", system), ("RUNNER_ARCH", processor)])?.badly()?;
            left.says(&["is not released for", system, "the input binary"])?;
        }
        release.nothing_was_asked()
    });
    report.check("a wrong checksum: nothing is unpacked, and nothing is left", || {
        let folder = world.folder("install")?;
        let release = Release::new(&folder, TARGET, Some(b"a page of a proxy"))?;
        release.install(&[])?.badly()?.says(&["was not unpacked", "Its sha256 is"])?;
        ensure!(!folder.join("cache").exists(), "something is in the cache");
        release.nothing_in_temporary_folder()
    });
    report.check("a program that is another than the release says is not taken", || {
        let release = released(TARGET)?;
        release.change_checksums(|text| text.replace(&sum(PROGRAM.as_bytes()), &"0".repeat(64)))?;
        release.install(&[])?.badly()?.says(&["not what this version of the Action expects"])?;
        ensure!(!release.folder.join("cache").exists(), "something is in the cache");
        release.nothing_in_temporary_folder()
    });
    report.check("a page that is not there: what else can be done", || {
        let release = released(TARGET)?;
        let nowhere = format!("{}/nowhere/", release.url);
        let left = release.install(&[("INPUT_BINARY_URL", &nowhere)])?.badly()?;
        left.says(&["404", "could not be downloaded", "the input binary_url", "the input binary"])?;
        ensure!(left.said.matches("::error").count() == 1, "{}", left.said);
        release.nothing_in_temporary_folder()
    });
    report.check("a mirror is asked instead, for the same bytes", || {
        let release = released(TARGET)?;
        let mirror = format!("{}/mirror/", release.url);
        release.install(&[("INPUT_BINARY_URL", &mirror)])?.well()?;
        let asked = release.asked();
        ensure!(asked == [format!("mirror/{}", file(TARGET))], "{asked:?}");
        Ok(())
    });
    report.check("nothing is downloaded without encryption from another machine", || {
        let release = released(TARGET)?;
        let left = release.install(&[("INPUT_BINARY_URL", "http://mirror.example.com/files")])?.badly()?;
        left.says(&["http", "could not be downloaded"])
    });
    report.check("a forged or damaged cache is replaced", || {
        let release = released(TARGET)?;
        release.install(&[])?.well()?;
        let cached = release.folder.join("cache/chart-release/1.2.3/x64/chart-release");
        fs::write(&cached, "#!/bin/sh\ntouch \"$RUNNER_TEMP/forged\"\n")?;
        release.install(&[])?.well()?;
        ensure!(fs::read_to_string(&cached)? == PROGRAM, "the forged program is still there");
        release.nothing_in_temporary_folder()
    });
    report.check("two jobs of one machine at once do no harm", || {
        let release = released(TARGET)?;
        let jobs: Vec<_> = (0..4)
            .map(|_| release.script(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn())
            .collect::<Result<_, _>>()?;
        for mut job in jobs {
            ensure!(job.wait()?.success(), "a job failed");
        }
        let cached = release.folder.join("cache/chart-release/1.2.3/x64");
        let names: Vec<_> = fs::read_dir(cached)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<Result<_, _>>()?;
        ensure!(names == ["chart-release"], "{names:?}");
        release.nothing_in_temporary_folder()
    });
    report.check("a program that is here is taken without network", || {
        let release = released(TARGET)?;
        release.change_checksums(|_| "# Nothing was released yet.\n".into())?;
        let given = release.folder.join("workspace/my program");
        write_program(&given)?;
        let left = release.install(&[("INPUT_BINARY", "my program")])?.well()?;
        let taken = Path::new(left.path.trim_end()).join("chart-release");
        ensure!(fs::read_to_string(taken)? == PROGRAM, "another program is on the path");
        release.install(&[("INPUT_BINARY", "nowhere")])?.badly()?.says(&["there is no file nowhere"])?;
        release.nothing_was_asked()
    });
    report.check("a program whose name begins like an option, and no folder to put it into", || {
        let release = released(TARGET)?;
        write_program(&release.folder.join("workspace/-x"))?;
        release.install(&[("INPUT_BINARY", "-x")])?.well()?;
        let nowhere = release.folder.join("nowhere").display().to_string();
        for program in ["-x", ""] {
            let left = release.install(&[("INPUT_BINARY", program), ("RUNNER_TEMP", &nowhere)])?.badly()?;
            left.says(&["cannot make a folder in", "RUNNER_TEMP"])?;
            ensure!(left.said.matches("::error").count() == 1, "{}", left.said);
        }
        release.nothing_was_asked()
    });
    report.check("an answer that is too large for a program is not taken to its end", || {
        let folder = world.folder("install")?;
        let release = Release::new(&folder, TARGET, Some(vec![0; 65 << 20].leak()))?;
        release.install(&[])?.badly()?.says(&["could not be downloaded"])?;
        release.nothing_in_temporary_folder()
    });
    report.check("before the first release, and from a folder, it says what to give", || {
        let release = released(TARGET)?;
        release
            .install(&[("ACTION_REPOSITORY", "")])?
            .badly()?
            .says(&["used from a folder", "binary_url"])?;
        release.change_checksums(|_| "# Nothing was released yet.\n".into())?;
        release.install(&[])?.badly()?.says(&["no program is released", "the input binary"])?;
        release.nothing_was_asked()
    });
    report.check("the folder of the runner says whose Action it is, below another Action too", || {
        let mut release = released(TARGET)?;
        let folder = release.folder.join("_actions").join(REPOSITORY).join("v1");
        fs::create_dir_all(&folder)?;
        fs::rename(release.folder.join("action"), folder.join("action"))?;
        release.folder = folder;
        release.install(&[("ACTION_REPOSITORY", "somebody/wrapper")])?.well()?;
        let asked = release.asked();
        ensure!(asked.len() == 1 && asked[0].starts_with(REPOSITORY), "{asked:?}");
        Ok(())
    });
    report.check("install_dir is where the program is put, and looked for", || {
        let release = released(TARGET)?;
        let place = [("INPUT_INSTALL_DIR", "tools")];
        let left = release.install(&place)?.well()?;
        let tools = release.folder.join("workspace/tools");
        ensure!(left.path == format!("{}\n", tools.display()), "the path is {}", left.path);
        ensure!(fs::read_to_string(tools.join("chart-release"))? == PROGRAM, "it is not there");
        release.install(&place)?.well()?;
        ensure!(release.asked().len() == 1, "{:?}", release.asked());
        Ok(())
    });
    report.check("install_only is true or false, and nothing else", || {
        let release = released(TARGET)?;
        for (text, only) in
            [("true", true), ("Yes", true), ("1", true), ("false", false), ("NO", false), ("0", false)]
        {
            let left = release.install(&[("INPUT_INSTALL_ONLY", text)])?.well()?;
            ensure!(left.outputs == format!("only={only}\n"), "{text}: {}", left.outputs);
        }
        release.install(&[("INPUT_INSTALL_ONLY", "maybe")])?.badly()?.says(&["neither true nor false"])
    });
    report.check("inputs are never more than text", || {
        let release = released(TARGET)?;
        for hostile in [
            "$(touch executed)",
            "`touch executed`",
            "a\n::set-output name=x::y",
            "##[set-output name=x;]y",
            "-o executed",
            "\"; touch executed; \"",
        ] {
            for input in
                ["INPUT_BINARY", "INPUT_BINARY_URL", "INPUT_INSTALL_ONLY", "ACTION_REPOSITORY", "RUNNER_OS"]
            {
                let left = release.install(&[(input, hostile)])?;
                ensure!(!left.said.lines().any(|line| line.starts_with("::set-output")), "{}", left.said);
            }
            release.install(&[("INPUT_INSTALL_DIR", hostile)])?;
        }
        let executed = release.folder.join("workspace/executed");
        ensure!(!executed.exists(), "something was executed");
        Ok(())
    });
    Ok(())
}

impl Release {
    /// In an empty folder, for one target. What the server sends instead of the archive, where that is something else.
    fn new(folder: &Path, target: &str, sent: Option<&'static [u8]>) -> Result<Self> {
        for name in ["action", "unpacked", "temporary", "workspace"] {
            fs::create_dir(folder.join(name))?;
        }
        fs::copy(root().join("action/install"), folder.join("action/install"))?;
        let binary = if target.contains("windows") { "chart-release.exe" } else { "chart-release" };
        // It may lie at the root of the archive, or in a folder.
        let packed = if target.contains("apple") { "chart-release-1.2.3" } else { binary };
        let inside = folder.join("unpacked").join(packed);
        if packed != binary {
            fs::create_dir(&inside)?;
        }
        write_program(&if packed == binary { inside } else { inside.join(binary) })?;
        let archive = folder.join("archive");
        let mut tar = command("tar", folder);
        run(tar.arg("-czf").arg(&archive).arg("-C").arg(folder.join("unpacked")).arg(packed))?;
        let bytes = fs::read(archive)?;
        let committed = fs::read_to_string(root().join("action/checksums.txt"))?;
        let head: String =
            committed.lines().filter(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        fs::write(
            folder.join("action/checksums.txt"),
            format!(
                "{head}version {VERSION}\n{} {} {}\n",
                sum(&bytes),
                sum(PROGRAM.as_bytes()),
                file(target)
            ),
        )?;
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (noted, file) = (Arc::clone(&asked), file(target));
        let url = serve_with(move |path| {
            noted.lock().expect("a list").push(path.to_owned());
            let there = path.ends_with(&file) && !path.starts_with("nowhere/");
            there.then(|| sent.map_or_else(|| bytes.clone(), <[u8]>::to_vec))
        })?;
        Ok(Self { folder: folder.to_owned(), url, asked })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("a list").clone()
    }

    fn nothing_was_asked(&self) -> Result<()> {
        ensure!(self.asked().is_empty(), "{:?} was asked for", self.asked());
        Ok(())
    }

    fn nothing_in_temporary_folder(&self) -> Result<()> {
        let left: Vec<_> = fs::read_dir(self.folder.join("temporary"))?.collect::<Result<_, _>>()?;
        ensure!(left.is_empty(), "{left:?} was left");
        Ok(())
    }

    fn change_checksums(&self, change: impl FnOnce(String) -> String) -> Result<()> {
        let file = self.folder.join("action/checksums.txt");
        let before = fs::read_to_string(&file)?;
        Ok(fs::write(file, change(before))?)
    }

    /// The script, as the Action starts it in a job.
    fn script(&self, variables: &[(&str, &str)]) -> Command {
        let home = self.around();
        let mut script = command("bash", &home.join("temporary"));
        script
            .arg(self.folder.join("action/install"))
            .current_dir(home.join("workspace"))
            .env("RUNNER_OS", "Linux")
            .env("RUNNER_ARCH", "X64")
            .env("RUNNER_TEMP", home.join("temporary"))
            .env("RUNNER_TOOL_CACHE", home.join("cache"))
            .env("GITHUB_PATH", home.join("path"))
            .env("GITHUB_OUTPUT", home.join("outputs"))
            .env("SERVER_URL", &self.url)
            .env("ACTION_REPOSITORY", REPOSITORY)
            .envs(variables.iter().copied());
        script
    }

    /// The folder with everything that is not the Action itself.
    fn around(&self) -> PathBuf {
        let before =
            |folder: &Path| folder.ancestors().find(|one| one.join("workspace").is_dir()).map(Path::to_owned);
        before(&self.folder).expect("a release has a workspace")
    }

    fn install(&self, variables: &[(&str, &str)]) -> Result<Left> {
        let home = self.around();
        for name in ["path", "outputs"] {
            fs::write(home.join(name), "")?;
        }
        let output = self.script(variables).output()?;
        Ok(Left {
            succeeded: output.status.success(),
            said: [output.stdout, output.stderr]
                .map(|said| String::from_utf8_lossy(&said).into_owned())
                .concat(),
            path: fs::read_to_string(home.join("path"))?,
            outputs: fs::read_to_string(home.join("outputs"))?,
        })
    }
}

impl Left {
    fn well(self) -> Result<Self> {
        ensure!(self.succeeded, "it failed:\n{}", self.said);
        Ok(self)
    }

    /// It failed with an error for the runner, and nothing is on the path.
    fn badly(self) -> Result<Self> {
        ensure!(!self.succeeded, "it did not fail:\n{}", self.said);
        ensure!(
            self.said.lines().any(|line| line.starts_with("::error ")),
            "no error is shown:\n{}",
            self.said
        );
        ensure!(self.path.is_empty(), "{} is on the path", self.path);
        Ok(self)
    }

    fn says(&self, texts: &[&str]) -> Result<()> {
        for text in texts {
            ensure!(self.said.contains(text), "nothing says {text:?}:\n{}", self.said);
        }
        Ok(())
    }
}

fn file(target: &str) -> String {
    format!("chart-release-{VERSION}-{target}.tar.gz")
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write_program(file: &Path) -> Result<()> {
    fs::write(file, PROGRAM)?;
    Ok(fs::set_permissions(file, fs::Permissions::from_mode(0o755))?)
}
