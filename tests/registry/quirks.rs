//! What real registries and the networks before them do.
