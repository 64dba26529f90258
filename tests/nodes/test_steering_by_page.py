"""A person who steers a run by its page, in a real Chromium."""

import json
from pathlib import Path

from tests.parts.chromium import Visitor, chromium
from tests.parts.run_cli import Run
from tests.tutelage.test_silence import until


def test_a_node_is_restarted_a_setting_changed_and_the_run_ended(tmp_path: Path) -> None:
    run = Run(tmp_path, "gail.yaml", "dashboard:=true", "steering:=true", "budget:=10000000", "episodes:=2")
    try:
        with chromium() as browser:
            visitor = Visitor(browser, run, desk=False)
            page = visitor.page
            visitor.sees("rollout/ep_rew_mean", "#app")
            before = run.nodes()["simulator"]
            page.get_by_label("restart a node").click()
            page.get_by_role("option", name="simulator").click()
            page.get_by_role("button", name="restart", exact=True).click()
            visitor.sees("simulator is restarted from its last checkpoint", "body")
            until(run, lambda: run.nodes().get("simulator", before) != before)
            page.get_by_label("learner: entropy weight", exact=True).fill("0.25")
            page.keyboard.press("Enter")
            visitor.sees("learner: entropy_weight is 0.25 from rollout", "body")
            until(run, (run.run_dir / "steered-steering.json").exists)
            visitor.shot("dashboard.png")
            page.get_by_role("button", name="end the run").click()
            visitor.sees("the run ends in good order", "body")
            run.wait()
    finally:
        run.kill()
    (change,) = json.loads((run.run_dir / "steered-steering.json").read_text())["published"]
    assert change[2] == {"node": "learner", "setting": "entropy_weight", "value": 0.25} and not visitor.errors
