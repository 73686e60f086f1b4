"""HTTP in front of packages, for the clients that need a server. Holds no state of its own."""
