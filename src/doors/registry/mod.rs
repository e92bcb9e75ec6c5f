//! The door to OCI registries: manifests, blobs and tags, as plain data. Only here is `oci_client` named.
