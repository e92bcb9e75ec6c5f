//! Git's smart protocol over the pipes of a program: git itself for a path of this machine, `ssh` for another one. Keys,
//! agents and known hosts are ssh's own affair, and it asks nobody anything.

use super::transport::{Ended, end, program, tell};
use crate::{doors::patience::Fault, problem::Problem};
use git2::{
    Error,
    transport::{Service, SmartSubtransportStream},
};
use std::{
    fs::File,
    io::{self, Read, Seek, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};

/// How much of what a program says on its error output is read, in bytes.
const SAID: u64 = 16 * 1024;

/// A repository that is reached through a program.
#[derive(Debug)]
pub(super) struct OverPipe {
    place: Place,
    shown: String,
    longest: Duration,
}

#[derive(Debug)]
enum Place {
    Here { path: String },
    There { host: String, port: Option<String>, path: String, ssh: Option<String> },
}

impl OverPipe {
    /// `ssh`: what to call instead of the `ssh` that is found, as `GIT_SSH_COMMAND` says it. `longest`: how long a
    /// conversation may take.
    pub fn new(address: &str, ssh: Option<String>, longest: Duration) -> Result<Self, Problem> {
        let bad = |what: &str| Err(Problem::new(what.to_owned()).next("check --pages-remote"));
        let place = match address.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => {
                Place::Here { path: decoded(rest) }
            }
            Some((_, rest)) => {
                let Some((host, path)) = rest.split_once('/') else {
                    return bad("the ssh URL of the pages' repository names no repository");
                };
                let path = decoded(path);
                let path = if path.starts_with('~') { path } else { format!("/{path}") };
                let (host, port) = match host.rsplit_once(':') {
                    Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
                        (host, Some(port.to_owned()))
                    }
                    _ => (host, None),
                };
                Place::There { host: host.trim_matches(['[', ']']).to_owned(), port, path, ssh }
            }
            // As git tells them apart: `host:path` has no slash before the colon.
            None => match address.split_once(':') {
                Some((host, path)) if !host.contains('/') => {
                    Place::There { host: host.to_owned(), port: None, path: path.to_owned(), ssh }
                }
                _ => Place::Here { path: address.to_owned() },
            },
        };
        let (Place::Here { path } | Place::There { path, .. }) = &place;
        if path.is_empty() || path.contains(['\0', '\n']) {
            return bad("the address of the pages' repository names no repository");
        }
        let shown = match &place {
            // What begins with a dash would be read as an option.
            Place::There { host, .. } if host.is_empty() || host.starts_with('-') => {
                return bad("the address of the pages' repository names no host");
            }
            Place::There { host, .. } => {
                let (user, name) = host.rsplit_once('@').unwrap_or(("", host));
                let user = user.split(':').next().unwrap_or_default();
                let at = if user.is_empty() { "" } else { "@" };
                format!("{user}{at}{name}:{}", path.trim_start_matches('/'))
            }
            Place::Here { path } => path.clone(),
        };
        Ok(Self { place, shown, longest })
    }

    pub fn shown(&self) -> &str {
        &self.shown
    }

    fn command(&self, action: Service) -> Command {
        let program = program(action);
        match &self.place {
            Place::Here { path } => {
                let mut command = Command::new("git");
                command.arg(program.trim_start_matches("git-")).arg("--").arg(path);
                // A hook's environment would lead git to another repository than the one that is named.
                for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_INDEX_FILE"] {
                    command.env_remove(name);
                }
                command
            }
            Place::There { host, port, path, ssh } => {
                let mut command = match ssh {
                    Some(ssh) => {
                        let mut command = Command::new("sh");
                        command.arg("-c").arg(format!("{ssh} \"$@\"")).arg(ssh);
                        command
                    }
                    None => Command::new("ssh"),
                };
                command.args(["-o", "BatchMode=yes"]);
                if let Some(port) = port {
                    command.args(["-p", port]);
                }
                command.arg(host).arg(format!("{program} '{}'", path.replace('\'', "'\\''")));
                command
            }
        }
    }

    /// Begins what libgit2 asks for.
    pub fn stream(&self, action: Service) -> Result<Box<dyn SmartSubtransportStream>, Error> {
        let begun = self.begin(action).map_err(|error| {
            let name = match &self.place {
                Place::Here { .. } => "git",
                Place::There { .. } => "ssh",
            };
            let problem = Problem::new(format!("cannot start `{name}` to reach {}: {error}", self.shown))
                .next(format!("install {name}"));
            end(Ended { fault: Fault::Lasting(problem), forbidden: false, unsure: false })
        });
        Ok(Box::new(begun?))
    }

    fn begin(&self, action: Service) -> io::Result<Pipe> {
        let said = tempfile::tempfile()?;
        let mut child = self
            .command(action)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(said.try_clone()?)
            .spawn()?;
        let (Some(question), Some(answer)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let child = Arc::new(Mutex::new(child));
        let (done, watched) = mpsc::channel::<()>();
        let (slow, longest) = (Arc::clone(&child), self.longest);
        std::thread::spawn(move || {
            if watched.recv_timeout(longest) == Err(mpsc::RecvTimeoutError::Timeout) {
                // It may have ended just now.
                let _ = slow.lock().unwrap_or_else(PoisonError::into_inner).kill();
            }
        });
        Ok(Pipe { question: Some(question), answer, child, said, _done: done })
    }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A program, and what it is asked and answers.
struct Pipe {
    question: Option<ChildStdin>,
    answer: ChildStdout,
    child: Arc<Mutex<Child>>,
    said: File,
    /// Dropped with the rest: the program need not be watched any more.
    _done: mpsc::Sender<()>,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.answer.read(buffer)
    }
}

impl Write for Pipe {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.question.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write(part)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.question.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.flush()
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.question = None;
        // Hooks run on after the answer, and speak into this pipe: it is read to its end.
        let _ = io::copy(&mut self.answer, &mut io::sink());
        let _ = self.child.lock().unwrap_or_else(PoisonError::into_inner).wait();
        let mut said = Vec::new();
        if self.said.rewind().is_ok() && (&self.said).take(SAID).read_to_end(&mut said).is_ok() {
            tell(&String::from_utf8_lossy(&said));
        }
    }
}
