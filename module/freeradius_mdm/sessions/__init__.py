"""The session directory: which endpoint is where, since when, and under which authorization. Used by mdmd alone."""
