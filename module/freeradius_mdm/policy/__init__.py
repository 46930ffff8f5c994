"""Authorization policy: ordered rules over ISE's MDM dictionary and RADIUS attributes."""
