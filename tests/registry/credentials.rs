//! Log-ins in the files of Docker and Helm, and with a credential helper that is run.

use crate::{
    look, unknown,
    world::{IDENTITY, PASSWORD, USER, World},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chart_release::{channels::Channel, charts::ChartName, holdings::Held};
use serde_json::{Value, json};
use std::{fs, path::Path};

fn auth(password: &str) -> Value {
    json!({ "auth": STANDARD.encode(format!("{USER}:{password}")) })
}

fn write(folder: &Path, file: &str, content: &Value) -> String {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content.to_string()).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn the_files_of_helm_docker_and_podman_are_asked_in_this_order() {
    let world = World::guarded().await;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().display().to_string();
    let demo = [ChartName::new("demo")];
    let prove = async || world.channel_of(None, &[("HOME", &home)]).prove(&demo).await;

    let problem = prove().await.unwrap_err();
    let next = problem.next.unwrap();
    assert!(next.contains(&format!("`docker login {}`", world.host())), "{next}");
    assert!(next.contains(&format!("`--registry-user {}=USER`", world.host())), "{next}");

    write(
        folder.path(),
        ".config/containers/auth.json",
        &json!({ "auths": { world.host(): auth(PASSWORD) } }),
    );
    prove().await.unwrap();
    write(folder.path(), ".docker/config.json", &json!({ "auths": { world.host(): auth("docker's") } }));
    prove().await.unwrap_err();
    let url = format!("http://{}/v1/", world.host());
    write(folder.path(), ".config/helm/registry/config.json", &json!({ "auths": { url: auth(PASSWORD) } }));
    if cfg!(target_os = "linux") {
        prove().await.unwrap();
    }
    let other = write(folder.path(), "other.json", &json!({ "auths": { "other": auth("x") } }));
    let environment = [("HOME", home.as_str()), ("HELM_REGISTRY_CONFIG", &other)];
    world.channel_of(None, &environment).prove(&demo).await.unwrap_err();
}

#[tokio::test]
async fn an_identity_token_is_exchanged_for_a_token() {
    let world = World::guarded().await;
    let folder = tempfile::tempdir().unwrap();
    let entry = json!({ "auth": STANDARD.encode(format!("{USER}:")), "identitytoken": IDENTITY });
    write(folder.path(), "config.json", &json!({ "auths": { world.host(): entry } }));
    let docker = folder.path().display().to_string();
    let channel = world.channel_of(None, &[("DOCKER_CONFIG", &docker)]);
    channel.prove(&[ChartName::new("demo")]).await.unwrap();
    assert!(world.called().contains(&"POST /token".to_owned()));
}

#[tokio::test]
async fn anybody_may_look_where_anybody_may() {
    let world = World::public().await;
    let channel = world.channel_of(None, &[]);
    assert_eq!(look(&channel, "1.0.0").await, Held::Absent);
    assert!(
        channel.prove(&[ChartName::new("demo")]).await.unwrap_err().next.unwrap().contains("docker login")
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_a_problem_with_its_name() {
    let world = World::guarded().await;
    let folder = tempfile::tempdir().unwrap();
    let docker = folder.path().display().to_string();
    for (content, told) in [
        ("{", "is not what Docker and Helm write"),
        (r#"{"auths":{"HOST":{"auth":"!"}}}"#, "cannot be read"),
        (r#"{"credsStore":"of-nobody"}"#, "docker-credential-of-nobody cannot be run"),
    ] {
        fs::write(folder.path().join("config.json"), content.replace("HOST", &world.host())).unwrap();
        let problem = unknown(look(&world.channel_of(None, &[("DOCKER_CONFIG", &docker)]), "1.0.0").await);
        assert!(problem.what.contains(told), "{}", problem.what);
        assert!(problem.place.unwrap().file.ends_with("config.json"));
    }
    fs::write(folder.path().join("config.json"), "").unwrap();
    let problem = unknown(look(&world.channel_of(None, &[("DOCKER_CONFIG", &docker)]), "1.0.0").await);
    assert!(problem.what.contains("/token: 401"), "an empty file says nothing: {}", problem.what);
}

/// Helpers are found in the `PATH` of the process: the story below is told in a process of its own.
#[cfg(unix)]
#[test]
fn a_credential_helper_is_run() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "#!/bin/sh\nread -r server\ncase \"$server\" in\n127.0.0.1:*) echo '{{\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}';;\n\
         nobody) echo 'credentials not found in native keychain'; exit 1;;\n*) echo leaked-secret; exit 1;;\nesac\n"
    );
    let helper = folder.path().join("docker-credential-story");
    fs::write(&helper, script).unwrap();
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
    let told = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "credentials::with_a_helper"])
        .env("PATH", path)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success() && output.contains("1 passed"), "{output}");
}

#[tokio::test]
#[ignore = "told by a_credential_helper_is_run"]
async fn with_a_helper() {
    let world = World::guarded().await;
    let folder = tempfile::tempdir().unwrap();
    let docker = folder.path().display().to_string();
    for config in [json!({ "credsStore": "story" }), json!({ "credHelpers": { world.host(): "story" } })] {
        write(folder.path(), "config.json", &config);
        let channel = world.channel_of(None, &[("DOCKER_CONFIG", &docker)]);
        channel.prove(&[ChartName::new("demo")]).await.unwrap();
    }
    write(folder.path(), "config.json", &json!({ "credsStore": "story" }));
    let environment = [("DOCKER_CONFIG".to_owned(), docker)].into();
    let find = chart_release::doors::credentials::find;
    assert_eq!(find("nobody", &environment).await.unwrap(), None);
    let problem = find("elsewhere", &environment).await.unwrap_err();
    assert_eq!(problem.what, "docker-credential-story failed to say who we are for elsewhere");
    assert!(!format!("{problem:?}").contains("leaked"));
}
