"""A simulated fleet: thousands of sessions over a working day, mdmd as it is, time that does not wait."""
