"""What is kept on the way, also when the folder cannot be written for a while."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from tutelage import Node
from tutelage.codec import pack_state, unpack_state
from tutelage.learning.ppo import PPO
from tutelage.learning.rollout import Spaces
from tutelage.messages import Weights
from tutelage.nodes.archive import Archive
from tutelage.nodes.evaluator import Evaluator

FILE = save(PPO(Spaces(4, 2, True), 0).tensors())
MADE = {
    "archive": (lambda: Archive(2), ["000002.safetensors", "000004.safetensors"]),
    "evaluator": (
        lambda: Evaluator("CartPole-v1", every=2, every_episodes=1, keep=1),
        ["best.json", "best.safetensors"],
    ),
}


def hear(node: Node, *versions: int) -> None:
    for version in versions:
        weights = Weights(version, 0, version, np.frombuffer(FILE, np.uint8), 8 * version, stop=False, final=False)
        list(node.hear(weights) or ())


@pytest.mark.parametrize("kind", MADE)
def test_files_that_cannot_be_written_wait_also_in_a_checkpoint(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    make, names = MADE[kind]
    before, after = make(), make()
    before.run_dir = after.run_dir = tmp_path
    (tmp_path / "kept").write_text("a file in the folder's place")
    hear(before, 1, 2, 3, 4)
    assert capfd.readouterr().err.count("not written yet") == 1
    with pytest.raises(OSError, match="kept"):
        before.finish()
    after.load(unpack_state(pack_state(before.state())))
    (tmp_path / "kept").unlink()
    after.finish()
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == names
    assert {path.read_bytes() for path in (tmp_path / "kept").glob("*.safetensors")} == {FILE}
