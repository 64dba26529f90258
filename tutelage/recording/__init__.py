"""Recordings: MCAP files that survive a kill. Only the last moment can be lost, and every whole part can be read.

`format` describes a file, `writer` and `reader` write and read it; the other modules belong to commands.
"""

from tutelage.recording.format import Damage, Loss
from tutelage.recording.reader import Reader, Recorded
from tutelage.recording.writer import Writer

__all__ = ["Damage", "Loss", "Reader", "Recorded", "Writer"]
