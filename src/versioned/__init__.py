"""Release management for binaries on plain object storage."""
