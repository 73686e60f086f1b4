"""Where images are in use: each source of references is a room of its own."""
