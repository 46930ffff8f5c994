"""Network access control for FreeRADIUS, decided by Microsoft Intune device compliance."""

__version__ = "0.1.0"
