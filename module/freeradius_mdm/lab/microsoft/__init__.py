"""Simulated Microsoft: login, Graph and the Compliance Retrieval Service, for tests and labs (intune.md section 11).

with SimulatedMicrosoft(pki=LabPki(directory).create(), tenants=[Tenant(...)]) as sim:
    sim.set_device("0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11", compliant=False)
    sim.fault("503-once", host="fef.msud01.manage.microsoft.com")
"""

from .clouds import CLOUDS
from .devices import Device
from .journal import Entry
from .simulator import SimulatedMicrosoft
from .tenants import Application, Secret, Tenant
from .world import Settings

__all__ = ["CLOUDS", "Application", "Device", "Entry", "Secret", "Settings", "SimulatedMicrosoft", "Tenant"]
