//! A chart of this repository that another one depends on by `file://`.

use crate::{
    changes::Origin,
    charts::{Arrival, Chart, Request, Wanted},
    doors::away::blocking,
    packages::{self, DEFAULT_TIME},
    problem::Problem,
    repo::Repo,
};

/// Packages it as Helm does: with its own .helmignore, and without a look at what it depends on itself.
pub(super) async fn package(
    repo: &Repo,
    of: &Origin,
    path: &str,
    request: &Request,
    wanted: &Wanted,
) -> Result<(Arrival, Option<Problem>), Problem> {
    let origin = repo.beside(of.clone(), path.to_owned()).await?;
    if origin == *of {
        let what = format!("{} depends on itself: file://{path} is its own folder", wanted.is);
        return Err(Problem::new(what).next("take the dependency out"));
    }
    let (files, _) = repo.files(origin.clone()).await?;
    let pack = move || {
        let (chart, missing) = Chart::read_with_gaps(files)?;
        Ok((packages::pack(&chart, DEFAULT_TIME)?, missing))
    };
    let folder = origin.path().to_owned();
    let (package, missing) = blocking("packaging", pack).await.map_err(|problem: Problem| {
        let file = problem.place.as_ref().map(|place| place.file.as_str()).unwrap_or_default();
        let file = crate::charts::find::join(&folder, file);
        match problem.place.as_ref().and_then(|place| place.line) {
            Some(line) => problem.at(file, line),
            None => problem.in_file(file),
        }
    })?;
    if package.is.name != request.name {
        let what =
            format!("file://{path} is the chart `{}`, and `{}` is asked for", package.is.name, request.name);
        return Err(Problem::new(what).next("write the name that its Chart.yaml says"));
    }
    if !request.accepts(&package.is.version) {
        let what = format!("file://{path} is {}, and `{}` is asked for", package.is, request.asked);
        return Err(match request.is_locked() {
            true => wanted.renew(Problem::new(what)),
            false => Problem::new(what).next("change the version that is asked for"),
        });
    }
    let notice = (!missing.is_empty()).then(|| {
        let names: Vec<&str> = missing.iter().map(|name| name.as_str()).collect();
        let what = format!(
            "{} is packaged into {} without what it depends on itself: {}",
            package.is,
            wanted.is,
            names.join(", ")
        );
        Problem::new(what)
            .in_file(origin.path())
            .next("as in Helm, that has to lie in its charts/: run `helm dependency build` there before")
    });
    Ok((Arrival::Package(package.is.version.clone(), package.is, package.bytes), notice))
}
