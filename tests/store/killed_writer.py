"""A process that stores answers as fast as it can and says each one it was told is safe; killed by a test.

Usage: killed_writer.py DIRECTORY
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from freeradius_mdm.store.write import StoreWriter
from tests.store.samples import COMPLIANT, key

writer = StoreWriter(Path(sys.argv[1]))
for number in itertools.count(1):
    writer.put_answer(key(number), COMPLIANT, float(number))
    print(number, flush=True)
