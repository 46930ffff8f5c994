"""Asking again about the endpoints of active sessions, ahead of need."""
