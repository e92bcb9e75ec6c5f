//! A registry on the loopback, empty at first and gone at the end.

use crate::{commands::run, peers::Peers};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

/// How long the registry may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Registry {
    process: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
}

impl Registry {
    /// Starts a registry that keeps its blobs in `folder`, and waits until it says where it listens: it takes a port
    /// that nobody has, so no other process can come between.
    pub fn start(peers: &Peers, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let configuration = folder.join("configuration.yml");
        fs::write(
            &configuration,
            format!(
                "version: 0.1\nlog: {{level: info, accesslog: {{disabled: true}}}}\n\
                 storage: {{filesystem: {{rootdirectory: '{}'}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n",
                folder.join("blobs").display()
            ),
        )?;
        let mut process = peers
            .registry()
            .arg("serve")
            .arg(&configuration)
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
        let mut registry = Self { process, address: String::new() };
        let (deadline, mut said) = (Instant::now() + PATIENCE, String::new());
        loop {
            match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some((_, rest)) = line.split_once("listening on ") {
                        registry.address = rest
                            .chars()
                            .take_while(|character| matches!(character, '0'..='9' | '.' | ':'))
                            .collect();
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

    /// The manifest under a tag, byte for byte.
    pub fn manifest(&self, peers: &Peers, repository: &str, tag: &str) -> Result<Vec<u8>> {
        let reference = format!("docker://{}/{repository}:{tag}", self.address);
        run(peers.skopeo().args(["inspect", "--raw", "--tls-verify=false", &reference]))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
