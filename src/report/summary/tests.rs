//! The summary of a job, whatever stands in it.
