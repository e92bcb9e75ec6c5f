//! Plan, report and problems as the summary of a job, in Markdown.
