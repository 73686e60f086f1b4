"""What packages cost: requests of the store, speed beside other servers, and growth."""
