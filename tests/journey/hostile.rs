//! What people do to a program that they do not trust: odd folders, odd names, odd moments.

use crate::world::{World, stored};

const DEMO: [&str; 3] = ["demo-1.0.0.tgz", "index.yaml: demo-1.0.0.tgz", "oci/demo: 1.0.0"];

fn with_a_chart() -> World {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.commit("Add a chart");
    world
}

#[cfg(unix)]
#[test]
fn one_folder_under_two_names_is_told_and_does_not_wait_for_itself() {
    let world = with_a_chart();
    std::os::unix::fs::symlink("published", world.repository().join("link")).expect("a link");
    std::fs::create_dir(world.repository().join("published")).expect("a folder");
    for other in ["folder:./published", "folder:link", "folder:missing/../published"] {
        for command in ["plan", "publish"] {
            world
                .run(&[command, "--channel", "folder:published", "--channel", other])
                .ends_with(2)
                .says("the same folder");
        }
    }
    assert_eq!(world.stored(), [""; 0]);
    assert!(!world.repository().join("missing").exists());
}

#[test]
fn two_folders_in_any_order_are_the_same_folders() {
    let world = with_a_chart();
    let run = |first: &str, second: &str| {
        let mut command = world.program();
        command.args(["publish", "--channel", first, "--channel", second]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command.spawn().expect("it starts")
    };
    // Each run holds both locks while it writes: taken in two orders, each would wait for the other.
    let runs: Vec<_> = (0..8)
        .map(|turn| if turn % 2 == 0 { run("folder:a", "folder:b") } else { run("folder:b", "folder:a") })
        .collect();
    for mut one in runs {
        assert!(one.wait().expect("it ends").success());
    }
    assert_eq!(stored(&world.repository().join("a")), DEMO);
    assert_eq!(stored(&world.repository().join("b")), DEMO);
}
