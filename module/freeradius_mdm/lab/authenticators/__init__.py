"""Real authenticators of the lab, each from Debian's packages, in network namespaces: a switch port, a VPN headend."""
