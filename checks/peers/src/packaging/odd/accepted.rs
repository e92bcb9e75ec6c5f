//! Charts that all package, to the same contents.

use super::{Case, End, Lock};

/// One dependency, asked for as one line of YAML.
macro_rules! case {
    ($title:literal, $dependencies:literal $(, $file:literal: $text:literal)*) => {
        Case {
            title: $title,
            files: &[
                ("Chart.yaml", concat!("apiVersion: v2\ndependencies:\n", $dependencies, "\n")),
                $(($file, $text)),*
            ],
            packages: &[],
            lock: None,
            end: End::Same,
        }
    };
}
pub(super) use case;

const PART: &str = "- name: part\n  repository: https://charts.example.com/stable\n  version: 1.0.0\n";
const PART_JSON: &str =
    r#"[{"name":"part","version":"1.0.0","repository":"https://charts.example.com/stable"}]"#;

pub const CASES: &[Case] = &[
    case!("a range", "- {name: part, version: ^1.0.0, repository: 'https://charts.example.com/stable'}"),
    case!("any version", "- {name: part, version: '*', repository: 'https://charts.example.com/stable/'}"),
    case!(
        "a range by a part of a version",
        "- {name: part, version: '1', repository: 'https://charts.example.com/stable'}"
    ),
    case!("one version", "- {name: part, version: 1.0.0, repository: 'https://charts.example.com/stable'}"),
    case!(
        "one prerelease",
        "- {name: part, version: 1.2.1-rc.1, repository: 'https://charts.example.com/stable'}"
    ),
    case!(
        "a range with prereleases",
        "- {name: part, version: '>=1.0.0-0 <2.0.0-0', repository: 'https://charts.example.com/stable'}"
    ),
    case!(
        "a range with all prereleases",
        "- {name: part, version: '>0.0.0-0', repository: 'https://charts.example.com/stable'}"
    ),
    case!(
        "one range or another",
        "- {name: part, version: '<1.0.0 || >1.0.0, <1.2.0 || =1.2.0', repository: 'https://charts.example.com/stable'}"
    ),
    case!(
        "versions with a v",
        "- {name: vee, version: ~1.0, repository: 'https://charts.example.com/stable'}"
    ),
    case!(
        "a version without the v that it has",
        "- {name: vee, version: 1.1.0, repository: 'https://charts.example.com/stable'}"
    ),
    case!(
        "one version with a build",
        "- {name: meta, version: 1.0.0+b1, repository: 'https://charts.example.com/stable'}"
    ),
    case!(
        "a range that JSON escapes",
        "- {name: part, version: '> 0.9.0, < 2', repository: 'https://charts.example.com/stable'}"
    ),
    case!(
        "a repository without encryption",
        "- {name: part, version: ^1, repository: 'http://plain.example.com'}"
    ),
    case!(
        "conditions, tags, and what is not enabled",
        "- {name: part, version: ^1, repository: 'https://charts.example.com/stable', condition: 'part.enabled,global.part', tags: [a, b]}\n\
         - {name: other, version: ~0.1.0, repository: 'https://charts.example.com/stable', enabled: false, tags: [never]}",
        "values.yaml": "part: {enabled: false}\ntags: {a: false, never: false}\n"
    ),
    case!(
        "an alias",
        "- {name: part, alias: the_Part-1, version: ^1, repository: 'https://charts.example.com/stable'}"
    ),
    case!(
        "one version under two aliases, and under its own name",
        "- {name: part, alias: one, version: ^1, repository: 'https://charts.example.com/stable'}\n\
         - {name: part, version: 1.2.0, repository: 'https://charts.example.com/stable'}\n\
         - {name: part, alias: two, version: ^1, repository: 'https://charts.example.com/stable', condition: two.enabled}"
    ),
    case!(
        "values that are imported",
        "- name: part\n  version: ^1\n  repository: https://charts.example.com/stable\n  import-values:\n  - data\n  - {child: default.data, parent: y}\n  - 010\n\
         - {name: other, version: '>=0', repository: 'https://charts.example.com/stable', import-values: []}"
    ),
    case!("a library", "- {name: library, version: 1.x.x, repository: 'https://charts.example.com/stable'}"),
    case!(
        "a package beside its index",
        "- {name: near, version: 1.0.0, repository: 'https://odd.example.com/a/b'}"
    ),
    case!(
        "a package above its index",
        "- {name: up, version: 1.0.0, repository: 'https://odd.example.com/a/b'}"
    ),
    case!(
        "a package on another host",
        "- {name: absolute, version: ~1, repository: 'https://odd.example.com/a/b'}"
    ),
    case!(
        "a package that has moved",
        "- {name: moved, version: ~1, repository: 'https://odd.example.com/a/b'}"
    ),
    case!(
        "an entry without a digest",
        "- {name: bare, version: ~1, repository: 'https://odd.example.com/a/b'}"
    ),
    case!(
        "a digest with its algorithm",
        "- {name: prefixed, version: ~1, repository: 'https://odd.example.com/a/b'}"
    ),
    case!(
        "one version from a registry",
        "- {name: part, version: 1.0.0, repository: 'oci://registry.example.com/acme/charts'}"
    ),
    case!(
        "one version with a v from a registry",
        "- {name: part, version: v1.9.0, repository: 'oci://registry.example.com/acme/charts'}"
    ),
    case!(
        "a range from a registry",
        "- {name: part, version: ^1.0.0, repository: 'oci://registry.example.com/acme/charts'}"
    ),
    case!(
        "a range with prereleases from a registry",
        "- {name: part, version: '>=1.0.0-0', repository: 'oci://registry.example.com/acme/charts'}"
    ),
    case!(
        "a version with a build from a registry",
        "- {name: meta, version: 1.0.0+b1, repository: 'oci://registry.example.com/acme/charts'}"
    ),
    case!(
        "names that people gave to repositories",
        "- {name: part, version: ^1, repository: '@stable'}\n- {name: near, version: ^1, repository: 'alias:odd'}"
    ),
    case!(
        "a folder in charts/",
        "- {name: inside, version: ~1, repository: ''}\n- {name: part, version: ^1, repository: 'https://charts.example.com/stable'}",
        "charts/inside/Chart.yaml": "apiVersion: v2\nname: inside\nversion: 1.4.0\n"
    ),
    case!(
        "a chart beside it, with its own rules and without what it depends on",
        "- {name: beside, version: '>=0.1.0', repository: 'file://../beside'}",
        "../beside/Chart.yaml": "apiVersion: v2\nname: beside\nversion: 0.2.0\ndependencies:\n- {name: part, version: ^1, repository: 'https://charts.example.com/stable'}\n",
        "../beside/.helmignore": "*.bak\n/docs/\n",
        "../beside/values.yaml": "a: 1\n",
        "../beside/old.bak": "ignored\n",
        "../beside/docs/a.md": "ignored\n",
        "../beside/templates/a.yaml": "{}\n",
        ".helmignore": "*.md\n"
    ),
    Case {
        title: "a chart beside it, with what it depends on in charts/",
        files: &[
            (
                "Chart.yaml",
                "apiVersion: v2\ndependencies:\n- {name: beside, version: 0.2.0, repository: 'file://../beside'}\n",
            ),
            (
                "../beside/Chart.yaml",
                "apiVersion: v2\nname: beside\nversion: 0.2.0\ndependencies:\n- {name: part, version: ^1, repository: 'https://charts.example.com/stable'}\n",
            ),
            (
                "../beside/Chart.lock",
                "dependencies: []\ndigest: sha256:00\ngenerated: 2020-01-02T03:04:05Z\n",
            ),
        ],
        packages: &[("../beside/charts/part-1.0.0.tgz", "part", "1.0.0")],
        lock: None,
        end: End::Same,
    },
    Case {
        title: "the old format",
        files: &[
            ("Chart.yaml", "apiVersion: v1\n"),
            (
                "requirements.yaml",
                "# the old way\ndependencies:\n- {name: part, version: ^1, repository: 'https://charts.example.com/stable'}\n",
            ),
        ],
        packages: &[],
        lock: None,
        end: End::Same,
    },
    Case {
        title: "the old format, with a lock",
        files: &[
            ("Chart.yaml", "apiVersion: v1\n"),
            (
                "requirements.yaml",
                "dependencies:\n- {name: part, version: ^1, repository: 'https://charts.example.com/stable'}\n",
            ),
        ],
        packages: &[],
        lock: Some(Lock {
            file: "requirements.lock",
            requested: r#"[{"name":"part","version":"^1","repository":"https://charts.example.com/stable"}]"#,
            locked: Some(PART_JSON),
            text: PART,
        }),
        end: End::Same,
    },
    Case {
        title: "the old format, with a lock of Helm 2",
        files: &[
            ("Chart.yaml", "apiVersion: v1\n"),
            ("requirements.yaml", "dependencies:\n- {name: part, version: ^1, repository: '@stable'}\n"),
        ],
        packages: &[],
        lock: Some(Lock {
            file: "requirements.lock",
            requested: r#"[{"name":"part","version":"^1","repository":"@stable"}]"#,
            locked: None,
            text: PART,
        }),
        end: End::Same,
    },
    Case {
        title: "the new format, with its dependencies where the old one has them",
        files: &[
            ("Chart.yaml", "apiVersion: v2\n"),
            (
                "requirements.yaml",
                "dependencies:\n- {name: part, version: ^1, repository: 'https://charts.example.com/stable'}\n",
            ),
        ],
        packages: &[],
        lock: None,
        end: End::Same,
    },
    Case {
        title: "a lock with an older version than there is",
        files: &[(
            "Chart.yaml",
            "apiVersion: v2\ndependencies:\n- {name: part, version: '>=1.0.0 <2', repository: 'https://charts.example.com/stable', alias: p, import-values: [{child: 'a&b', parent: c}]}\n",
        )],
        packages: &[],
        lock: Some(Lock {
            file: "Chart.lock",
            requested: r#"[{"name":"part","version":"\u003e=1.0.0 \u003c2","repository":"https://charts.example.com/stable","import-values":[{"child":"a\u0026b","parent":"c"}],"alias":"p"}]"#,
            locked: Some(PART_JSON),
            text: PART,
        }),
        end: End::Same,
    },
    Case {
        title: "a lock that is as it would be written today",
        files: &[(
            "Chart.yaml",
            "apiVersion: v2\ndependencies:\n- {name: part, version: 1.0.0, repository: '@stable'}\n",
        )],
        packages: &[],
        lock: Some(Lock { file: "Chart.lock", requested: PART_JSON, locked: Some(PART_JSON), text: PART }),
        end: End::Same,
    },
    Case {
        title: "an older package in charts/, and one that nobody asks for",
        files: &[(
            "Chart.yaml",
            "apiVersion: v2\ndependencies:\n- {name: part, version: '>=1.0.0', repository: 'https://charts.example.com/stable'}\n",
        )],
        packages: &[("charts/part-0.9.0.tgz", "part", "0.9.0"), ("charts/extra-1.0.0.tgz", "extra", "1.0.0")],
        lock: None,
        end: End::Same,
    },
];
