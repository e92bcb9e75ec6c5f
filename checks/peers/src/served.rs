//! A folder as a chart repository over HTTP, or whatever answers paths: on the loopback, for as long as this process
//! lives.

use anyhow::Result;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::Arc,
    thread,
};

/// Serves the files of `folder`; returns the URL of the folder.
pub fn serve(folder: PathBuf) -> Result<String> {
    serve_with(move |path| fs::read(folder.join(path)).ok())
}

/// Answers each path, without its leading slash, with what `find` finds for it.
pub fn serve_with(find: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> Result<String> {
    let find = Arc::new(find);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let find = Arc::clone(&find);
            // A reader that hangs up is the reader's affair.
            thread::spawn(move || answer(stream, &*find).ok());
        }
    });
    Ok(url)
}

fn answer(mut stream: TcpStream, find: &dyn Fn(&str) -> Option<Vec<u8>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let target = request.split(' ').nth(1).unwrap_or_default();
    let body = name(target).and_then(|name| find(&name));
    let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
    let body = body.unwrap_or_default();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(&body)
}

/// The file that a request names, as static servers see it: `%2B` is a plus sign, and so is `+`.
fn name(target: &str) -> Option<String> {
    let path = target.split('?').next()?.strip_prefix('/')?;
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        if *first == b'%' {
            let (digits, others) = others.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = others;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok().filter(|name| !name.split('/').any(|part| part == ".."))
}
