"""Why a device is let in or kept out: the policy's own code, run again and told in full. It asks and writes nothing."""

from .explainer import Explainer
from .find import Finder, Kind
from .model import Explanation, Subject
from .pasted import PasteOptions, subject_of
from .values import to_values

__all__ = ["Explainer", "Explanation", "Finder", "Kind", "PasteOptions", "Subject", "subject_of", "to_values"]
