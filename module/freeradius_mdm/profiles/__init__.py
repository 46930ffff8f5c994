"""Authorization profiles: what is wanted, and one file per vendor family for how it is sent."""
