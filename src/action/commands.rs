//! The commands of a workflow's runner: annotations, groups and masks, in lines that the runner reads.
//!
//! The runner takes commands from whatever is printed, and the name of a chart may be `::add-path::/tmp`. So it stops to
//! read them for as long as this program runs, until it is told a word that nobody can know, and reads only the lines
//! that are written here.

use crate::{
    problem::{Place, Problem},
    progress,
    report::annotations::Annotation,
    secret::{Redaction, Secret},
};
use std::{
    fmt::Write as _,
    io::Write as _,
    sync::{Mutex, PoisonError},
};

/// The runner, which reads no commands until they are given here; again when this is dropped. Elsewhere than on GitHub
/// Actions nothing of it is printed.
pub struct Commands {
    on_actions: bool,
    redaction: Redaction,
    /// The word that lets the runner read again. A new one each time.
    stopped_by: Mutex<String>,
}

impl Commands {
    /// Gives the runner the secrets that it has to mask, and stops it from reading what is printed from here on.
    /// `on_actions` is what `GITHUB_ACTIONS=true` says: elsewhere nobody would swallow the lines.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn stop(on_actions: bool, secrets: &[Secret], redaction: &Redaction) -> Result<Self, Problem> {
        let token = unpredictable()?;
        if on_actions {
            // The one place that prints secrets. `tell` would take them out.
            let lines: String = secrets.iter().map(|secret| mask(secret.expose())).collect();
            let _ = std::io::stderr().lock().write_all(lines.as_bytes());
            progress::tell(redaction, &format!("::stop-commands::{token}\n"));
        }
        Ok(Self { on_actions, redaction: redaction.clone(), stopped_by: Mutex::new(token) })
    }

    /// Shows these annotations beside the log and in the changed files.
    pub fn annotate(&self, annotations: &[Annotation]) {
        self.give(&annotations.iter().map(|one| annotation(one, &self.redaction)).collect::<String>());
    }

    /// Everything that is printed until the answer is dropped is folded under this title.
    #[must_use]
    pub fn group(&self, title: &str) -> Group<'_> {
        self.give(&format!("::group::{}\n", data(title)));
        Group(self)
    }

    /// Lets the runner read these lines, and nothing beside them: they are written at once.
    fn give(&self, lines: &str) {
        if !self.on_actions || lines.is_empty() {
            return;
        }
        let mut stopped_by = self.stopped_by.lock().unwrap_or_else(PoisonError::into_inner);
        // The same word again is not known to anybody either, as long as nobody reads the log before it is used.
        let next = unpredictable().unwrap_or_else(|_| stopped_by.clone());
        let lines = format!("::{stopped_by}::\n{lines}::stop-commands::{next}\n");
        progress::tell(&self.redaction, &lines);
        *stopped_by = next;
    }
}

impl Drop for Commands {
    fn drop(&mut self) {
        if self.on_actions {
            let stopped_by = self.stopped_by.lock().unwrap_or_else(PoisonError::into_inner);
            progress::tell(&self.redaction, &format!("::{stopped_by}::\n"));
        }
    }
}

/// A part of the log that can be folded, until it is dropped.
pub struct Group<'a>(&'a Commands);

impl Drop for Group<'_> {
    fn drop(&mut self) {
        self.0.give("::endgroup::\n");
    }
}

/// A word of 128 bits that nobody can guess.
pub(super) fn unpredictable() -> Result<String, Problem> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Problem::new(format!("the system has no random numbers: {error}")))?;
    Ok(bytes.iter().fold(String::from("chart-release-"), |mut word, byte| {
        // Writing to a text cannot fail.
        let _ = write!(word, "{byte:02x}");
        word
    }))
}

/// The command that makes the runner show `***` instead, and each line of it.
fn mask(secret: &str) -> String {
    match secret.trim() {
        // The runner refuses to mask nothing.
        "" => String::new(),
        secret => format!("::add-mask::{}\n", data(secret)),
    }
}

/// `::error file=charts/demo/Chart.yaml,line=3,title=…::…`
fn annotation(annotation: &Annotation, redaction: &Redaction) -> String {
    let Annotation { level, place, title, message } = annotation;
    // Before they are escaped: `%` is another text then.
    let (data, property) =
        (|text: &str| data(&redaction.of(text)), |text: &str| property(&redaction.of(text)));
    let mut properties = Vec::new();
    if let Some(Place { file, line }) = place {
        properties.push(format!("file={}", property(file)));
        properties.extend(line.map(|line| format!("line={line}")));
    }
    properties.push(format!("title={}", property(title)));
    format!("::{} {}::{}\n", level.word(), properties.join(","), data(message))
}

/// The text of a command, as the runner reads it back.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command, likewise.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::annotations::Level;

    /// As the runner reads it back.
    fn read_back(text: &str) -> String {
        let text = text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",");
        text.replace("%25", "%")
    }

    #[test]
    fn a_command_is_one_line_whatever_stands_in_it() {
        let hostile = "a%0A,b:c=d\r\n::add-path::/tmp\n##[add-mask]x::y";
        let one = Annotation {
            level: Level::Error,
            place: Some(Place { file: hostile.into(), line: Some(3) }),
            title: hostile.into(),
            message: hostile.into(),
        };
        let command = annotation(&one, &Redaction::default());
        assert_eq!(command.matches(['\n', '\r']).count(), 1, "{command:?}");
        let (properties, message) =
            command.strip_prefix("::error ").expect("an error").split_once("::").expect("a message");
        assert_eq!(read_back(message.trim_end_matches('\n')), hostile);
        let properties: Vec<_> = properties.split(',').map(read_back).collect();
        assert_eq!(properties, [format!("file={hostile}"), "line=3".into(), format!("title={hostile}")]);
    }

    #[test]
    fn a_secret_is_taken_out_before_it_is_escaped() {
        let secret = "100%, or: more";
        let one = Annotation {
            level: Level::Error,
            place: Some(Place { file: secret.into(), line: None }),
            title: secret.into(),
            message: secret.into(),
        };
        let redaction = Redaction::new(&[Secret::any(secret)]);
        assert_eq!(annotation(&one, &redaction), "::error file=***,title=***::***\n");
    }

    #[test]
    fn a_secret_of_several_lines_is_masked_and_none_is_not() {
        assert_eq!(mask(" one\ntwo% \n"), "::add-mask::one%0Atwo%25\n");
        assert_eq!(mask(" \n"), "");
    }

    #[test]
    fn the_word_that_lets_the_runner_read_again_is_never_the_same() {
        let one = unpredictable().unwrap();
        assert_ne!(one, unpredictable().unwrap());
        assert_eq!(one.len(), "chart-release-".len() + 32);
    }
}
