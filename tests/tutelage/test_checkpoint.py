"""After any crash there is a whole checkpoint: this one or the one before."""

import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.parts.disks import disk_steps
from tutelage.files import checkpoint
from tutelage.input.problems import Refusal

FIRST, SECOND = {"step": 1, "weights": np.arange(3.0)}, {"step": 2, "weights": np.arange(4.0)}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "learner.checkpoint"
    checkpoint.save(path, FIRST)
    checkpoint.save(path, SECOND)
    return path


def loaded(path: Path) -> int:
    """The step of the checkpoint that is loaded."""
    state: Any = checkpoint.load(path)
    return int(state["step"])


def test_the_newest_is_loaded(path):
    state: Any = checkpoint.load(path)
    assert state["step"] == 2 and state["weights"].tolist() == [0, 1, 2, 3]


def test_its_bytes_are_those_of_this_layout(path):
    """Older runs have such files. Raise LAYOUT when this changes."""
    checkpoint.save(path, {"step": 1})
    state = b"\x81\xa4step\x01"
    assert path.read_bytes() == zlib.crc32(state).to_bytes(4, "little") + state and checkpoint.LAYOUT == 4


def test_where_none_is_there_is_none(tmp_path):
    assert checkpoint.load(tmp_path / "nobody.checkpoint") is None


def test_cut_at_any_byte_its_predecessor_is_loaded(path):
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert loaded(path) == 1


def test_with_any_byte_changed_its_predecessor_is_loaded(path):
    whole = path.read_bytes()
    for at in range(len(whole)):
        for change in (1, 0x80, 0xFF):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1 :])
            assert loaded(path) == 1


def test_with_both_torn_the_run_cannot_go_on(path):
    for torn in (path, path.with_suffix(".previous")):
        torn.write_bytes(torn.read_bytes()[:-1])
    with pytest.raises(Refusal) as caught:
        checkpoint.load(path)
    what = "it and its predecessor are both damaged: this run cannot go on, start another"
    assert str(caught.value) == f"{path}: {what}"


def test_four_zero_bytes_are_no_checkpoint_of_nothing(path):
    path.write_bytes(bytes(4))
    assert loaded(path) == 1


def test_a_state_may_be_a_single_byte(path):
    checkpoint.save(path, 7)
    assert checkpoint.load(path) == 7


class PowerCut(Exception):
    """Raised in place of a step of saving."""


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_crash_at_any_step_of_saving_leaves_a_whole_one(path, monkeypatch, step, after):
    """`after`: how many of these steps still happen."""
    left = [None] * after
    owner = os if step == "fsync" else type(path)
    done = getattr(owner, step)

    def cut(*args):
        if not left:
            raise PowerCut
        left.pop()
        return done(*args)

    monkeypatch.setattr(owner, step, cut)
    try:
        checkpoint.save(path, {"step": 3})
    except PowerCut:
        monkeypatch.undo()
        assert loaded(path) == (3 if step == "fsync" and after else 2)
    else:
        assert loaded(path) == 3


def test_what_a_crash_left_half_written_is_not_in_the_way(path):
    path.with_name(f"{path.name}.new").write_bytes(b"half")
    checkpoint.save(path, {"step": 3})
    assert loaded(path) == 3


@pytest.mark.parametrize("durable", [(), (True,), (False,)])
def test_the_names_are_on_the_disk_before_it_is_safe(tmp_path, monkeypatch, durable):
    """The file before its renames, the folder after them; unless it need not outlive a power cut."""
    path, done = tmp_path / "learner.checkpoint", disk_steps(tmp_path, monkeypatch)
    checkpoint.save(path, FIRST, *durable)
    assert done == (["rename"] if durable == (False,) else ["file", "rename", "folder"])
