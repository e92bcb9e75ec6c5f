//! Charts that all refuse.

use super::{Case, End, Lock};

macro_rules! refused {
    ($title:literal, $dependencies:literal, $words:literal) => {
        Case {
            title: $title,
            files: &[("Chart.yaml", concat!("apiVersion: v2\ndependencies:\n", $dependencies, "\n"))],
            packages: &[],
            lock: None,
            end: End::Refused($words),
        }
    };
}

pub const CASES: &[Case] = &[
    refused!(
        "a host that nobody has",
        "- {name: part, version: ^1, repository: 'https://nobody.example.com/charts'}",
        "nobody.example.com"
    ),
    refused!(
        "a repository without an index",
        "- {name: part, version: ^1, repository: 'https://charts.example.com/unstable'}",
        "charts.example.com/unstable"
    ),
    refused!(
        "a page for people in place of an index",
        "- {name: part, version: ^1, repository: 'https://odd.example.com/page'}",
        "odd.example.com/page"
    ),
    refused!(
        "a chart that a repository does not have",
        "- {name: nothing, version: ^1, repository: 'https://charts.example.com/stable'}",
        "nothing"
    ),
    refused!(
        "a version that nobody has",
        "- {name: part, version: ^4, repository: 'https://charts.example.com/stable'}",
        "part"
    ),
    refused!(
        "a prerelease that is not asked for",
        "- {name: part, version: '>2.0.0', repository: 'https://charts.example.com/stable'}",
        "part"
    ),
    refused!("no version", "- {name: part, repository: 'https://charts.example.com/stable'}", "part"),
    refused!(
        "a version that is none",
        "- {name: part, version: newest, repository: 'https://charts.example.com/stable'}",
        "newest"
    ),
    refused!(
        "a name that nobody gave to a repository",
        "- {name: part, version: ^1, repository: '@unknown'}",
        "unknown"
    ),
    refused!("a repository that is no address", "- {name: part, version: ^1, repository: stable}", "stable"),
    refused!(
        "an entry without an address",
        "- {name: nowhere, version: 1.0.0, repository: 'https://odd.example.com/a/b'}",
        "nowhere"
    ),
    refused!(
        "a package of another chart",
        "- {name: renamed, version: 1.0.0, repository: 'https://odd.example.com/a/b'}",
        "renamed"
    ),
    refused!(
        "a package that is no archive",
        "- {name: broken, version: 1.0.0, repository: 'https://odd.example.com/a/b'}",
        "broken"
    ),
    refused!(
        "a package that climbs out",
        "- {name: climbing, version: 1.0.0, repository: 'https://odd.example.com/a/b'}",
        "climbing"
    ),
    refused!(
        "a chart that a registry does not have",
        "- {name: nothing, version: 1.0.0, repository: 'oci://registry.example.com/acme/charts'}",
        "nothing"
    ),
    refused!(
        "a version that a registry does not have",
        "- {name: part, version: ^2, repository: 'oci://registry.example.com/acme/charts'}",
        "part"
    ),
    refused!(
        "a part of a version, which a registry takes for a tag",
        "- {name: part, version: '1.2', repository: 'oci://registry.example.com/acme/charts'}",
        "part"
    ),
    refused!(
        "a folder in charts/ that is not there",
        "- {name: inside, version: ^1, repository: ''}",
        "inside"
    ),
    refused!(
        "a chart beside it that is not there",
        "- {name: beside, version: ^1, repository: 'file://../beside'}",
        "beside"
    ),
    Case {
        title: "a folder in charts/ with another version",
        files: &[
            ("Chart.yaml", "apiVersion: v2\ndependencies:\n- {name: inside, version: ^2, repository: ''}\n"),
            ("charts/inside/Chart.yaml", "apiVersion: v2\nname: inside\nversion: 1.4.0\n"),
        ],
        packages: &[],
        lock: None,
        end: End::Refused("inside"),
    },
    Case {
        title: "a chart beside it with another version",
        files: &[
            (
                "Chart.yaml",
                "apiVersion: v2\ndependencies:\n- {name: beside, version: ^2, repository: 'file://../beside'}\n",
            ),
            ("../beside/Chart.yaml", "apiVersion: v2\nname: beside\nversion: 1.4.0\n"),
        ],
        packages: &[],
        lock: None,
        end: End::Refused("beside"),
    },
    Case {
        title: "a lock that is out of sync",
        files: &[(
            "Chart.yaml",
            "apiVersion: v2\ndependencies:\n- {name: part, version: ^1, repository: 'https://charts.example.com/stable'}\n",
        )],
        packages: &[],
        lock: Some(Lock {
            file: "Chart.lock",
            requested: r#"[{"name":"part","version":"^1.0","repository":"https://charts.example.com/stable"}]"#,
            locked: Some(
                r#"[{"name":"part","version":"1.0.0","repository":"https://charts.example.com/stable"}]"#,
            ),
            text: "- {name: part, repository: 'https://charts.example.com/stable', version: 1.0.0}\n",
        }),
        end: End::RefusedAsLocked("Chart.lock"),
    },
    Case {
        title: "a lock with a version that has gone",
        files: &[(
            "Chart.yaml",
            "apiVersion: v2\ndependencies:\n- {name: part, version: ^1, repository: 'https://charts.example.com/stable'}\n",
        )],
        packages: &[],
        lock: Some(Lock {
            file: "Chart.lock",
            requested: r#"[{"name":"part","version":"^1","repository":"https://charts.example.com/stable"}]"#,
            locked: Some(
                r#"[{"name":"part","version":"1.1.0","repository":"https://charts.example.com/stable"}]"#,
            ),
            text: "- {name: part, repository: 'https://charts.example.com/stable', version: 1.1.0}\n",
        }),
        end: End::RefusedAsLocked("1.1.0"),
    },
];
