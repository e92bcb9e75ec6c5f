//! A page that never becomes larger than GitHub takes: what does not fit is left out row by row, and said.

/// GitHub takes 1 MiB from each step, and nothing of what is larger. Some is left for what other programs of the same
/// step say.
const LARGEST: usize = 1_000_000;
/// Room for the ends of sections, and for saying that something is missing.
const RESERVE: usize = 1000;

/// What is written so far.
pub(super) struct Page {
    text: String,
    largest: usize,
    /// The section that was opened last: its head, until its first row is there, and its foot.
    head: Option<String>,
    foot: &'static str,
    left_out: usize,
}

impl Page {
    pub(super) fn new(headline: String) -> Self {
        Self::of_size(headline, LARGEST)
    }

    fn of_size(headline: String, largest: usize) -> Self {
        Self { text: headline, largest: largest - RESERVE, head: None, foot: "", left_out: 0 }
    }

    /// Begins a section. Without a row there will be nothing of it.
    pub(super) fn open(&mut self, head: &str, foot: &'static str) {
        self.head = Some(head.to_owned());
        self.foot = foot;
    }

    /// A row of the section, whole or not at all. After the first that does not fit none is written any more, so that
    /// nobody takes the rest for all.
    pub(super) fn row(&mut self, row: &str) {
        let head = self.head.as_deref().unwrap_or_default();
        if self.left_out > 0 || self.text.len() + head.len() + row.len() > self.largest {
            self.left_out += 1;
            return;
        }
        self.text += head;
        self.text += row;
        self.head = None;
    }

    /// Ends the section.
    pub(super) fn close(&mut self) {
        if self.head.take().is_none() {
            self.text += self.foot;
        }
    }

    pub(super) fn finished(mut self) -> String {
        if self.left_out > 0 {
            let parts = if self.left_out == 1 {
                "1 more part".into()
            } else {
                format!("{} more parts", self.left_out)
            };
            self.text += &format!(
                "\n**The summary is too long for GitHub: {parts} of it can be read in the log only.**\n"
            );
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_page_ends_with_a_whole_row_and_says_so() {
        let mut page = Page::of_size("# head\n".into(), RESERVE + 60);
        page.open("<details>\n", "</details>\n");
        for _ in 0..10 {
            page.row("| ten bytes |\n");
        }
        page.close();
        page.open("never\n", "");
        page.row("x\n");
        page.close();
        let text = page.finished();
        assert!(
            text.starts_with("# head\n<details>\n| ten bytes |\n| ten bytes |\n| ten bytes |\n</details>\n")
        );
        assert!(text.contains("8 more parts"), "{text}");
        assert!(!text.contains("never"));
    }

    #[test]
    fn a_section_without_rows_is_not_there() {
        let mut page = Page::new("# head\n".into());
        page.open("## empty\n", "</details>\n");
        page.close();
        assert_eq!(page.finished(), "# head\n");
    }
}
