"""`make bench`: what operations cost, beside the other package. docs/benchmarks.md explains it."""
