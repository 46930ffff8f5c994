"""The lab: simulated Microsoft, lab PKI and RADIUS endpoints, as a library with thin mains.

May use everything of the package; nothing of the package uses it.
"""
