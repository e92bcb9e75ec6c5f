//! Where we and Helm do not do the same, each with its reason.

use super::{Case, End, Happens, Listed, Lock, Way, accepted::case};

/// In both ways, with both Helms.
const fn everywhere(happens: Happens, reason: &'static str) -> End {
    End::Listed(Listed { ways: &Way::ALL, helm: "Helm", happens, reason })
}

pub const CASES: &[Case] = &[
    Case {
        end: everywhere(
            Happens::OnlyHelmPackages,
            "a package that is not what its index says: Helm does not compare digests, we do",
        ),
        ..case!(
            "a package with another digest",
            "- {name: wrong, version: 1.0.0, repository: 'https://odd.example.com/a/b'}"
        )
    },
    Case {
        end: everywhere(
            Happens::OnlyHelmPackages,
            "a package of another version than its entry: Helm packages what nobody asked for",
        ),
        ..case!(
            "a package of a younger version",
            "- {name: younger, version: ~1, repository: 'https://odd.example.com/a/b'}"
        )
    },
    Case {
        end: everywhere(
            Happens::OnlyHelmPackages,
            "two versions of one chart: Helm mixes their files in one folder",
        ),
        ..case!(
            "two versions under two aliases",
            "- {name: part, alias: one, version: 1.0.0, repository: 'https://charts.example.com/stable'}\n\
             - {name: part, alias: two, version: 2.0.0, repository: 'https://charts.example.com/stable'}"
        )
    },
    Case {
        end: everywhere(
            Happens::OnlyHelmPackages,
            "two folders in charts/ with one chart: Helm mixes their files in one folder",
        ),
        ..case!(
            "a chart in two folders",
            "- {name: inside, version: ~1, repository: ''}",
            "charts/folder/Chart.yaml": "apiVersion: v2\nname: inside\nversion: 1.4.0\n",
            "charts/inside/Chart.yaml": "apiVersion: v2\nname: inside\nversion: 1.4.0\n"
        )
    },
    Case {
        end: everywhere(
            Happens::OnlyWePackage,
            "charts/*.tgz in its .helmignore: Helm ignores what it has just fetched, and refuses the chart",
        ),
        ..case!(
            "packages in its own .helmignore",
            "- {name: part, version: ^1, repository: 'https://charts.example.com/stable'}",
            ".helmignore": "*.tgz\n"
        )
    },
    Case {
        end: End::Listed(Listed {
            ways: &Way::ALL,
            helm: "Helm 3",
            happens: Happens::OnlyWePackage,
            reason: "an address that begins with a slash: Helm 3 looks below the repository, Helm 4 and we as RFC 3986 says",
        }),
        ..case!(
            "a package at the root of its host",
            "- {name: rooted, version: ~1, repository: 'https://odd.example.com/a/b'}"
        )
    },
    Case {
        end: End::Listed(Listed {
            ways: &Way::ALL,
            helm: "Helm 3",
            happens: Happens::OnlyWePackage,
            reason: "an address with a query below its repository: Helm 3 takes the question mark for a part of the name",
        }),
        ..case!(
            "a package with a query",
            "- {name: asking, version: ~1, repository: 'https://odd.example.com/a/b'}"
        )
    },
    Case {
        end: everywhere(
            Happens::OnlyHelmPackages,
            "file:// leads out of the repository: what is there is not what somebody reviewed",
        ),
        ..case!(
            "a chart outside the repository",
            "- {name: outside, version: ^1, repository: 'file://../../../outside'}",
            "../../../outside/Chart.yaml": "apiVersion: v2\nname: outside\nversion: 1.4.0\n"
        )
    },
    Case {
        packages: &[("charts/library-1.0.0.tgz", "library", "1.0.0")],
        lock: Some(Lock {
            file: "Chart.lock",
            requested: LIBRARY,
            locked: Some(LIBRARY),
            text: "- {name: library, repository: 'https://charts.example.com/stable', version: 1.0.0}\n",
        }),
        end: End::Listed(Listed {
            ways: &[Way::Build],
            helm: "Helm",
            happens: Happens::OtherContents,
            reason: "a package that is committed to charts/ and fits: Helm fetches it again, we take what was reviewed",
        }),
        ..case!(
            "a package in charts/ with the version of the lock",
            "- {name: library, version: 1.0.0, repository: 'https://charts.example.com/stable'}"
        )
    },
];

const LIBRARY: &str =
    r#"[{"name":"library","version":"1.0.0","repository":"https://charts.example.com/stable"}]"#;
