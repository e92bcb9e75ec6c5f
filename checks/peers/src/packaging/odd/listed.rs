//! Where we and Helm do not do the same, each with its reason.

use super::{Case, End, Happens, Listed, Lock, Way, accepted::case};

const BOTH: &[Way] = &Way::ALL;

pub const CASES: &[Case] = &[
    Case {
        end: End::Listed(&[Listed {
            ways: BOTH,
            helm: "Helm",
            happens: Happens::OnlyHelmPackages,
            reason: "a package that is not what its index says: Helm does not compare digests, we do",
        }]),
        ..case!(
            "a package with another digest",
            "- {name: wrong, version: 1.0.0, repository: 'https://odd.example.com/a/b'}"
        )
    },
    Case {
        title: "a chart outside the repository",
        files: &[
            (
                "Chart.yaml",
                "apiVersion: v2\ndependencies:\n- {name: outside, version: ^1, repository: 'file://../../../outside'}\n",
            ),
            ("../../../outside/Chart.yaml", "apiVersion: v2\nname: outside\nversion: 1.4.0\n"),
        ],
        packages: &[],
        lock: None,
        end: End::Listed(&[Listed {
            ways: BOTH,
            helm: "Helm",
            happens: Happens::OnlyHelmPackages,
            reason: "file:// leads out of the repository: what is there is not what somebody reviewed",
        }]),
    },
    Case {
        title: "a package in charts/ with the version of the lock",
        files: &[(
            "Chart.yaml",
            "apiVersion: v2\ndependencies:\n- {name: library, version: 1.0.0, repository: 'https://charts.example.com/stable'}\n",
        )],
        packages: &[("charts/library-1.0.0.tgz", "library", "1.0.0")],
        lock: Some(Lock {
            file: "Chart.lock",
            requested: r#"[{"name":"library","version":"1.0.0","repository":"https://charts.example.com/stable"}]"#,
            locked: Some(
                r#"[{"name":"library","version":"1.0.0","repository":"https://charts.example.com/stable"}]"#,
            ),
            text: "- {name: library, repository: 'https://charts.example.com/stable', version: 1.0.0}\n",
        }),
        end: End::Listed(&[Listed {
            ways: &[Way::Build],
            helm: "Helm",
            happens: Happens::OtherContents,
            reason: "a package that is committed to charts/ and fits: Helm fetches it again, we take what was reviewed",
        }]),
    },
];
