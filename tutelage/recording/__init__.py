"""Recordings: MCAP files that survive. Written so that nothing but the last moment can be lost, and read as far as whole.

`format` is what is in a file, `writer` and `reader` write and read it; the rest is what the commands do with it.
"""

from tutelage.recording.format import Damage, Loss
from tutelage.recording.reader import Reader, Recorded
from tutelage.recording.writer import Writer

__all__ = ["Damage", "Loss", "Reader", "Recorded", "Writer"]
