//! The rules of a .helmignore, and paths.

use chart_release::charts::helmignore::Rules;

/// The parts: the .helmignore, one more rule, and paths (one to a line).
pub fn helmignore(data: &[u8]) {
    let [text, more, paths] = super::parts(data);
    let rules = Rules::parse(text);
    let longer = Rules::parse(&[text, b"\n", more].concat());
    let rules = match rules {
        Ok(rules) => rules,
        Err(problem) => {
            let line = problem.place.and_then(|place| place.line).expect("it is told where");
            assert!((1..=text.split(|byte| *byte == b'\n').count()).contains(&line));
            assert!(longer.is_err(), "what is added behind a mistake does not mend it");
            return;
        }
    };
    let text_of_windows = String::from_utf8_lossy(text).replace('\n', "\r\n");
    let of_windows = Rules::parse(text_of_windows.as_bytes());
    // Only that files and folders are told apart: without it, being a folder can but match more rules.
    let negates = String::from_utf8_lossy(text).contains('!');
    let paths = String::from_utf8_lossy(paths);
    for path in paths.lines().take(8) {
        let [file, folder] = [false, true].map(|is_directory| rules.ignores(path, is_directory));
        for (is_directory, ignored) in [(false, file), (true, folder)] {
            assert!(
                ignored || !Rules::default().ignores(path, is_directory),
                "the default rule always holds"
            );
            if let Ok(longer) = &longer {
                assert!(!ignored || longer.ignores(path, is_directory), "a rule brings back {path:?}");
            }
            if let Ok(of_windows) = &of_windows {
                assert_eq!(
                    of_windows.ignores(path, is_directory),
                    ignored,
                    "line breaks decide about {path:?}"
                );
            }
        }
        assert!(negates || !file || folder, "{path:?} is ignored only as a file");
        is_ignored_by_its_name(path);
    }
}

/// A rule that is a path and nothing else ignores that path, and a file of its name in any folder where it is only a name.
fn is_ignored_by_its_name(path: &str) {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if path.is_empty()
        || !path.chars().all(is_plain)
        || path.split('/').any(|part| matches!(part, "" | "." | ".."))
    {
        return;
    }
    let rules = Rules::parse(path.as_bytes()).expect("a path is a rule");
    assert!(rules.ignores(path, false) && rules.ignores(path, true), "{path:?}");
    let below = rules.ignores(&format!("folder-above/{path}"), false);
    assert!(below != path.contains('/') || path.starts_with("templates/."), "{path:?}");
}
