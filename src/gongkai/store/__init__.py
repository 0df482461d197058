"""Places, whole files, shards and manifests; knows no table."""
