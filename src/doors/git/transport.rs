//! How libgit2 reaches another repository: always through us, so that proxies, certificates, time-outs and tokens are
//! those of every other call. libgit2's own transports are not used: the one for HTTPS would bring a second TLS library,
//! the one for local repositories runs no hooks and overwrites a branch that moved meanwhile.
//!
//! libgit2 calls a transport on the thread that called libgit2. What a call needs lies in that thread's session, so
//! nothing of one run, and no token, is in what is registered for the whole process.

use super::{over_http::OverHttp, over_pipe::OverPipe};
use crate::{doors::patience::Fault, problem::Problem, secret::Secret};
use git2::{
    Error, ErrorClass, ErrorCode,
    transport::{Service, SmartSubtransport, SmartSubtransportStream, Transport},
};
use std::{
    cell::RefCell,
    io,
    sync::{Arc, Once},
    time::Duration,
};

/// What libgit2 is given as URL. The real one is in the session.
pub(super) const URL: &str = "chart-release://remote";

/// Where a repository is, and how it is reached.
#[derive(Debug)]
pub(super) enum Way {
    /// `https://…` or `http://…`.
    Http(OverHttp),
    /// A path of this machine, or another machine by `ssh`.
    Pipe(OverPipe),
}

/// Why a call ended, as the transport saw it: libgit2 passes on no more than a text.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub fault: Fault,
    /// The other side refuses because of who we are.
    pub forbidden: bool,
    /// What was sent may have been taken.
    pub unsure: bool,
}

/// What is known of a call that failed.
pub(super) struct Broken {
    /// What libgit2 says.
    pub error: Error,
    /// What the transport saw.
    pub ended: Option<Box<Ended>>,
    /// What the program at the other end of a pipe said.
    pub told: String,
}

struct Session {
    way: Arc<Way>,
    runtime: tokio::runtime::Handle,
    ended: Option<Ended>,
    /// What the program at the other end of a pipe said.
    told: String,
}

thread_local! {
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// Calls libgit2 with a session. What the transport has to say of a failure comes with libgit2's own error.
pub(super) fn during<T>(way: &Arc<Way>, call: impl FnOnce() -> Result<T, Error>) -> Result<T, Broken> {
    register();
    /// Ends the session also when the call panics.
    struct End;
    impl Drop for End {
        fn drop(&mut self) {
            SESSION.with_borrow_mut(Option::take);
        }
    }
    let runtime = tokio::runtime::Handle::current();
    let session = Session { way: Arc::clone(way), runtime, ended: None, told: String::new() };
    SESSION.with_borrow_mut(|current| *current = Some(session));
    let _end = End;
    call().map_err(|error| {
        let session = SESSION.with_borrow_mut(Option::take);
        let (ended, told) = session.map_or((None, String::new()), |session| (session.ended, session.told));
        Broken { error, ended: ended.map(Box::new), told }
    })
}

fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let factory = |remote: &git2::Remote<'_>| {
            let way = way()?;
            let stateless = matches!(*way, Way::Http(_));
            Transport::smart(remote, stateless, Ours(way))
        };
        // SAFETY: registering must not run beside the making of a transport. Transports are made only by calls on
        // remotes, those happen only in `during`, and `during` waits here for the first.
        #[allow(unsafe_code)]
        let registered = unsafe { git2::transport::register("chart-release", factory) };
        if let Err(error) = registered {
            // Every call will say that it does not know the URL.
            tracing::error!("libgit2 takes no transport: {error}");
        }
    });
}

fn way() -> Result<Arc<Way>, Error> {
    let way = SESSION.with_borrow(|session| session.as_ref().map(|session| Arc::clone(&session.way)));
    way.ok_or_else(|| failed("no session"))
}

/// Waits for something, on a thread that may block.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> io::Result<T> {
    let runtime = SESSION.with_borrow(|session| session.as_ref().map(|session| session.runtime.clone()));
    Ok(runtime.ok_or_else(|| io::Error::other("no session"))?.block_on(future))
}

/// Keeps why a call ends, for the one who called libgit2. The first reason counts.
pub(super) fn end(ended: Ended) -> Error {
    let what = Problem::from(ended.fault.clone()).what;
    SESSION.with_borrow_mut(|session| {
        if let Some(session) = session {
            session.ended.get_or_insert(ended);
        }
    });
    failed(&what)
}

/// Keeps what the program at the other end of a pipe said.
pub(super) fn tell(text: &str) {
    SESSION.with_borrow_mut(|session| {
        if let Some(session) = session {
            session.told.push_str(text);
        }
    });
}

fn failed(what: &str) -> Error {
    Error::new(ErrorCode::GenericError, ErrorClass::Net, what.replace('\0', ""))
}

struct Ours(Arc<Way>);

impl SmartSubtransport for Ours {
    fn action(&self, _url: &str, action: Service) -> Result<Box<dyn SmartSubtransportStream>, Error> {
        match &*self.0 {
            Way::Http(http) => http.stream(action),
            Way::Pipe(pipe) => pipe.stream(action),
        }
    }

    fn close(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// `git-upload-pack`, or `git-receive-pack`.
pub(super) fn program(action: Service) -> &'static str {
    match action {
        Service::UploadPackLs | Service::UploadPack => "git-upload-pack",
        Service::ReceivePackLs | Service::ReceivePack => "git-receive-pack",
    }
}

/// Whether this action sends something that changes the other side.
pub(super) fn writes(action: Service) -> bool {
    action == Service::ReceivePack
}

impl Way {
    /// The way to this address.
    pub fn to(
        address: &str,
        token: Option<Secret>,
        ssh: Option<String>,
        http: &crate::doors::http::Settings,
    ) -> Result<Self, Problem> {
        let scheme = address.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        Ok(match scheme.as_deref() {
            Some("http" | "https") => Self::Http(OverHttp::new(address, token, http)?),
            Some("file" | "ssh" | "git+ssh" | "ssh+git") | None => {
                Self::Pipe(OverPipe::new(address, ssh, longest(http.call))?)
            }
            Some(_) => {
                let what = "the remote of the pages is reached by https, ssh or a path, and by nothing else";
                return Err(Problem::new(what).next("name another URL with --pages-remote"));
            }
        })
    }

    /// The address without user and password, for people.
    pub fn shown(&self) -> &str {
        match self {
            Self::Http(http) => http.shown(),
            Self::Pipe(pipe) => pipe.shown(),
        }
    }

    /// A text of the other side without what we sent as a secret.
    pub fn redacted(&self, text: &str) -> String {
        match self {
            Self::Http(http) => http.redacted(text),
            Self::Pipe(_) => text.to_owned(),
        }
    }
}

/// A pipe carries a whole conversation, which is up to three calls over HTTP.
fn longest(call: Duration) -> Duration {
    call * 3
}

/// One line of what another side said: no control characters, and not too long.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
