"""Reading and checking `mdm.toml`."""
