"""The certificate with which mdmd signs in to Entra: making one, looking at it, and renewing it without an outage."""
