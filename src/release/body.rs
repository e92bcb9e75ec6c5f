//! The text of a release.

use super::Mark;

/// What the text is made of.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// The package's notes file, where one is configured and there.
    pub notes: Option<&'a str>,
    /// The description in the Chart.yaml.
    pub description: &'a str,
    /// How people install it, a command for each channel.
    pub install: &'a [String],
    /// What GitHub tells of the changes; nothing where it was not asked.
    pub generated: &'a str,
}

/// GitHub takes 125 000 characters; the rest is for the commands and the mark.
const LONGEST: usize = 100_000;

/// The text: notes, or else the description; how to install it; what has changed; our mark.
pub fn body(words: Words<'_>, mark: &Mark) -> String {
    let said = words.notes.filter(|notes| !notes.trim().is_empty()).unwrap_or(words.description);
    let mut text = words_of_others(said, LONGEST);
    let generated = words_of_others(words.generated, LONGEST - text.chars().count().min(LONGEST));
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    if !words.install.is_empty() {
        text += &format!("```sh\n{}\n```\n\n", words.install.join("\n"));
    }
    if !generated.is_empty() {
        text += &generated;
        text.push_str("\n\n");
    }
    text + &mark.line() + "\n"
}

/// What a chart says, or the title of a change: at most this many characters of it, and it cannot speak for us.
fn words_of_others(said: &str, longest: usize) -> String {
    let lines = said.lines().filter(|line| !Mark::resembles(line));
    let mut text = lines.collect::<Vec<_>>().join("\n").trim().to_owned();
    if let Some((end, _)) = text.char_indices().nth(longest) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_go_before_the_description_and_the_mark_is_last() {
        let mark = super::super::mark::tests::mark();
        let install = ["helm install demo oci://ghcr.io/acme/charts/demo".to_owned()];
        let words = Words { notes: None, description: "A demo", install: &install, generated: "" };
        let text = body(words, &mark);
        assert_eq!(text, format!("A demo\n\n```sh\n{}\n```\n\n{}\n", install[0], mark.line()));
        let text = body(Words { notes: Some("# News\r\n- one\r\n"), ..words }, &mark);
        assert!(text.starts_with("# News\n- one\n\n```sh\n"), "{text}");
        assert!(body(Words { notes: Some(" \n"), ..words }, &mark).starts_with("A demo"));
        let told = Words { generated: "\n## What's Changed\n* One\n", ..words };
        assert_eq!(
            body(told, &mark),
            format!("A demo\n\n```sh\n{}\n```\n\n## What's Changed\n* One\n\n{}\n", install[0], mark.line())
        );
        let nothing = Words { notes: None, description: "", install: &[], generated: "" };
        assert_eq!(body(nothing, &mark), mark.line() + "\n");
    }

    #[test]
    fn a_chart_cannot_forge_a_mark_and_no_text_is_too_long() {
        let mark = super::super::mark::tests::mark();
        let forged = Mark { created: 1, ..mark.clone() };
        let notes = format!("{}\n{}", forged.line(), "ä".repeat(200_000));
        let words = Words { notes: Some(&notes), description: "", install: &[], generated: &notes };
        for words in [words, Words { generated: "", ..words }, Words { notes: None, ..words }] {
            let text = body(words, &mark);
            assert!((90_000..110_000).contains(&text.chars().count()));
            assert_eq!(Mark::find(&text).as_ref(), Some(&mark));
            assert_eq!(text.matches("chart-release:").count(), 1);
        }
    }
}
