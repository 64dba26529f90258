"""Does a policy from simulation balance the emulated rig, as a newcomer starts it? Whole runs of rig.yaml.

    python cli.py launch ppo.yaml env:=drivers.rig.environment:randomised_cart_pole --run-dir runs/randomised
    python bench/hardware.py runs/randomised --protocol dynamixel --starts 10 --seconds 60

Each start is a run of its own: rig, guard, policy, report, console. It is good if the pole has stood from the first
command on for all the time: no fall, no stop. A start in which this computer stood still for longer than MOST_STILL,
at either end of the line, is named as stalled, but counted as it ended. Prints a line for each, and one of JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.rig import arguments
from tutelage.drivers.rig.tell import tell

MOST_STILL = 0.07
"""seconds: three and a half periods"""

STATES = ("disarmed", "armed", "moving", "stopped", "fault")

STARTING_SECONDS = 5.0
"""for the rig to appear and the hand to put the pole up"""


def start(run: Path, protocol: str, seconds: float, folder: Path) -> dict[str, Any]:
    """One start: how long the pole stood, why no longer, how time was kept."""
    link, log = folder / "robot", folder / "run" / "logs" / "hardware.log"
    told = [f"policy:={run.resolve()}", f"protocol:={protocol}", f"link:={link}"]
    told += [f"seconds:={seconds + STARTING_SECONDS}", "episode_steps:=1000000"]
    command = [sys.executable, str(ROOT / "cli.py"), "launch", "rig.yaml", *told, "--run-dir", str(folder / "run")]
    with (folder / "printed.txt").open("w") as out:
        launched = subprocess.Popen(command, stdout=out, stderr=out, cwd=folder)
        stood, why, leap = watched(launched, log, link, seconds)
        launched.wait()
    kept = json.loads((folder / "run" / "report.json").read_text())
    figures = ("rate_mean", "interval_max", "deadlines_missed", "commands_refused", "stops")
    return {"seconds_stood": round(stood, 2), "why": why, "leap": leap, **{name: kept.get(name) for name in figures}}


def watched(launched: subprocess.Popen[bytes], log: Path, link: Path, seconds: float) -> tuple[float, str, float]:
    """From the hardware node's log and the rig itself: seconds of the first motion, its end, the rig's longest leap."""
    begun, leap, asked = 0.0, 0.0, 0.0
    while launched.poll() is None:
        time.sleep(0.05)
        now = time.monotonic()
        lines = log.read_text().splitlines() if log.exists() else []
        since = [line for line in lines if line.partition(":")[0] in STATES]
        motion = since.index("moving") if "moving" in since else len(since)
        begun = begun or (now if motion < len(since) else 0.0)
        if begun and now - asked > 1 and link.exists():
            asked, leap = now, tell(link, "state")["longest_leap"]
        if begun and motion + 1 < len(since):
            return min(now - begun, seconds), since[motion + 1], leap
        if begun and now - begun >= seconds:
            return seconds, "", leap
    return 0.0, "it ended", leap


def main() -> None:
    asked = arguments().parse_args()
    found = []
    for i in range(asked.starts):
        with tempfile.TemporaryDirectory() as folder:
            one = start(asked.run, asked.protocol, asked.seconds, Path(folder))
        stalled = max(one["leap"], one["interval_max"] or 0.0) > MOST_STILL
        print(f"start {i}: {json.dumps(one)}{'  STALLED' if stalled else ''}", file=sys.stderr, flush=True)
        found.append((one, stalled))
    good = [one["seconds_stood"] >= asked.seconds for one, _ in found]
    print(
        json.dumps(
            {
                "run": asked.run.name,
                "protocol": asked.protocol,
                "starts": len(found),
                "good_starts": sum(good),
                "stalled": [i for i, (_, stalled) in enumerate(found) if stalled],
                "seconds_stood": [one["seconds_stood"] for one, _ in found],
            }
        )
    )


if __name__ == "__main__":
    main()
