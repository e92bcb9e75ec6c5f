//! The GitHub Release of a chart version, as a document: its name, its text, and the mark that says it is ours.
