//! References of images, as loosely as Artifact Hub reads them: `name.ParseReference` of go-containerregistry.

/// Whether this names an image: `[host/]repository[:tag][@digest]`.
pub(super) fn is_reference(text: &str) -> bool {
    if text.starts_with("http://") || text.starts_with("https://") {
        return false;
    }
    if is_tagged(text) {
        return true;
    }
    let mut parts = text.split('@');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(base), Some(digest), None) => is_digest(digest) && is_tagged(base),
        _ => false,
    }
}

/// `[host/]repository`, perhaps with a tag, which may be empty.
fn is_tagged(text: &str) -> bool {
    match text.rsplit_once(':') {
        // Behind the last colon of `host:5000/repository` stands no tag.
        Some((repository, tag)) if !tag.contains('/') => {
            (tag.is_empty() || is_tag(tag)) && is_repository(repository)
        }
        _ => is_repository(text),
    }
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= 127 && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

fn is_digest(digest: &str) -> bool {
    digest.len() == "sha256:".len() + 64 && digest.bytes().all(|byte| b"sh:0123456789abcdef".contains(&byte))
}

fn is_repository(text: &str) -> bool {
    let (host, path) = match text.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) => (host, path),
        _ => ("", text),
    };
    (2..=255).contains(&path.len())
        && path
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-./".contains(&byte))
        && is_host(host)
}

/// A host and perhaps a port, as Go's `net/url` takes them.
fn is_host(text: &str) -> bool {
    let is_known =
        |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || "-_.~!$&'()*+,;=:[]<>\"".contains(c);
    let port = match text.strip_prefix('[') {
        Some(address) => match address.rsplit_once(']') {
            Some((_, rest)) => rest,
            None => return false,
        },
        None => text.rfind(':').map_or("", |at| &text[at..]),
    };
    let is_port = match port.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => port.is_empty(),
    };
    is_port && text.chars().all(is_known)
}

#[cfg(test)]
mod tests {
    use super::is_reference;

    #[test]
    fn what_artifact_hub_takes_for_an_image() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for image in [
            "nginx",
            "nginx:1.27",
            "nginx:",
            "library/nginx",
            "ghcr.io/acme/app:v1.0.0-rc.1_2",
            "localhost:5000/app",
            "registry.example.org:5000/a/b/c:x",
            "[::1]:5000/app",
            &format!("ghcr.io/acme/app@{digest}"),
            &format!("ghcr.io/acme/app:1.0.0@{digest}"),
            "acme//app",
            // `docker:` is a host without a port.
            "docker://nginx",
        ] {
            assert!(is_reference(image), "{image}");
        }
        for image in [
            "",
            "a",
            "Nginx",
            "ghcr.io/Acme/app",
            "nginx:1.0.0+build",
            "nginx:{{ .Values.tag }}",
            "nginx 1.0",
            "https://ghcr.io/acme/app:1",
            "ghcr.io/acme/app@sha256:0a",
            "app@sha512:0a",
            &format!("a@b@{digest}"),
            "exa mple.org/app",
            "user@example.org/app",
            "host:port/app",
            "[::1/app",
            "ghcr.io/",
            &format!("app:{}", "x".repeat(128)),
            &format!("ghcr.io/{}", "x".repeat(256)),
        ] {
            assert!(!is_reference(image), "{image}");
        }
    }
}
