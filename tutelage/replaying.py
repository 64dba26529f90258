"""What `cli.py verify` and `bag play` do: a recorded run comes to life again, for comparison or in a graph."""

from __future__ import annotations

import sys
from pathlib import Path

from tutelage.recording import finding, verifying
from tutelage.recording.verifying import Verdict
from tutelage.supervision import run


def verify(path: Path) -> list[Verdict]:
    """What the nodes of a recorded run say today, beside what they said then."""
    recording = finding.find(path)
    made = finding.graph(recording)
    sys.path += made.paths
    run.load(made)
    return verifying.verify(recording, made, finding.was_interrupted(recording))
