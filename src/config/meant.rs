//! What was said, being read; and what is wrong with it.

use super::{
    Color,
    options::{self, Origin, Said, Word},
};
use crate::problem::Problem;
use clap::ValueEnum;
use std::path::{Path, PathBuf};

pub(super) struct Meant<'a> {
    pub said: Said,
    pub problems: Vec<Problem>,
    pub root: &'a Path,
}

impl Meant<'_> {
    pub fn list(&mut self, key: &str) -> Option<Vec<Word>> {
        self.said.remove(key)
    }

    pub fn text(&mut self, key: &str) -> Option<Word> {
        let word = self.said.remove(key)?.into_iter().next_back()?;
        // Only a flag can be empty: a shell variable that nobody set. To go on without it would surprise.
        if word.text.trim().is_empty() {
            self.problems.push(word.problem(key, "is empty").next("give it a value, or leave it out"));
            return None;
        }
        Some(word)
    }

    /// A text that has to be read: what is wrong with it, and what to write instead, is told with its place.
    pub fn parsed<T>(
        &mut self,
        key: &str,
        next: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let word = self.text(key)?;
        match parse(word.text.trim()) {
            Ok(value) => Some(value),
            Err(what) => {
                self.problems.push(word.problem(key, what).next(next));
                None
            }
        }
    }

    pub fn switch(&mut self, key: &str) -> bool {
        let Some(word) = self.text(key) else { return false };
        options::on_or_off(&word.text).unwrap_or_else(|| {
            let what = format_args!("`{}` is neither true nor false", word.text.to_lowercase());
            self.problems.push(word.problem(key, what).next("write true or false"));
            false
        })
    }

    pub fn number<N: std::str::FromStr>(&mut self, key: &str) -> Option<N> {
        let word = self.text(key)?;
        let number = word.text.parse().ok();
        if number.is_none() {
            let what = format_args!("`{}` is not a number that can stand here", word.text);
            self.problems.push(word.problem(key, what).next("write a small whole number"));
        }
        number
    }

    pub fn color(&mut self) -> Color {
        let Some(word) = self.text("color") else { return Color::Auto };
        Color::from_str(&word.text, true).unwrap_or_else(|_| {
            let what = format_args!("`{}` is neither auto nor always nor never", word.text);
            self.problems.push(word.problem("color", what));
            Color::Auto
        })
    }

    pub fn path(&mut self, key: &str) -> Option<PathBuf> {
        self.text(key).map(|word| self.resolved(word.text.as_ref(), &word.origin))
    }

    /// A path from where its source means it.
    pub fn resolved(&self, path: &Path, origin: &Origin) -> PathBuf {
        match origin.starts_at_root() {
            true => self.root.join(path),
            false => path.into(),
        }
    }

    pub fn globs(&mut self, key: &str) -> Option<Vec<String>> {
        let words = self.list(key)?;
        let mut globs = vec![];
        for word in words {
            match glob(&word.text) {
                Ok(glob) => globs.push(glob),
                Err(what) => self.problems.push(
                    word.problem(key, what)
                        .next("write a glob from the root of the repository, with `/`: `charts/*`"),
                ),
            }
        }
        Some(globs)
    }
}

/// A glob without the parts of a path that mean nothing: `./charts/` is `charts`, and the root is `.`.
fn glob(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("an empty glob matches nothing".into());
    }
    let parts: Vec<_> = text.split('/').filter(|part| !["", "."].contains(part)).collect();
    if text.starts_with('/') || parts.contains(&"..") {
        return Err(format!("`{text}` leads out of the repository"));
    }
    let glob = if parts.is_empty() { ".".to_owned() } else { parts.join("/") };
    match globset::Glob::new(&glob) {
        Ok(_) => Ok(glob),
        Err(error) => Err(format!("`{text}` is not a glob: {}", error.kind())),
    }
}
