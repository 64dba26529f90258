"""A run over three hosts (network.py): Ray places simulator and policy on one, the discriminator on another.

python bench/hosts.py gail                     CartPole, beside the same run on one machine
python bench/hosts.py dac --budget 20480       Hopper, from --demonstrations FILE.npz
python bench/hosts.py cuts                     a host's link cut for 1, 10 and 60 s
python bench/hosts.py kill                     a host killed
python bench/hosts.py strangers                10,000 attempts with no, unknown, wrong and revoked keys
python bench/hosts.py endure --minutes 30      a random cut every half minute: memory and sockets of all processes

Needs root, Linux, and the extras `torch`, `ray` and, for Hopper, `mujoco`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.network import Host, Network

RAY = str(Path(sys.executable).with_name("ray"))
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
ENVIRONMENT = os.environ | {
    "PYTHONPATH": str(ROOT),
    "RAY_USAGE_STATS_ENABLED": "0",
    **TOKEN,
    "RAY_raylet_start_wait_time_s": "120",
}
ON = "host: {}\n    on: {{resources: {{x: 1}}}}"


class Hosts(Network):
    """Three hosts, on each a node of Ray: the launcher's, and two with 2 of the resource `x`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(3)
        self.folder = folder
        self.head = f"{self.hosts[0].address}:6379"

    def begin(self, host: Host) -> None:
        """Starts Ray on a host."""
        first = ["--head", "--port", "6379", "--include-dashboard=false", "--num-cpus", "0",
                 "--temp-dir", str(self.folder / "ray")]  # fmt: skip
        later = ["--address", self.head, "--num-cpus", "4", "--resources", '{"x": 2}']
        words = first if host is self.hosts[0] else later
        command = (RAY, "start", *words, "--node-ip-address", host.address, "--disable-usage-stats")
        done = host.run(*command, env=ENVIRONMENT)
        assert done.returncode == 0, done.stdout + done.stderr

    def launch(self, name: str, file: str, *arguments: str) -> Run:
        return Run(self.hosts[0], self.folder / name, placed(self.folder, file), arguments, "--ray", self.head)

    def of(self, machine: str) -> Host:
        """The host on which a machine of the run is."""
        return next(host for host in self.hosts if any(f"checkpoints/{machine}." in words for words in commands(host)))


def commands(host: Host) -> list[str]:
    return [Path(f"/proc/{pid}/cmdline").read_text() for pid in host.pids() if Path(f"/proc/{pid}").exists()]


def placed(folder: Path, file: str) -> Path:
    """A launch file of ours with `on:` at some nodes."""
    text = re.sub(r"file: (\w+)\.yaml", rf"file: {ROOT}/launch/\1.yaml", (ROOT / "launch" / file).read_text())
    text = text.replace("simulators.yaml", f"simulators.yaml\n    {ON.format('pair')}")
    text = re.sub(r"(run: nodes\.discriminator:)", f"{ON.format('judge')}\n    \\1", text)
    assert text.count("x: 1") == 2
    (folder / file).write_text(text)
    return folder / file


class Run:
    """A run on a host, or without one on this machine alone."""

    def __init__(self, host: Host | None, run_dir: Path, file: Path | str, arguments: tuple[str, ...], *more: str):
        words = [sys.executable, "-m", "tutelage", "launch", str(file), *arguments, "--run-dir", str(run_dir), *more]
        self.run_dir, self.began = run_dir, time.monotonic()
        command = host.command(*words) if host else words
        self._printed = run_dir.with_suffix(".txt").open("w+")
        self.process = subprocess.Popen(
            command, stdout=self._printed, stderr=subprocess.STDOUT, env=ENVIRONMENT, cwd=run_dir.parent
        )

    @property
    def rows(self) -> int:
        path = self.run_dir / "metrics.jsonl"
        return path.read_text().count("\n") if path.exists() else 0

    def until(self, rows: int) -> Run:
        """Waits until it has learned so often."""
        while self.rows < rows:
            assert self.process.poll() is None, self._printed.name
            time.sleep(0.05)
        return self

    def ended(self) -> Run:
        assert self.process.wait() == 0, self._printed.name
        self.seconds = time.monotonic() - self.began
        self.report = json.loads((self.run_dir / "report.json").read_text())
        return self

    def row(self, name: str, one: Run) -> None:
        """Prints a row of the table: the digest beside that of one machine."""
        same = self.report["weights_digest"] == one.report["weights_digest"]
        restarts = sum(self.report["node_restarts"].values())
        print(f"{name:24}{'same' if same else 'ANOTHER':>9}{self.report['return_mean']:>10.1f}"
              f"{self.report['seconds_learning']:>12.1f}{self.seconds:>8.1f}{restarts:>10}", flush=True)  # fmt: skip


