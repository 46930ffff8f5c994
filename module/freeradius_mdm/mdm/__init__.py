"""MDM servers: one protocol, `compliance.ComplianceSource`, and one client per kind of server."""
