//! The internet of these checks: a proxy on the loopback that answers for every host by itself.
//!
//! Charts name the repositories of others. Nobody rewrites them here, as that would change their locks: Helm and the
//! program are told of a proxy, and of the one who vouches for every host behind it.

pub mod made;
pub mod pages;

use anyhow::{Result, ensure};
use pages::{Page, Pages};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::{BufRead, BufReader, Error, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    thread,
};
use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned, crypto::ring, pki_types::PrivateKeyDer,
};

/// For as long as this process lives.
pub struct Internet {
    proxy: String,
    certificate: PathBuf,
    shared: Arc<Shared>,
}

struct Shared {
    pages: Pages,
    tls: Arc<ServerConfig>,
    asked: Mutex<Vec<String>>,
}

impl Internet {
    /// Begins to answer. `folder` gets the certificate of who vouches for the hosts.
    pub fn start(pages: Pages, folder: &Path) -> Result<Self> {
        let certificate = folder.join("certificate.pem");
        let (authority, tls) = encryption(pages.hosts())?;
        fs::write(&certificate, authority)?;
        let shared = Arc::new(Shared { pages, tls: Arc::new(tls), asked: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let proxy = format!("http://{}", listener.local_addr()?);
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&served);
                // A reader that hangs up is the reader's affair.
                thread::spawn(move || served_by_proxy(&shared, stream).ok());
            }
        });
        Ok(Self { proxy, certificate, shared })
    }

    /// Lets a command see this internet, and nothing else of any.
    pub fn reached_by<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("HTTPS_PROXY", &self.proxy)
            .env("HTTP_PROXY", &self.proxy)
            .env("SSL_CERT_FILE", &self.certificate)
    }

    /// What was asked for since the last time, as in `GET https://example.com/index.yaml`.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An authority in PEM, and the certificate of all hosts that it signs.
fn encryption(hosts: Vec<String>) -> Result<(String, ServerConfig)> {
    ensure!(!hosts.is_empty(), "an internet without hosts");
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let text = authority.self_signed(&key)?.pem();
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(hosts)?.signed_by(&key, &issuer)?;
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )?;
    Ok((text, tls))
}

/// The first line of a request, without its version of HTTP.
struct Request {
    method: String,
    target: String,
}

impl Request {
    /// The next one of a connection; none at its end. No request here has a body.
    fn read(stream: &mut impl BufRead) -> std::io::Result<Option<Self>> {
        let mut lines = stream.lines();
        let Some(line) = lines.next().transpose()? else { return Ok(None) };
        for header in lines {
            if header?.is_empty() {
                break;
            }
        }
        let mut words = line.split(' ').map(str::to_owned);
        Ok(words.next().zip(words.next()).map(|(method, target)| Self { method, target }))
    }
}

/// One connection to the proxy: a tunnel to a host, or requests with whole addresses.
fn served_by_proxy(shared: &Shared, stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = Request::read(&mut stream)? {
        if request.method != "CONNECT" {
            answer(shared, stream.get_mut(), &request.method, &request.target)?;
            continue;
        }
        let host = request.target.strip_suffix(":443").unwrap_or(&request.target).to_owned();
        if !shared.pages.hosts().contains(&host) {
            shared.asked.lock().unwrap_or_else(PoisonError::into_inner).push(format!("CONNECT {host}"));
            return write!(stream.get_mut(), "HTTP/1.1 502 No such host\r\nContent-Length: 0\r\n\r\n");
        }
        write!(stream.get_mut(), "HTTP/1.1 200 OK\r\n\r\n")?;
        let session = ServerConnection::new(Arc::clone(&shared.tls)).map_err(Error::other)?;
        let mut tunnel = BufReader::new(StreamOwned::new(session, stream.into_inner()));
        while let Some(request) = Request::read(&mut tunnel)? {
            let address = format!("https://{host}{}", request.target);
            answer(shared, tunnel.get_mut(), &request.method, &address)?;
        }
        return Ok(());
    }
    Ok(())
}

fn answer(
    shared: &Shared,
    stream: &mut (impl Read + Write),
    method: &str,
    address: &str,
) -> std::io::Result<()> {
    shared.asked.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{method} {address}"));
    let body = match shared.pages.find(address) {
        None => {
            write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?;
            return stream.flush();
        }
        Some(Page::Elsewhere(address)) => {
            write!(stream, "HTTP/1.1 302 Found\r\nLocation: {address}\r\nContent-Length: 0\r\n\r\n")?;
            return stream.flush();
        }
        Some(Page::Here { kind, bytes }) => {
            let digest = made::hex(&Sha256::digest(bytes));
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
                 Docker-Content-Digest: sha256:{digest}\r\n\r\n",
                bytes.len()
            )?;
            bytes
        }
    };
    if method != "HEAD" {
        stream.write_all(body)?;
    }
    stream.flush()
}