def head() -> None:
    print(f"{'':24}{'digest':>9}{'return':>10}{'learning s':>12}{'all s':>8}{'restarts':>10}", flush=True)


GAIL = ("gail.yaml", "episodes:=10")


def gail(hosts: Hosts, options: argparse.Namespace) -> Run:
    return _beside(hosts, "gail.yaml", f"budget:={options.budget or 114688}", "episodes:=100")


def dac(hosts: Hosts, options: argparse.Namespace) -> Run:
    shown = (f"demonstrations:={options.demonstrations}", "subsample:=20", "demonstrations_count:=4")
    return _beside(hosts, "dac.yaml", *shown, *([f"budget:={options.budget}"] if options.budget else []))


def _beside(hosts: Hosts, file: str, *arguments: str) -> Run:
    one = Run(None, hosts.folder / "one", file, arguments).ended()
    head()
    one.row("one machine", one)
    hosts.launch("three", file, *arguments).ended().row("three hosts", one)
    return one


def _disturbed(hosts: Hosts, options: argparse.Namespace) -> tuple[tuple[str, ...], Run]:
    """What is run and disturbed, and that run on one machine."""
    arguments = ("gail.yaml", f"budget:={options.budget or 114688}", "episodes:=10")
    one = Run(None, hosts.folder / "one", arguments[0], arguments[1:]).ended()
    head()
    one.row("one machine", one)
    return arguments, one


def cuts(hosts: Hosts, options: argparse.Namespace) -> None:
    arguments, one = _disturbed(hosts, options)
    for seconds in (1, 10, 60):
        run = hosts.launch(f"cut-{seconds}", *arguments).until(rows=8)
        host = hosts.of("pair")
        hosts.cut(host)
        time.sleep(seconds)
        hosts.cut(host, mended=True)
        run.ended().row(f"link cut for {seconds} s", one)
        _left(hosts, run)


def kill(hosts: Hosts, options: argparse.Namespace) -> None:
    arguments, one = _disturbed(hosts, options)
    run = hosts.launch("killed", *arguments).until(rows=8)
    hosts.of("pair").kill()
    run.ended().row("host killed", one)
    _left(hosts, run)


def _left(hosts: Hosts, run: Run) -> None:
    """Prints what a run has left behind on the hosts: processes, and sockets and keys in files."""
    deadline = time.monotonic() + 60  # Ray may still be ending what it thought dead
    while (left := _processes(hosts, run)) and time.monotonic() < deadline:
        time.sleep(0.5)
    name = json.loads((run.run_dir / "run.json").read_text())["run"]
    files = [path for path in Path(tempfile.gettempdir()).glob(f"tutelage-*/{name}-*") if "pair" not in path.name]
    print(f"{'':24}left behind: {len(left)} processes, {len(files)} socket folders", flush=True)


def _processes(hosts: Hosts, run: Run) -> dict[str, list[int]]:
    """The processes of a run on all hosts, by the names of their logs."""
    found = defaultdict[str, list[int]](list)
    for pid in (pid for host in hosts.hosts for pid in host.pids()):
        for number in (1, 2):
            try:
                log = Path(os.readlink(f"/proc/{pid}/fd/{number}"))
            except OSError:
                continue
            if log.is_relative_to(run.run_dir):
                found[log.stem].append(pid)
                break
    return found


