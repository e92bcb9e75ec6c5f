//! Repositories as they are found: bare, shallow, without a commit, in a worktree, with submodules, with odd names.

use crate::world::{DEMO, Run, World};

fn publish_in(world: &World, folder: &str) -> Run {
    let mut command = world.command(env!("CARGO_BIN_EXE_chart-release"));
    command.current_dir(world.path(folder)).args(["publish", "--channel"]);
    World::end(command.arg(format!("folder:{}", world.path("out").display())))
}

fn stored(world: &World) -> Vec<String> {
    crate::world::stored(&world.path("out"))
}

#[test]
fn from_a_folder_inside_the_repository() {
    let world = World::with_a_chart();
    publish_in(&world, "repository/charts/demo").ends_with(0);
    assert_eq!(stored(&world), DEMO);
}

#[test]
fn charts_may_be_where_packages_go_by_themselves() {
    let mut world = World::new();
    world.chart("packages/demo", "demo", "1.0.0");
    world.commit("Add a chart");
    world.write("chart-release.yaml", "charts: packages\n");
    publish_in(&world, "repository").ends_with(0);
    assert_eq!(stored(&world), DEMO);
}

#[test]
fn outside_of_any_repository() {
    let world = World::with_a_chart();
    std::fs::create_dir(world.path("empty")).expect("a folder");
    publish_in(&world, "empty").ends_with(2);
    assert_eq!(stored(&world), [""; 0]);
}

#[test]
fn a_bare_repository_has_its_versions_from_commits() {
    let world = World::with_a_chart();
    world.git(&["clone", "--quiet", "--bare", ".", "../bare.git"]);
    publish_in(&world, "bare.git").ends_with(0);
    assert_eq!(stored(&world), DEMO);
}

#[test]
fn bare_and_not_bare_publish_the_same_bytes() {
    let world = World::with_a_chart();
    world.publish(&[]).ends_with(0);
    world.git(&["clone", "--quiet", "--bare", ".", "../bare.git"]);
    publish_in(&world, "bare.git").ends_with(0);
    let package = |path: &str| std::fs::read(world.path(path)).expect("a package");
    assert_eq!(package("repository/published/demo-1.0.0.tgz"), package("out/demo-1.0.0.tgz"));
}

#[test]
fn a_shallow_clone_publishes_and_says_what_it_cannot_know() {
    let mut world = World::with_a_chart();
    world.write("README.md", "unrelated");
    world.commit("Write about it");
    let url = format!("file://{}", world.repository().display());
    world.git(&["clone", "--quiet", "--depth", "1", &url, "../shallow"]);
    publish_in(&world, "shallow").ends_with(0).says("shallow");
    assert_eq!(stored(&world), DEMO);
}

#[test]
fn a_branch_without_a_commit() {
    let world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    publish_in(&world, "repository").ends_with(1).says("commit");
    assert_eq!(stored(&world), [""; 0]);
}

#[test]
fn a_worktree_is_a_checkout_like_any_other() {
    let world = World::with_a_chart();
    world.git(&["worktree", "add", "--quiet", "../worktree"]);
    publish_in(&world, "worktree").ends_with(0);
    assert_eq!(stored(&world), DEMO);
}

#[test]
fn a_chart_in_a_submodule_is_skipped_and_told() {
    let module = World::with_a_chart();
    let mut world = World::with_a_chart();
    let url = module.repository();
    world.git(&["submodule", "--quiet", "add", &url.to_string_lossy(), "charts/module"]);
    world.commit("Add a submodule");
    publish_in(&world, "repository").ends_with(0).says("charts/module");
    assert_eq!(stored(&world), DEMO);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_name_that_is_not_text_refuses_the_chart() {
    use std::os::unix::ffi::OsStrExt;
    let mut world = World::with_a_chart();
    world.chart("charts/odd", "odd", "1.0.0");
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.txt");
    std::fs::write(world.repository().join("charts/odd").join(name), "text").expect("a file");
    world.commit("Add an odd name");
    publish_in(&world, "repository").ends_with(1).says("charts/odd/caf");
    assert_eq!(stored(&world), DEMO);
}

#[test]
fn a_chart_that_was_deleted_from_the_working_tree_is_no_chart() {
    let mut world = World::with_a_chart();
    world.chart("charts/gone", "gone", "1.0.0");
    world.commit("Add another chart");
    world.remove("charts/gone");
    publish_in(&world, "repository").ends_with(0);
    assert_eq!(stored(&world), DEMO);
}

#[test]
fn what_the_selection_names_wrongly_is_wrong_usage() {
    let mut world = World::with_a_chart();
    world.bump("charts/demo", "1.1.0");
    world.commit("Bump it");
    for arguments in [
        &["dome"][..],
        &["demo@9.9.9"],
        &["dome@1.0.0"],
        &["--since", "nowhere"],
        &["--since", &"1".repeat(40)],
    ] {
        world.publish(arguments).ends_with(2).says("next: ");
    }
    assert_eq!(world.stored(), [""; 0]);
}

#[test]
fn a_repository_that_cannot_be_read_is_no_wrong_usage() {
    let world = World::with_a_chart();
    for file in ["index", "HEAD"] {
        let world = world.copy();
        world.write(&format!(".git/{file}"), "no such thing\n");
        for arguments in [&[][..], &["demo"]] {
            world.publish(arguments).ends_with(1).says("next: ");
        }
        assert_eq!(world.stored(), [""; 0]);
    }
}

#[test]
fn a_clone_that_lacks_objects_says_how_to_fetch_them() {
    let mut world = World::with_a_chart();
    world.bump("charts/demo", "1.1.0");
    world.commit("Bump it");
    world.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", world.repository().display());
    world.git(&["clone", "--quiet", "--filter=blob:none", &url, "../partial"]);
    publish_in(&world, "partial").ends_with(1).says("no `filter`");
    assert_eq!(stored(&world), [""; 0]);
}

#[test]
fn what_was_published_into_a_chart_stays_out_of_its_package() {
    let mut world = World::with_a_chart();
    let clean = world.copy();
    clean.publish(&[]).ends_with(0);
    // The run that wrote it leaves it out as its own channel; the next ones know it by what it holds.
    world.publish(&["--channel", "folder:charts/demo/files/public"]).ends_with(0);
    let told = "charts/demo/files/public is not packaged";
    world.publish(&[]).ends_with(0).says(told).never_says("unreleased");
    assert_eq!(world.bytes(), clean.bytes());

    world.git(&["add", "--force", "charts/demo/files"]);
    world.commit("Commit it by mistake");
    world.git(&["clone", "--quiet", "--bare", ".", "../bare.git"]);
    publish_in(&world, "bare.git").ends_with(0).says(told);
    let package = |path: &str| std::fs::read(world.path(path)).expect("a package");
    assert_eq!(package("repository/published/demo-1.0.0.tgz"), package("out/demo-1.0.0.tgz"));
}
