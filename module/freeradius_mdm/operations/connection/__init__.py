"""The connection test of one MDM server (ISE: Test Connection), and switching a server on and off."""

from .model import StepResult, StepState, TestReport
from .run import refused_configuration, run

__all__ = ["StepResult", "StepState", "TestReport", "refused_configuration", "run"]
