//! The commands of a workflow's runner: annotations, groups and masks, in lines that the runner reads.
