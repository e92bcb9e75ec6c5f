//! Packages that are made up: the same bytes for the same chart version, each with what real ones have inside.

use flate2::{Compression, write::GzEncoder};
use tar::{Builder, EntryType, Header};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A chart with a subchart as a folder and one as a package, a lock, and files with odd names and contents.
pub fn package(name: &str, version: &str) -> Vec<u8> {
    let chart = format!(
        "# as its author wrote it\nname: {name}\nversion: {version:?}\napiVersion: v2\ndescription: Made up\n\
         keywords: [b, a]\nappVersion: 1.10\ndependencies:\n- name: inner\n  version: ~1\n  repository: \"\"\n\
         - name: bundled\n  version: 2.0.0\n  repository: https://nobody.example.com/charts\n  condition: no\n"
    );
    let lock = "dependencies:\n- {name: inner, version: ~1, repository: \"\"}\n\
                - {name: bundled, version: 2.0.0, repository: 'https://nobody.example.com/charts'}\n\
                digest: sha256:00\ngenerated: 2020-01-02T03:04:05.678+02:00\n";
    let bundled = archive(&[
        ("bundled/Chart.yaml", b"apiVersion: v1\nname: bundled\nversion: 2.0.0\n"),
        ("bundled/templates/object.yaml", b"{}\n"),
    ]);
    let (readme, long) =
        (format!("{BYTE_ORDER_MARK}# {name}\r\n{version}\r\n"), format!("files/{}.txt", "n".repeat(120)));
    let files: Vec<(String, Vec<u8>)> = [
        ("Chart.yaml", chart.into_bytes()),
        ("Chart.lock", lock.into()),
        ("values.yaml", format!("# of {name}\ninner:\n  a: 1\n").into_bytes()),
        ("templates/object.yaml", format!("kind: ConfigMap # {name} {version}\n").into_bytes()),
        ("templates/.hidden", b"hidden\n".into()),
        ("README.md", readme.into_bytes()),
        (&long, b"a long name\n".into()),
        ("files/Gr\u{fc}\u{df}e.bin", vec![0, 159, 146, 150]),
        (".helmignore", b"README.md\n".into()),
        ("charts/inner/Chart.yaml", b"apiVersion: v2\nname: inner\nversion: 1.2.3\ntype: library\n".into()),
        ("charts/inner/templates/_inner.tpl", b"{{/* inner */}}\n".into()),
        ("charts/bundled-2.0.0.tgz", bundled),
    ]
    .into_iter()
    .map(|(path, bytes)| (format!("{name}/{path}"), bytes))
    .collect();
    archive(&files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect::<Vec<_>>())
}

/// A `.tgz` of these files, as other programs write it: with its folder first, and modes as somebody had them.
pub fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let folder =
        files.first().and_then(|(path, _)| path.split_once('/')).map(|(folder, _)| format!("{folder}/"));
    let folder = folder.iter().map(|folder| (folder.as_str(), EntryType::Directory, 0o755, &[][..]));
    let files = files.iter().map(|(path, bytes)| (*path, EntryType::Regular, 0o664, *bytes));
    packed(folder.chain(files))
}

/// A `.tgz` of these files and nothing else.
pub fn plain(files: &[(&str, &[u8])]) -> Vec<u8> {
    packed(files.iter().map(|(path, bytes)| (*path, EntryType::Regular, 0o644, *bytes)))
}

fn packed<'a>(entries: impl Iterator<Item = (&'a str, EntryType, u32, &'a [u8])>) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, kind, mode, bytes) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        header.set_mtime(1_600_000_000);
        builder.append_data(&mut header, path, bytes).expect("memory takes it");
    }
    builder.into_inner().and_then(GzEncoder::finish).expect("memory takes it")
}

/// A `.tgz` with one file whose path leads out of the folder that it is unpacked into.
pub fn climbing(name: &str) -> Vec<u8> {
    let mut header = Header::new_old();
    let path = format!("{name}/../../evil.txt");
    // The builder would refuse it.
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_size(0);
    header.set_mode(0o644);
    header.set_cksum();
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    builder.append(&header, &[][..]).expect("memory takes it");
    builder.into_inner().and_then(GzEncoder::finish).expect("memory takes it")
}

/// Bytes as hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
