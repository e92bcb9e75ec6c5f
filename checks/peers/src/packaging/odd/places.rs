//! Where the made-up charts find what they depend on.

use crate::internet::{
    made,
    pages::{Offer, Pages},
};

/// Repositories with an index, of every form that an index has.
pub fn pages() -> Pages {
    let mut pages = Pages::default();
    let versions = |name: &str, versions: &[&str]| -> Vec<Offer> {
        versions.iter().map(|version| Offer::new(name, version)).collect()
    };
    // Not in order: an index need not be, as readers sort it.
    let mut stable = versions(
        "part",
        &["1.0.0", "2.0.0", "1.2.0", "0.9.0", "1.2.1-rc.1", "1.3.0-alpha.1", "3.0.0-beta.2"],
    );
    stable.extend(versions("other", &["0.1.0", "0.1.1"]));
    stable.extend(versions("vee", &["v1.0.0", "v1.1.0"]));
    stable.extend(versions("meta", &["1.0.0+b1", "1.0.0+b2"]));
    stable.push(Offer::of("library", "1.0.0", library()));
    pages.add("https://charts.example.com/stable", &stable);
    pages.add("http://plain.example.com", &versions("part", &["1.0.0"]));
    pages.add("https://odd.example.com/a/b", &listed_oddly());
    pages.lead("https://odd.example.com/a/b/moved-1.0.0.tgz", "https://files.example.com/moved-1.0.0.tgz");
    let moved = made::package("moved", "1.0.0");
    pages.put("https://files.example.com/moved-1.0.0.tgz", "application/gzip", moved);
    pages.put(
        "https://odd.example.com/page/index.yaml",
        "text/html",
        b"<html>\n<p>Sign in</p>\n</html>\n".into(),
    );
    let mut registry = versions("part", &["1.0.0", "1.2.0", "1.3.0-alpha.1", "v1.9.0"]);
    registry.extend(versions("meta", &["1.0.0+b1"]));
    pages.add("oci://registry.example.com/acme/charts", &registry);
    pages
}

/// One chart for each way to list a package.
fn listed_oddly() -> Vec<Offer> {
    let offer = |name: &str| Offer::new(name, "1.0.0");
    let prefixed = offer("prefixed");
    let digest = format!("sha256:{}", prefixed.digest);
    vec![
        offer("near").at("near-1.0.0.tgz"),
        offer("up").at("../../c/up-1.0.0.tgz"),
        offer("rooted").at("/rooted-1.0.0.tgz"),
        offer("absolute").at("https://files.example.com/x/absolute-1.0.0.tgz"),
        offer("asking").at("asking-1.0.0.tgz?key=value"),
        offer("bare").with_digest(""),
        prefixed.with_digest(&digest),
        offer("wrong").with_digest(&"ab".repeat(32)),
        Offer { urls: vec!["moved-1.0.0.tgz".to_owned()], ..offer("moved") },
        Offer { urls: Vec::new(), ..offer("nowhere") },
        Offer::of("renamed", "1.0.0", made::package("another", "1.0.0")),
        Offer::of("younger", "1.0.0", made::package("younger", "1.0.1")),
        Offer::of("broken", "1.0.0", b"no archive".into()),
        Offer::of("climbing", "1.0.0", made::climbing("climbing")),
    ]
}

fn library() -> Vec<u8> {
    made::archive(&[
        ("library/Chart.yaml", b"apiVersion: v2\nname: library\nversion: 1.0.0\ntype: library\n"),
        ("library/templates/_names.tpl", b"{{- define \"name\" -}}a{{- end -}}\n"),
    ])
}
