//! The definition of the Action, action.yml, and the program agree: every input reaches the program, and none is made up.

use chart_release::{
    charts::yaml::{self, Node},
    cli::Cli,
    config,
};
use clap::CommandFactory;
use std::{collections::BTreeSet, fs, path::Path};

/// What the script that brings the program reads; the rest is read by the program.
const OF_THE_INSTALLATION: [&str; 4] = ["binary", "binary_url", "install_dir", "install_only"];

fn definition() -> Node {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("action.yml");
    yaml::read("action.yml", &fs::read(file).expect("action.yml is there")).expect("action.yml is YAML")
}

fn under<'a>(node: &'a Node, key: &str) -> &'a Node {
    node.get(key).unwrap_or_else(|| panic!("{key} is missing"))
}

fn keys(node: &Node) -> BTreeSet<String> {
    node.entries().iter().map(|(key, _)| key.text().expect("a key is text").to_owned()).collect()
}

fn text(node: &Node) -> &str {
    node.text().expect("a text")
}

/// The step of this name.
fn step<'a>(definition: &'a Node, id: &str) -> &'a Node {
    let steps = under(under(definition, "runs"), "steps").items();
    steps.iter().find(|step| step.get("id").and_then(Node::text) == Some(id)).expect("the step is there")
}

#[test]
fn every_input_of_the_program_is_one_of_the_action_and_the_other_way_round() {
    let mut read: BTreeSet<String> = config::inputs(&Cli::command()).into_iter().collect();
    // Hidden from people, because only tests are in such a hurry.
    read.remove("retry_pause");
    assert_eq!(keys(under(&definition(), "inputs")), read);
}

#[test]
fn every_input_is_brought_to_the_step_that_reads_it_and_nothing_else_is() {
    let definition = definition();
    let (mut inputs, mut others) = (BTreeSet::new(), BTreeSet::new());
    for id in ["install", "run"] {
        for (name, value) in under(step(&definition, id), "env").entries() {
            let (name, value) = (text(name), text(value));
            let Some(input) = name.strip_prefix("INPUT_") else {
                others.insert(format!("{name}: {value}"));
                continue;
            };
            let input = input.to_lowercase();
            assert_eq!(value, format!("${{{{ inputs.{input} }}}}"));
            assert_eq!(
                id == "install",
                OF_THE_INSTALLATION.contains(&input.as_str()),
                "{input} goes to {id}"
            );
            assert!(inputs.insert(input), "{name} is brought twice");
        }
    }
    assert_eq!(inputs, keys(under(&definition, "inputs")));
    // What the caller's job has in its environment passes through only when it is not set here.
    let expected = [
        "ACTION_REPOSITORY: ${{ github.action_repository }}",
        "CHART_RELEASE_DEFAULT_TOKEN: ${{ github.token }}",
        "SERVER_URL: ${{ github.server_url }}",
    ];
    assert_eq!(others, expected.map(str::to_owned).into());
}

#[test]
fn no_input_is_a_part_of_a_shell_line() {
    for step in under(under(&definition(), "runs"), "steps").items() {
        assert!(!text(under(step, "run")).contains("${{"), "{}", text(under(step, "run")));
        assert_eq!(text(under(step, "shell")), "bash");
    }
}

#[test]
fn every_input_and_output_says_what_it_is() {
    let definition = definition();
    for (name, input) in under(&definition, "inputs").entries() {
        let (name, said) = (text(name), text(under(input, "description")));
        // Those of chart-releaser that change nothing have no default.
        let told = said.contains("Default: ")
            || ["no effect", "is refused", "Not needed"].iter().any(|word| said.contains(word));
        assert!(told, "{name} does not say its default: {said}");
        assert!(said.ends_with('.') && !said.contains('\n'), "{name}: {said}");
        // Anything else would win over the variables of the job and the configuration file.
        let default = input.get("default").and_then(Node::text);
        assert_eq!(default, (name == "command").then_some("auto"), "{name}");
        assert!(input.get("required").is_none(), "{name} has to be given");
    }
    for (name, output) in under(&definition, "outputs").entries() {
        let name = text(name);
        assert!(!text(under(output, "description")).is_empty(), "{name}");
        assert_eq!(text(under(output, "value")), format!("${{{{ steps.run.outputs.{name} }}}}"));
    }
}

#[test]
fn the_reference_has_every_input_and_output() {
    let definition = definition();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/action.md");
    let page = fs::read_to_string(page).expect("docs/action.md is there");
    for part in ["inputs", "outputs"] {
        for name in keys(under(&definition, part)) {
            assert!(page.contains(&format!("`{name}`")), "docs/action.md does not have {name} of {part}");
        }
    }
}
