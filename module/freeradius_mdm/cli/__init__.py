"""mdmctl: how `operations` are shown in a terminal. One file per command in `commands`, what they share in `show`."""
