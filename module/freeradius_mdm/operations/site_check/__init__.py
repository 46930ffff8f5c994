"""`mdmctl check`: is everything around the policy as it has to be? `run.py` is the beginning, one file per subject."""
