//! Scratch.
use chart_release::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let ring = std::fs::read(&a[2]).unwrap();
    if a[1] == "sign" {
        let w = (!a[3].is_empty()).then_some(a[3].as_str());
        let p = (!a[4].is_empty()).then(|| secret::Secret::any(a[4].clone()));
        let t = std::time::Instant::now();
        let key = match provenance::Key::read(&ring, w, p.as_ref(), now) {
            Ok(k) => k,
            Err(e) => {
                println!("ERR {e}\n  next {:?}", e.next);
                std::process::exit(1)
            }
        };
        eprintln!("read {:?} {:?}", t.elapsed(), key.names());
        let pkg = packages::unpack(std::fs::read(&a[5]).unwrap().into()).unwrap();
        let t = std::time::Instant::now();
        let prov = key.sign(&pkg, a[6].parse().unwrap()).unwrap();
        eprintln!("sign {:?}", t.elapsed());
        assert_eq!(prov, key.sign(&pkg, a[6].parse().unwrap()).unwrap());
        std::fs::write(format!("{}.prov", a[5]), &prov).unwrap();
    } else {
        let ring = match provenance::Keyring::read(&ring) {
            Ok(k) => k,
            Err(e) => {
                println!("ERR {e}");
                std::process::exit(1)
            }
        };
        let name = a[3].rsplit('/').next().unwrap();
        match provenance::verify(
            &ring,
            name,
            &std::fs::read(&a[3]).unwrap(),
            &std::fs::read(format!("{}.prov", a[3])).unwrap(),
            now,
        ) {
            Ok(v) => println!("OK {v:?}"),
            Err(e) => {
                println!("ERR {e}\n  next {:?}", e.next);
                std::process::exit(1)
            }
        }
    }
}
