"""The only I/O of this package: one small protocol, and the stores that speak it."""
