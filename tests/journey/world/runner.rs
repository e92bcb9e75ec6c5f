//! The runner of a workflow, as far as it looks for commands in what a step prints.

use std::collections::BTreeSet;

/// What a runner did with a log.
#[derive(Default)]
pub struct Runner {
    stopped_by: Option<String>,
    /// The commands that it carried out.
    pub done: Vec<Done>,
    /// What stands in its log.
    pub log: String,
}

/// A command that was carried out, its values as they were written.
#[derive(Debug)]
pub struct Done {
    pub name: String,
    pub properties: String,
    pub data: String,
}

impl Runner {
    /// GitHub's runner 2.3xx: while it is stopped, it knows one command, which is the word that it was stopped with; it
    /// takes `::name properties::data` at the beginning of a line, and `##[name properties]data` anywhere. At the end it
    /// has to read commands again.
    pub fn read(text: &str) -> Self {
        let mut runner = Self::default();
        for line in text.lines() {
            let modern = line.trim_start().strip_prefix("::").and_then(|rest| rest.split_once("::"));
            let old = || line.split_once("##[").and_then(|(_, rest)| rest.split_once(']'));
            let Some((head, data)) = modern.or_else(old) else {
                runner.show(line);
                continue;
            };
            let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
            match &runner.stopped_by {
                Some(word) if word == name => runner.stopped_by = None,
                Some(_) => runner.show(line),
                None if name == "stop-commands" => runner.stopped_by = Some(data.to_owned()),
                None => runner.done.push(Done {
                    name: name.to_owned(),
                    properties: properties.to_owned(),
                    data: data.to_owned(),
                }),
            }
        }
        assert_eq!(runner.stopped_by, None, "the runner is left without commands:\n{text}");
        runner
    }

    fn show(&mut self, line: &str) {
        self.log += line;
        self.log += "\n";
    }

    /// Which commands it carried out.
    pub fn names(&self) -> BTreeSet<&str> {
        self.done.iter().map(|done| done.name.as_str()).collect()
    }

    /// The commands of this name.
    pub fn named(&self, name: &str) -> Vec<&Done> {
        self.done.iter().filter(|done| done.name == name).collect()
    }
}
