"""The store: one SQLite file, written by mdmd alone, read by radiusd's hooks and by tools."""
