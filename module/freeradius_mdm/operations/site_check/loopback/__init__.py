"""The loopback request: what profiles and ACLs mean, sent by a real FreeRADIUS and compared, attribute by attribute.

FreeRADIUS loses values without a word in more than one release (freeradius.md section 14), and a version alone does not
tell what a package was patched with. The server is one of its own, in a temporary directory and on loopback ports, with
the site's policy, Python package and dictionary; the site's running server gets nothing of it.
"""
