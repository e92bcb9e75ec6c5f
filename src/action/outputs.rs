//! The outputs of the Action, for the steps that follow it.
