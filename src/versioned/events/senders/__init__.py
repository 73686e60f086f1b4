"""Ways to tell somebody of a change. With the checks and the stores, the only I/O."""
