"""Clients of registries: each is a `versioned.images.registry.Registry`."""
