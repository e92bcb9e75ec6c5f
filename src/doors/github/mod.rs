//! The door to GitHub: releases, assets and permissions, as plain data. Only here is `octocrab` named.
