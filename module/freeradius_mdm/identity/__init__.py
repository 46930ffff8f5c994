"""Who is it: the endpoint's identifier from a certificate, a VPN headend's pairs or a MAC."""
