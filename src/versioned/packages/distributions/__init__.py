"""Files that are published, opened and checked before they are believed."""
