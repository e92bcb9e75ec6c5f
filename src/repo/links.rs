//! Where a symbolic link leads, as long as it stays in the repository.

use super::view::{Entry, Folder, Kind, View};
use crate::problem::Problem;

/// The number of links on the way to a file after which it is taken for a loop, as Linux does.
const MOST_LINKS: usize = 40;

/// What a link led to.
#[derive(Debug)]
pub enum Led {
    /// A file: what it is, its own path, and the links that were followed on the way.
    File(Entry, String, Vec<String>),
    /// A folder, and the links that were followed on the way.
    Folder(Folder, Vec<String>),
    /// Something else at this path: a socket, a submodule.
    Other(String),
    /// Out of the repository.
    Out,
    /// To nothing.
    Nowhere,
    /// Round in a circle.
    Around,
}

/// Follows a link that lies in this folder to its end.
pub fn follow<V: View>(view: &V, folder: &Folder, link: &Entry) -> Result<Led, Problem> {
    let mut way = Way { view, links: Vec::new(), at: Vec::new() };
    way.enter(&folder.path)?;
    way.through(link)
}

struct Way<'a, V> {
    view: &'a V,
    links: Vec<String>,
    /// The folders from below the root to where we are.
    at: Vec<Folder>,
}

impl<V: View> Way<'_, V> {
    fn here(&self) -> Folder {
        self.at.last().cloned().unwrap_or_else(|| self.view.root())
    }

    /// Goes to a folder whose path has no link in it.
    fn enter(&mut self, path: &str) -> Result<(), Problem> {
        self.at.clear();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let here = self.here();
            let Some(entry) = self.view.entry(&here, name.as_bytes())? else { return Ok(()) };
            self.at.push(entry.as_folder(&here));
        }
        Ok(())
    }

    fn through(&mut self, link: &Entry) -> Result<Led, Problem> {
        if self.links.len() >= MOST_LINKS {
            return Ok(Led::Around);
        }
        self.links.push(link.as_folder(&self.here()).path);
        let target = self.view.target(link)?;
        let mut rest = &target[..];
        if target.starts_with(b"/") || target.get(1) == Some(&b':') {
            let Some(inside) = self.view.inside(&target) else { return Ok(Led::Out) };
            self.at.clear();
            rest = inside;
        }
        let components: Vec<&[u8]> =
            rest.split(|&b| b == b'/').filter(|c| !matches!(c, [] | [b'.'])).collect();
        for (index, component) in components.iter().enumerate() {
            if *component == b".." {
                if self.at.pop().is_none() {
                    return Ok(Led::Out);
                }
                continue;
            }
            let here = self.here();
            let Some(entry) = self.view.entry(&here, component)? else { return Ok(Led::Nowhere) };
            let is_last = index + 1 == components.len();
            match entry.kind {
                Kind::Folder => self.at.push(entry.as_folder(&here)),
                Kind::File if is_last => {
                    let path = entry.as_folder(&here).path;
                    return Ok(Led::File(entry, path, std::mem::take(&mut self.links)));
                }
                Kind::File => return Ok(Led::Nowhere),
                Kind::Irregular | Kind::Submodule => {
                    return Ok(Led::Other(entry.as_folder(&here).path));
                }
                Kind::Link => match self.through(&entry)? {
                    // `through` has gone there; what it found ends the way only where it is the end.
                    Led::Folder(_, links) => self.links = links,
                    Led::File(..) if !is_last => return Ok(Led::Nowhere),
                    led => return Ok(led),
                },
            }
        }
        Ok(Led::Folder(self.here(), std::mem::take(&mut self.links)))
    }
}
