//! The exit codes, as every help text tells them.

/// One text for all commands, as a literal, so that it can stand in their help.
macro_rules! exit_codes {
    () => {
        "\
Exit codes:
  0  done, or nothing to do
  1  somebody must act: what and where is told
  2  wrong usage or configuration; nothing was written
  3  refused: other content is published under this version
  4  unfinished, and nothing is wrong: run again
  Where several hold, the first of 2, 1, 3, 4."
    };
}