def strangers(hosts: Hosts, options: argparse.Namespace) -> None:
    arguments, one = _disturbed(hosts, options)
    run = hosts.launch("strangers", *arguments).until(rows=2)
    name = json.loads((run.run_dir / "run.json").read_text())["run"]
    folder = next(
        path for path in Path(tempfile.gettempdir()).glob(f"tutelage-*/{name}-*") if any(path.glob("*.machine"))
    )
    nodes = json.loads((folder / "places.json").read_text())["nodes"].values()
    door = "tcp://" + next(
        line.split(" at ")[1].split(";")[0]
        for line in (run.run_dir / "logs/pair.log").read_text().splitlines()
        if line.startswith("waiting for the launcher at ")
    )
    targets = [door, *(address for _, *both in nodes for address in both)]
    revoked = (folder / "pair.machine").read_text()
    done = hosts.hosts[2].run(
        sys.executable, str(ROOT / "bench/strangers.py"), str(options.attempts), revoked, *targets
    )
    print(done.stdout + done.stderr, end="", flush=True)
    run.ended().row("beside strangers", one)
    lines = [line for log in run.run_dir.glob("logs/*.log") for line in log.read_text().splitlines()]
    print(f"{'':24}{sum('refused at' in line for line in lines)} lines in the logs name who was refused", flush=True)


def endure(hosts: Hosts, options: argparse.Namespace) -> None:
    """Cuts of 1 to 20 s at hosts that chance chooses; prints each process's memory and sockets, early and late."""
    run = hosts.launch("endure", "gail.yaml", "budget:=1000000000000", "episodes:=2").until(rows=8)
    chance, samples = random.Random(0), list[dict[str, tuple[float, float]]]()
    end, made = time.monotonic() + 60 * options.minutes, 0
    while time.monotonic() < end:
        time.sleep(20)
        samples.append(_sample(hosts, run))
        host, seconds = chance.choice(hosts.hosts[1:]), chance.choice([1, 2, 5, 10, 20])
        hosts.cut(host)
        time.sleep(seconds)
        hosts.cut(host, mended=True)
        made += 1
    assert run.process.poll() is None, "the run has ended"
    rows = run.rows
    run.process.send_signal(signal.SIGINT)
    print(f"{made} cuts in {options.minutes:g} minutes, {rows} rollouts; exit code {run.process.wait(60)} after Ctrl-C")
    half = len(samples) // 2
    print(f"{'medians of the halves':24}{'MB':>10}{'MB':>10}{'sockets':>12}{'sockets':>10}")
    for name in sorted(set.intersection(*(set(sample) for sample in samples))):
        cells = [
            statistics.median(s[name][i] for s in part) for i in (0, 1) for part in (samples[:half], samples[half:])
        ]
        print(f"{name:24}{cells[0]:>10.1f}{cells[1]:>10.1f}{cells[2]:>12.0f}{cells[3]:>10.0f}")
    _left(hosts, run)


def _sample(hosts: Hosts, run: Run) -> dict[str, tuple[float, float]]:
    """Resident memory in MB and the number of sockets of each process, by its log."""
    return {
        name: (sum(map(_resident, pids)), sum(map(_sockets, pids))) for name, pids in _processes(hosts, run).items()
    }


def _resident(pid: int) -> float:
    path = Path(f"/proc/{pid}/statm")
    return int(path.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6 if path.exists() else 0.0


def _sockets(pid: int) -> int:
    found = 0
    for file in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            found += os.readlink(file).startswith("socket:")
        except OSError:
            continue
    return found


@contextmanager
def opened() -> Iterator[Hosts]:
    with tempfile.TemporaryDirectory(prefix="hosts-") as folder:
        hosts = Hosts(Path(folder))
        try:
            for host in hosts.hosts:
                hosts.begin(host)
            yield hosts
        finally:
            hosts.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["gail", "dac", "cuts", "kill", "strangers", "endure"])
    parser.add_argument("--budget", type=int, default=0)
    parser.add_argument("--demonstrations", default="Hopper-v5.npz")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--attempts", type=int, default=10_000)
    options = parser.parse_args()
    with opened() as hosts:
        globals()[options.what](hosts, options)


if __name__ == "__main__":
    main()
