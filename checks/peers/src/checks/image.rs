//! The container image: the program alone, in the hands of a user whom the repository does not belong to.

use crate::{
    commands::{refused, run},
    image::{Image, REVISION, SOURCE, VERSION},
    program::channel,
    published::Published,
    registry::{Access, Encryption, HOUSE, Registry, Software},
    report::Report,
    repository::Repository,
    world::World,
};
use anyhow::{Context, Result, ensure};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// Where the charts are in each registry.
const PATH: &str = "acme/charts";

pub fn check(world: &World, report: &mut Report) -> Result<()> {
    let repository = Repository::with_charts(world, world.peers.newest_helm(), |name| {
        ["heartbeat", "hello", "labels"].contains(&name)
    })?;
    let program = world.static_program.clone().map_or_else(|| crate::image::static_program(world), Ok)?;
    let image = Image::build(world, &program).context("could not build the image")?;

    report.check("it says what it is", || describes_itself(&image));
    report.check("it runs, and says the version of the program", || {
        let said = String::from_utf8(run(&mut image.program(&[], &[], &["--version"]))?)?;
        ensure!(said.starts_with("chart-release "), "it says {said}");
        Ok(())
    });
    report.check("it plans for a repository of another user, and writes nothing", || {
        let said = image.program(&[mounted(&repository.folder, "/repository")], &[], &["plan"]);
        let said = String::from_utf8(run(&mut { said })?)?;
        for chart in repository.charts()? {
            ensure!(said.contains(&chart.name), "it does not say {}:\n{said}", chart.name);
        }
        ensure!(!repository.folder.join("published").exists(), "it made a folder");
        Ok(())
    });
    report.check("... and says so where nobody allowed it to read that", || {
        let nothing = world.folder("nothing")?.join("gitconfig");
        fs::write(&nothing, "")?;
        let mounted = [mounted(&repository.folder, "/repository"), mounted(&nothing, "/etc/gitconfig")];
        let said = refused(&mut image.program(&mounted, &[], &["plan"]))?;
        ensure!(said.contains("belongs to another user"), "it says\n{said}");
        Ok(())
    });
    let registry =
        Registry::start(&world.peers, Software::Distribution3, Access::Anybody, &world.folder("registry")?)?;
    report.check("it publishes the same bytes as the program outside, and then has nothing to do", || {
        publishes(world, &repository, &image, &registry)
    });
    let encryption = Encryption::new(&world.folder("certificate")?)?;
    let registry = Registry::start_encrypted(&world.peers, &encryption, &world.folder("registry")?)?;
    report.check("without certificates it speaks HTTPS, and does not trust everybody", || {
        let output = publishing(&repository, &image, &registry, &[], &[]).output()?;
        ensure!(!output.status.success(), "it trusts a certificate that nobody vouches for");
        let said = String::from_utf8([output.stdout, output.stderr].concat())?;
        ensure!(said.contains("certificate") && said.contains("SSL_CERT_FILE"), "it says\n{said}");
        ensure!(!said.contains("cannot set up HTTPS"), "it has no certificates:\n{said}");
        Ok(())
    });
    report.check("a certificate of the house is trusted when it is mounted and named", || {
        let certificate = [mounted(&encryption.certificate, "/certificate.pem")];
        let named = [("SSL_CERT_FILE", "/certificate.pem")];
        let said = run(&mut publishing(&repository, &image, &registry, &certificate, &named))?;
        let said = String::from_utf8(said)?;
        let again = run(&mut publishing(&repository, &image, &registry, &certificate, &named))?;
        let again = String::from_utf8(again)?;
        ensure!(again != said && again.to_lowercase().contains("nothing to do"), "it says\n{said}\n{again}");
        Ok(())
    });
    Ok(())
}

fn describes_itself(image: &Image) -> Result<()> {
    let configuration = &image.configuration;
    let user: Vec<_> = configuration.user.split(':').map(str::parse::<u32>).collect();
    ensure!(user.iter().all(|number| matches!(number, Ok(1..))), "its user is {:?}", configuration.user);
    ensure!(configuration.working_dir == "/repository", "it works in {}", configuration.working_dir);
    let labels = ["title", "description", "licenses", "version", "revision", "source"]
        .map(|name| (name, configuration.labels.get(&format!("org.opencontainers.image.{name}"))));
    for (name, value) in labels {
        let value = value.with_context(|| format!("it has no label {name}"))?;
        let right = match name {
            "version" => VERSION,
            "revision" => REVISION,
            "source" => SOURCE,
            "licenses" => "Apache-2.0",
            _ => value,
        };
        ensure!(value == right && !value.is_empty(), "its {name} is {value:?}");
    }
    Ok(())
}

/// To a folder and a registry; the program outside does the same for another folder.
fn publishes(world: &World, repository: &Repository, image: &Image, registry: &Registry) -> Result<()> {
    let (inside, outside) = (writable(world)?, Published(world.folder("outside")?));
    let oci = format!("oci://{}/{PATH}", registry.address);
    let publish = || {
        let mounted = [mounted(&repository.folder, "/repository"), mounted(&inside.0, "/published")];
        let words = ["publish", "--channel", "folder:/published", "--channel", &oci];
        Ok::<_, anyhow::Error>(String::from_utf8(run(&mut image.program(&mounted, &[], &words))?)?)
    };
    publish()?;
    let mut program = world.program.publishing(&repository.folder, &world.folder("outside-home")?);
    run(program.args(["--channel", &channel(&outside.0)]))?;
    for chart in repository.charts()? {
        let package = |published: &Published| fs::read(published.package(&chart.name, &chart.version));
        ensure!(package(&inside)? == package(&outside)?, "{} has other bytes", chart.title());
        let manifest = registry.manifest(
            &world.peers,
            &format!("{PATH}/{}", chart.name),
            &crate::published::tag(&chart.version),
        )?;
        let manifest: crate::published::Manifest = serde_json::from_slice(&manifest)?;
        let digest = crate::published::digest(&package(&outside)?);
        ensure!(
            manifest.layers.iter().any(|layer| layer.digest == digest),
            "the registry has another {}",
            chart.title()
        );
    }
    let again = publish()?;
    ensure!(again.to_lowercase().contains("nothing to do"), "the second time it says\n{again}");
    Ok(())
}

/// The command that publishes to the registry of the house, over HTTPS.
fn publishing(
    repository: &Repository,
    image: &Image,
    registry: &Registry,
    beside: &[String],
    variables: &[(&str, &str)],
) -> std::process::Command {
    let mut mounts = vec![mounted(&repository.folder, "/repository")];
    mounts.extend_from_slice(beside);
    let port = registry.address.rsplit(':').next().unwrap_or_default();
    let oci = format!("oci://{HOUSE}:{port}/{PATH}");
    image.program(&mounts, variables, &["publish", "--channel", &oci])
}

fn mounted(from: &Path, to: &str) -> String {
    format!("{}:{to}", from.display())
}

/// A folder to which every user may write.
fn writable(world: &World) -> Result<Published> {
    let folder = world.folder("inside")?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))?;
    Ok(Published(folder))
}
