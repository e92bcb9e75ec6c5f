//! What only the library can be asked: a package source that panics.

use crate::world::World;
