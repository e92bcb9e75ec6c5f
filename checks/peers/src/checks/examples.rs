//! The sample charts by themselves: in order for both Helms, and the vendored library is the library.

use super::Stage;
use crate::{commands::run, published::Published, report::Report};
use anyhow::{Result, ensure};

pub fn check(stage: &Stage, report: &mut Report) -> Result<()> {
    let (library, application) = (stage.repository.chart("labels")?, stage.repository.chart("heartbeat")?);
    report.check("heartbeat vendors labels as it is", || {
        let vendored = Published(application.folder.join("charts/labels")).files()?;
        ensure!(
            vendored == Published(library.folder).files()?,
            "charts/labels differs from the chart labels"
        );
        Ok(())
    });
    let application = stage.repository.chart("hello")?;
    for helm in &stage.world.peers.helms {
        for chart in stage.repository.charts()?.iter().filter(|chart| chart.example) {
            report.check(&format!("{}: {} lints its folder strictly", chart.title(), helm.name), || {
                run(helm.command().args(["lint", "--strict"]).arg(&chart.folder)).map(drop)
            });
        }
        report.check(&format!("{}: {} renders its ingress", application.title(), helm.name), || {
            let mut template = helm.command();
            template.args(["template", "release", "--kube-version", "1.34.0", "--set"]);
            template
                .arg("ingress.enabled=true,ingress.className=c,ingress.tlsSecret=s")
                .arg(&application.folder);
            let rendered = String::from_utf8(run(&mut template)?)?;
            for line in ["kind: Ingress", "  ingressClassName: c", "  - secretName: s"] {
                ensure!(rendered.lines().any(|other| other == line), "nothing says {line:?}:\n{rendered}");
            }
            Ok(())
        });
    }
    Ok(())
}
