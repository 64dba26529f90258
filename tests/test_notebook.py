"""What others bring: a Jupyter kernel that runs the notebook of examples/, and Stable-Baselines3, which evaluates ours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

import tutelage
from tutelage.messages import Weights

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")  # those of Jupyter's own packages
def test_the_notebook_runs_in_a_jupyter_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat: Any = pytest.importorskip("nbformat")
    nbclient: Any = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(ROOT / "examples" / "first_steps.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    shown = [output.data["text/plain"] for output in outputs if output.output_type == "display_data"]
    assert "the same weights: True" in printed and "did you mean" in printed.lower()
    assert "run folder: " in shown[0] and "return " in shown[0]  # the area of the first cell, as it was in the end
    steps = int(printed.partition("balanced for ")[2].split()[0])
    assert steps > 100


def test_stable_baselines3_evaluates_our_policy(tmp_path: Path) -> None:
    evaluation: Any = pytest.importorskip("stable_baselines3.common.evaluation")
    *_, last = tutelage.read(ROOT / "tests" / "recordings" / "gail.mcap", "weights")
    assert isinstance(last, Weights)
    (tmp_path / "weights.safetensors").write_bytes(last.tensors.tobytes())
    policy = tutelage.load(tmp_path / "weights.safetensors", env="CartPole-v1")
    with gymnasium.make("CartPole-v1") as environment:
        returns, lengths = evaluation.evaluate_policy(
            policy, environment, n_eval_episodes=5, return_episode_rewards=True, warn=False
        )
    assert returns == lengths and np.mean(returns) > 5
