"""Serving downloadable ACLs to network devices (ise.md sections 5.3 to 5.5)."""
