"""Change of authorization (RFC 5176): telling a network device that a session's authorization has changed.

`plan` says what a vendor's device has to be told, `packet` writes and reads it, `sender` gets it there and back,
`error_cause` says what a refusal asks for, and `clients_conf` finds the shared secret in FreeRADIUS's own files.
Part of mdmd; radiusd imports nothing of it.
"""
