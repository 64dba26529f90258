"""Recordings: MCAP files that survive. Nothing but the last moment can be lost, and all that is whole is read.

`format` is what is in a file, `writer` and `reader` write and read it; the rest is what the commands do with it.
"""

from tutelage.recording.format import Damage, Loss
from tutelage.recording.reader import Reader, Recorded
from tutelage.recording.writer import Writer

__all__ = ["Damage", "Loss", "Reader", "Recorded", "Writer"]
