//! Registries on the loopback, each empty at first and gone at the end.

use crate::{commands::run, peers::Peers};
use anyhow::{Context, Result, bail, ensure};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

/// How long the registry may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// What people run as a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Software {
    /// `docker-registry` of Debian.
    Distribution2,
    Distribution3,
    /// `crane registry serve`.
    Crane,
}

/// Who may read and write, and where the program finds who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Anybody,
    /// [`USER`], as a log-in by crane leaves it in Docker's file.
    Docker,
    /// [`USER`], as a log-in by Helm leaves it in Helm's file.
    Helm,
    /// [`USER`], whom an option names, with the password in the environment.
    Option,
}

pub const USER: &str = "peers";
pub const PASSWORD: &str = "only-for-these-checks";
/// `USER` and `PASSWORD` as `htpasswd -B` writes them, with the cheapest hash that there is.
const HTPASSWD: &str = "peers:$2b$04$s8kxViRFY/WIgoDljyRnouIfpHAsoY8mVp.tdxBf3YdyYz/Ubbyb.\n";

/// The name of this machine for who speaks HTTPS: to a loopback address the program speaks without encryption.
pub const HOUSE: &str = "registry.example.com";

/// What a registry needs to be spoken to over HTTPS.
pub struct Encryption {
    /// Nobody else vouches for it.
    pub certificate: PathBuf,
    key: PathBuf,
}

impl Encryption {
    /// For [`HOUSE`], written into `folder`.
    pub fn new(folder: &Path) -> Result<Self> {
        let made = rcgen::generate_simple_self_signed([HOUSE.to_owned()])?;
        let encryption = Self { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
        fs::write(&encryption.certificate, made.cert.pem())?;
        fs::write(&encryption.key, made.signing_key.serialize_pem())?;
        Ok(encryption)
    }
}

pub struct Registry {
    process: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
    pub software: Software,
    pub access: Access,
}

impl Registry {
    /// Starts a registry that keeps its blobs in `folder`, and waits until it says where it listens: it takes a port
    /// that nobody has, so no other process can come between.
    pub fn start(peers: &Peers, software: Software, access: Access, folder: &Path) -> Result<Self> {
        let registry = Self::listen(peers, software, access, None, folder)?;
        registry.admit(peers)?;
        Ok(registry)
    }

    /// The same over HTTPS, for anybody.
    pub fn start_encrypted(peers: &Peers, encryption: &Encryption, folder: &Path) -> Result<Self> {
        Self::listen(peers, Software::Distribution3, Access::Anybody, Some(encryption), folder)
    }

