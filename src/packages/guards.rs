//! What must never be inside a package: secrets, private keys, `.git`.
//!
//! Charts are packaged on machines that hold tokens and signing keys, and a package that was published stays public for
//! ever.

use crate::{
    archive,
    charts::{DEEPEST_SUBCHART, Files},
    problem::Problem,
    secret::Secret,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use memchr::memmem;

/// Looks through the files of a chart, and into every `.tgz`: those below `charts/` are packaged unpacked.
///
/// Returns what somebody should look at but may be meant: a PEM private key, as charts with test certificates have.
///
/// # Errors
/// Refused are, by file (and line): the value of a secret, plain or within base64, anything in a `.git`, an OpenPGP or
/// cosign private key, a file that is called a passphrase. No value is ever in the message.
pub fn check(files: &Files, secrets: &[Secret]) -> Result<Vec<Problem>, Problem> {
    Guard::new(secrets, true).look_at_all(files)
}

/// Looks through packages that others published, and that a chart depends on: for the values of our secrets only. What
/// else is in them is public already, and not ours to judge.
///
/// # Errors
/// The value of a secret, by file and line.
pub fn check_fetched(files: &Files, secrets: &[Secret]) -> Result<(), Problem> {
    Guard::new(secrets, false).look_at_all(files).map(drop)
}

struct Guard {
    values: Vec<Vec<u8>>,
    /// Names and keys that no package of this repository shall have count too.
    ours: bool,
}

impl Guard {
    fn new(secrets: &[Secret], ours: bool) -> Self {
        Self { values: secrets.iter().flat_map(forms).collect(), ours }
    }

    fn look_at_all(&self, files: &Files) -> Result<Vec<Problem>, Problem> {
        let mut notices = Vec::new();
        for (path, content) in &files.0 {
            self.look(path, content, DEEPEST_SUBCHART, &mut notices)?;
        }
        Ok(notices)
    }

    fn look(
        &self,
        path: &str,
        content: &[u8],
        depth: usize,
        notices: &mut Vec<Problem>,
    ) -> Result<(), Problem> {
        self.look_at_name(path)?;
        self.look_at_content(path, content, notices)?;
        if depth > 0 && path.ends_with(".tgz") {
            // What cannot be read is not packaged unpacked, and is reported where the chart is read.
            for (inner, content) in archive::read(content, &archive::Limits::default()).unwrap_or_default() {
                self.look(&format!("{path}/{inner}"), &content, depth - 1, notices)?;
            }
        }
        Ok(())
    }

    fn look_at_name(&self, path: &str) -> Result<(), Problem> {
        if self.values.iter().any(|value| memmem::find(path.as_bytes(), value).is_some()) {
            return Err(Problem::new(
                "the name of a file holds the value of a secret that this program was given",
            )
            .next("rename it, and revoke the secret if the file was ever pushed"));
        }
        if !self.ours {
            return Ok(());
        }
        let refused = |what: &str| Problem::new(what).in_file(path).next(EXCLUDE);
        if path.split('/').any(|part| part == ".git") {
            return Err(refused("a `.git` would be packaged, and with it possibly credentials"));
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        if name == "secring.gpg" || path.split('/').any(|part| part == "private-keys-v1.d") {
            return Err(refused("an OpenPGP secret keyring would be packaged"));
        }
        if name
            .split('.')
            .find(|part| !part.is_empty())
            .is_some_and(|stem| stem.eq_ignore_ascii_case("passphrase"))
        {
            return Err(refused("a passphrase would be packaged"));
        }
        Ok(())
    }

    fn look_at_content(&self, path: &str, content: &[u8], notices: &mut Vec<Problem>) -> Result<(), Problem> {
        let places = self.values.iter().filter_map(|value| memmem::find(content, value));
        if let Some(place) = places.min() {
            return Err(Problem::new("the file holds the value of a secret that this program was given")
                .at(path, line_of(content, place))
                .next("remove it from the chart, and revoke the secret if the file was ever pushed"));
        }
        if !self.ours {
            return Ok(());
        }
        for (label, place) in private_keys(content) {
            let line = line_of(content, place);
            match label.as_str() {
                "PGP PRIVATE KEY BLOCK" => {
                    return Err(Problem::new("an OpenPGP secret key would be packaged")
                        .at(path, line)
                        .next(EXCLUDE));
                }
                "ENCRYPTED COSIGN PRIVATE KEY" | "ENCRYPTED SIGSTORE PRIVATE KEY" => {
                    return Err(Problem::new("a cosign private key would be packaged")
                        .at(path, line)
                        .next(EXCLUDE));
                }
                _ => notices.push(
                    Problem::new("a private key is packaged")
                        .at(path, line)
                        .next("if it is not one for tests, add the file to .helmignore and replace the key"),
                ),
            }
        }
        Ok(())
    }
}

const EXCLUDE: &str = "add it to .helmignore, or move it out of the chart";

/// The value itself, and what it looks like inside anything that was written as base64, such as `user:token` for git
/// and registries or a whole Kubernetes Secret: three bytes are four characters, so there are three such forms.
fn forms(secret: &Secret) -> [Vec<u8>; 4] {
    // Read from a file, it may end with a line break that a copy of it does not have.
    let value = secret.expose().trim().as_bytes();
    let encoded = |before: usize| {
        let bytes = [&[0; 2][..before], value].concat();
        // The characters at the edges hold bits of their neighbours.
        let (first, behind) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        STANDARD.encode(bytes).into_bytes()[first..behind].to_vec()
    };
    [value.to_vec(), encoded(0), encoded(1), encoded(2)]
}

/// Label and place of each armored private key that has a body: a header that documentation shows alone, or with dots
/// below it, is none.
fn private_keys(content: &[u8]) -> Vec<(String, usize)> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let mut found = Vec::new();
    for place in memmem::find_iter(content, BEGIN) {
        let rest = &content[place + BEGIN.len()..];
        let mut lines = rest.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let header = lines.next().unwrap_or_default();
        let Some(label) = header.strip_suffix(b"-----").and_then(|label| std::str::from_utf8(label).ok())
        else {
            continue;
        };
        if !label.contains("PRIVATE KEY") {
            continue;
        }
        // A next key ends it too, or many headers without an end would each be followed to the end of the file.
        let ends = |line: &[u8]| line.starts_with(b"-----END ") || memmem::find(line, BEGIN).is_some();
        let body = lines.take_while(|line| !ends(line)).any(is_key_material);
        if body {
            found.push((label.to_owned(), place));
        }
    }
    found
}

/// Armor has lines of 64 characters; the shortest key, Ed25519 in PKCS #8, is a single line of 64.
fn is_key_material(line: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    line.len() >= 60 && line.iter().all(is_base64)
}

fn line_of(content: &[u8], place: usize) -> usize {
    content[..place].iter().filter(|&&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const TOKEN: &str = "ghs_16C7e42F292c6912E7710c838347Ae178B4a";

    fn chart(files: &[(&str, &str)]) -> Files {
        Files(
            files.iter().map(|(path, text)| ((*path).to_owned(), Bytes::from((*text).to_owned()))).collect(),
        )
    }

    fn check_for_token(files: &Files) -> Result<Vec<Problem>, Problem> {
        check(files, &[Secret::new(TOKEN).unwrap()])
    }

    fn block(label: &str) -> String {
        format!("-----BEGIN {label}-----\n\n{}\n-----END {label}-----\n", "Ab0+".repeat(16))
    }

    #[test]
    fn a_token_is_refused_at_its_line_and_not_repeated() {
        let plain = format!("a: 1\ntoken: {TOKEN}\n");
        let header =
            format!("[http]\n\textraheader = basic {}\n", STANDARD.encode(format!("x-access-token:{TOKEN}")));
        let secret = format!("data:\n  token: {}\n", STANDARD.encode(TOKEN));
        let docker = format!("auths:\n  auth: {}\n", STANDARD.encode(format!("user:{TOKEN}")));
        let whole = format!("data:\n  c: {}\n", STANDARD.encode(format!("{{\"token\": \"{TOKEN}\"}}")));
        for text in [plain, header, secret, docker, whole] {
            let problem =
                check_for_token(&chart(&[("Chart.yaml", "name: c\n"), ("values.yaml", &text)])).unwrap_err();
            let place = problem.place.clone().unwrap();
            assert_eq!((place.file.as_str(), place.line), ("values.yaml", Some(2)));
            let said = format!("{problem:?}");
            assert!(!said.contains(TOKEN) && !said.contains(&STANDARD.encode(TOKEN)));
        }
    }

    #[test]
    fn a_token_in_the_name_of_a_file_is_refused_and_not_repeated() {
        let problem = check_for_token(&chart(&[(&format!("files/{TOKEN}.txt"), "text")])).unwrap_err();
        assert!(problem.what.contains("the name of a file") && !format!("{problem:?}").contains(TOKEN));
    }

    #[test]
    fn a_token_inside_a_subchart_archive_is_found() {
        let text = format!("token: {TOKEN}\n");
        let archive = archive::write(&[("d/values.yaml".into(), Bytes::from(text))], 0);
        let mut files = chart(&[("Chart.yaml", "name: c\n")]);
        files.0.insert("charts/d-1.0.0.tgz".into(), archive);
        let problem = check_for_token(&files).unwrap_err();
        assert_eq!(problem.place.unwrap().file, "charts/d-1.0.0.tgz/values.yaml");
    }

    #[test]
    fn what_others_published_is_searched_for_our_secrets_only() {
        let key = block("PGP PRIVATE KEY BLOCK");
        let fetched = |text: &str| {
            let entries = [
                ("d/.git/key.asc".to_owned(), Bytes::from(key.clone())),
                ("d/a".into(), text.to_owned().into()),
            ];
            Files([("charts/d-1.0.0.tgz".to_owned(), archive::write(&entries, 0))].into())
        };
        let check = |files: &Files| check_fetched(files, &[Secret::new(TOKEN).unwrap()]);
        assert!(check_for_token(&fetched("text")).is_err(), "a chart of ours must not have it");
        assert_eq!(check(&fetched("text")), Ok(()));
        let problem = check(&fetched(TOKEN)).unwrap_err();
        assert_eq!(problem.place.unwrap().file, "charts/d-1.0.0.tgz/a");
    }

    #[test]
    fn keys_and_git_folders_are_refused() {
        let (openpgp, cosign) = (block("PGP PRIVATE KEY BLOCK"), block("ENCRYPTED COSIGN PRIVATE KEY"));
        for (path, text) in [
            ("key.asc", openpgp.as_str()),
            ("cosign.key", cosign.as_str()),
            ("files/secring.gpg", ""),
            ("gnupg/private-keys-v1.d/ABC.key", ""),
            ("keys/passphrase.txt", "correct horse"),
            (".git/config", ""),
            ("sub/.git", "gitdir: elsewhere"),
        ] {
            let problem = check_for_token(&chart(&[(path, text)])).expect_err(path);
            assert_eq!(problem.place.unwrap().file, path);
            assert!(problem.next.is_some());
        }
    }

    #[test]
    fn a_pem_key_is_only_noticed_and_documentation_is_not() {
        let key = block("RSA PRIVATE KEY");
        let documentation =
            "# -----BEGIN PGP PRIVATE KEY BLOCK-----\n# ...\n-----BEGIN PRIVATE KEY-----\n...\n";
        let indented = format!("tls:\n  key: |\n    {}", key.replace('\n', "\n    "));
        let notices = check_for_token(&chart(&[
            ("README.md", documentation),
            ("values.yaml", &indented),
            (".gitignore", ".git\n"),
            ("key.pub", &block("PGP PUBLIC KEY BLOCK")),
        ]))
        .unwrap();
        let places: Vec<_> = notices.iter().filter_map(|notice| notice.place.clone()).collect();
        assert_eq!(places.len(), 1);
        assert_eq!((places[0].file.as_str(), places[0].line), ("values.yaml", Some(3)));
    }
}
