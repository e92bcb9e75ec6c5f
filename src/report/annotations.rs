//! What belongs to a file and a line, or to somebody's attention: a few lines beside the log.