    fn listen(
        peers: &Peers,
        software: Software,
        access: Access,
        encryption: Option<&Encryption>,
        folder: &Path,
    ) -> Result<Self> {
        let mut command = peers.registry(software);
        if software == Software::Crane {
            ensure!(access == Access::Anybody, "crane's registry knows nobody");
            command.args(["registry", "serve", "--address", "127.0.0.1:0", "--disk"]).arg(folder);
        } else {
            command.arg("serve").arg(configuration(access, encryption, folder)?);
        }
        let mut process = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("could not start the registry")?;
        let messages = process.stderr.take().context("the registry has no stderr")?;
        let (sender, receiver) = channel();
        // Reads on to the end, or the registry would stop at a full pipe.
        thread::spawn(move || {
            for line in BufReader::new(messages).lines().map_while(Result::ok) {
                sender.send(line).ok();
            }
        });
        let mut registry = Self { process, address: String::new(), software, access };
        let (deadline, mut said) = (Instant::now() + PATIENCE, String::new());
        loop {
            match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(port) = listening(&line) {
                        registry.address = format!("127.0.0.1:{port}");
                        return Ok(registry);
                    }
                    said = format!("{said}{line}\n");
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!("the registry does not listen after {PATIENCE:?}:\n{said}")
                }
                Err(RecvTimeoutError::Disconnected) => bail!("the registry ended:\n{said}"),
            }
        }
    }

    /// Logs the readers in, each as its users do.
    fn admit(&self, peers: &Peers) -> Result<()> {
        if self.access == Access::Anybody {
            return Ok(());
        }
        // skopeo reads what crane writes: it is Docker's file.
        run(&mut self.login_of_crane(peers.crane()))?;
        peers.helms.iter().try_for_each(|helm| run(&mut self.login_of_helm(helm.command())).map(drop))
    }

    /// The command with which somebody logs in to this registry, by crane or by Helm.
    pub fn login_of_crane(&self, mut crane: Command) -> Command {
        crane.args(["auth", "login", &self.address, "--username", USER, "--password", PASSWORD]);
        crane
    }

    pub fn login_of_helm(&self, mut helm: Command) -> Command {
        helm.args(["registry", "login", &self.address, "--plain-http"]);
        helm.args(["--username", USER, "--password", PASSWORD]);
        helm
    }

    /// The manifest under a tag, byte for byte.
    pub fn manifest(&self, peers: &Peers, repository: &str, tag: &str) -> Result<Vec<u8>> {
        let reference = format!("docker://{}/{repository}:{tag}", self.address);
        run(peers.skopeo().args(["inspect", "--raw", "--tls-verify=false", &reference]))
    }

    /// What every tag of every repository points to: repository and tag → digest of the manifest.
    pub fn tags(&self, peers: &Peers) -> Result<BTreeMap<(String, String), String>> {
        let crane = |words: &[&str]| -> Result<String> {
            Ok(String::from_utf8(run(peers.crane().args(words).arg("--insecure"))?)?)
        };
        let mut tags = BTreeMap::new();
        for repository in crane(&["catalog", &self.address])?.lines() {
            for tag in crane(&["ls", &format!("{}/{repository}", self.address)])?.lines() {
                let digest = crane(&["digest", &format!("{}/{repository}:{tag}", self.address)])?;
                tags.insert((repository.to_owned(), tag.to_owned()), digest.trim().to_owned());
            }
        }
        Ok(tags)
    }

    /// As people say it.
    pub fn name(&self) -> String {
        let software = match self.software {
            Software::Distribution2 => "distribution 2",
            Software::Distribution3 => "distribution 3",
            Software::Crane => "crane's registry",
        };
        match self.access {
            Access::Anybody => software.to_owned(),
            Access::Docker => format!("{software} (log-in in Docker's file)"),
            Access::Helm => format!("{software} (log-in in Helm's file)"),
            Access::Option => format!("{software} (log-in by option)"),
        }
    }
}

/// A configuration for distribution, of which both versions read the same.
fn configuration(access: Access, encryption: Option<&Encryption>, folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let users = folder.join("htpasswd");
    let auth = match access {
        Access::Anybody => String::new(),
        Access::Docker | Access::Helm | Access::Option => {
            fs::write(&users, HTPASSWD)?;
            format!("auth: {{htpasswd: {{realm: peers, path: '{}'}}}}\n", users.display())
        }
    };
    let tls = encryption.map_or_else(String::new, |encryption| {
        let (certificate, key) = (encryption.certificate.display(), encryption.key.display());
        format!(", tls: {{certificate: '{certificate}', key: '{key}'}}")
    });
    let text = format!(
        "version: 0.1\nlog: {{level: info, accesslog: {{disabled: true}}}}\n\
         storage: {{filesystem: {{rootdirectory: '{}'}}}}\nhttp: {{addr: '127.0.0.1:0'{tls}}}\n{auth}",
        folder.join("blobs").display()
    );
    let file = folder.join("configuration.yml");
    fs::write(&file, text)?;
    Ok(file)
}

/// The port in the line with which a registry says where it listens.
fn listening(line: &str) -> Option<String> {
    let (_, rest) =
        line.split_once("listening on 127.0.0.1:").or_else(|| line.split_once("serving on port "))?;
    Some(rest.chars().take_while(char::is_ascii_digit).collect())
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
