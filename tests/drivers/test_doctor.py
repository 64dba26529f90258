"""`cli.py doctor` and `cli.py calibrate`, before the cart of cart.py and an emulated rig."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.nodes.test_hardware import reaching
from tests.parts.disks import disk_steps
from tests.parts.rigs import ROOT, running
from tests.parts.run_cli import cli
from tutelage.drivers import computer, ports
from tutelage.drivers.calibration import Calibrated
from tutelage.drivers.calibration_session import write
from tutelage.drivers.doctor import examine
from tutelage.drivers.robot import load

CART = Path(__file__).parents[1] / "parts" / "cart.py"


def cart(folder: Path, more: str = "") -> Path:
    path = folder / "cart.yaml"
    parameters = f"parameters: {{log: {folder / 'told'}, fault: {folder / 'fault'}}}"
    path.write_text(f"# mine\ndriver: {CART}:Cart\n{parameters}\ntask: CartPole-v1\nrate: 50\n{more}")
    return path


def test_a_robots_file_is_found_as_launch_files_find_it(tmp_path):
    done = cli("doctor", "robots/cartpole_serial.yml", cwd=tmp_path)
    assert done.returncode == 2 and "did you mean 'cartpole_serial.yaml'" in done.stderr
    done = cli("doctor", "robots/cartpole_serial.yaml", cwd=tmp_path)
    assert "there is no such file" not in done.stderr and done.stdout.startswith("ok"), done.stderr


def test_a_healthy_machine_is_examined_and_nothing_moves(tmp_path):
    done = cli("doctor", cart(tmp_path))
    assert "ok      limits: force -10 to 10 N" in done.stdout
    assert "describes CartPole-v1 at 50 Hz; an operator starts it" in done.stdout
    assert "ok      ages: applied up to 40 ms, held up to 100 ms, then stopped" in done.stdout
    watch = "ok      watch: if {} stays the same for 500 ms while force is commanded, the robot is stopped\n"
    assert all(watch.format(name) in done.stdout for name in ("cart", "cart velocity", "pole", "pole velocity"))
    assert "unknown watchdog: the driver states none" in done.stdout
    assert "ok      sensor: pole is" in done.stdout
    latency = r"latency: a reading takes [\d.]+ ms, at worst [\d.]+ ms; good is below 10 ms, half a period"
    assert re.search(latency, done.stdout)
    assert '"write"' not in (tmp_path / "told").read_text()


def test_it_says_what_is_not_watched(tmp_path):
    done = cli("doctor", cart(tmp_path, "limits: {force: {moves: [cart, pole]}, pole: {stuck: 0}, cart: {stuck: 2}}\n"))
    assert (
        "ok      watch: if cart stays the same for 2000 ms while force is commanded, the robot is stopped"
        in done.stdout
    )
    assert "unknown watch: pole is not watched: its 'stuck' is 0" in done.stdout
    assert "unknown watch: cart velocity is not watched: no command is said to move it" in done.stdout


def test_an_ill_one_is_found_out(tmp_path):
    robot = cart(tmp_path)
    (tmp_path / "fault").write_text("nan")
    done = cli("doctor", robot)
    assert done.returncode == 1
    assert "FAILED  sensor: pole is nan" in done.stdout
    (tmp_path / "fault").write_text("unplugged")
    done = cli("doctor", robot)
    assert done.returncode == 1
    assert "FAILED  device: the cart does not answer: is its cable plugged in?" in done.stdout


def test_after_a_failed_reading_the_device_is_stopped_and_closed(tmp_path):
    robot, fault, said = cart(tmp_path), tmp_path / "fault", []
    for finding in examine(robot):
        said.append(str(finding))
        if "stop:" in said[-1]:
            fault.write_text("unplugged")
        elif "FAILED" in said[-1]:
            fault.unlink()  # a loose contact
    assert said[-1] == "FAILED  device: the cart does not answer: is its cable plugged in?"
    told = [json.loads(line)[1] for line in (tmp_path / "told").read_text().splitlines()]
    assert told == ["connect", "stop", "stop", "close"]


def test_a_device_that_stays_silent_is_closed_too(tmp_path):
    robot, said = cart(tmp_path), []
    for finding in examine(robot):
        said.append(str(finding))
        if "stop:" in said[-1]:
            (tmp_path / "fault").write_text("unplugged")
    assert said[-2:] == ["FAILED  device: the cart does not answer: is its cable plugged in?"] * 2
    assert json.loads((tmp_path / "told").read_text().splitlines()[-1])[1] == "close"


def test_an_emulated_rig_behind_a_port(tmp_path):
    robot = tmp_path / "rig.yaml"
    told = (ROOT / "launch" / "robots" / "cartpole_dynamixel.yaml").read_text()
    robot.write_text(told.replace("/tmp/robot", str(tmp_path / "robot")))
    done = cli("doctor", robot)
    assert done.returncode == 1 and f"FAILED  port: there is no {tmp_path / 'robot'}" in done.stdout
    assert done.stdout.count("FAILED") == 1
    with running("cartpole", "dynamixel", tmp_path) as rig:
        done = cli("doctor", robot)
        assert "ok      connect: the device answers" in done.stdout
        assert "ok      watchdog: the device stops itself after" in done.stdout
        assert rig.tell("state")["moved"] is None


def test_calibration_goes_into_the_file_and_leaves_the_rest_of_it(tmp_path):
    robot = cart(tmp_path, "calibration:\n  pole: {zero: 9}\nstart: automatic\n")
    done = cli("calibrate", robot, typed="\n\n\n")
    assert done.returncode == 0, done.stderr
    text = robot.read_text()
    assert text.startswith("# mine\n") and "start: automatic" in text and text.count("calibration:") == 1
    zeros = load(robot).driver
    assert zeros.__class__.__name__ == "Calibrated"
    assert "zero: 9" not in text and "pole velocity:" in text


def test_what_is_written_around_a_calibration_stays_as_it_is(tmp_path):
    before, after = "# mine\n\nrate: 50\n", "\n# what it must never do\nlimits: {}\n\n# the end"
    robot = tmp_path / "robot.yaml"
    (link := tmp_path / "link.yaml").symlink_to(robot)
    for block in ("calibration: {a: {zero: 1}}\n", "calibration:\n  a:\n    zero: 1\n\n# b's\n  b: {zero: 2}\n"):
        robot.write_text(before + block + after)
        robot.chmod(0o640)
        write(link, {"c": {"zero": 3.5}})
        assert robot.read_text() == f"{before}calibration:\n  c:\n    zero: 3.5\n{after}"
        assert link.is_symlink() and robot.stat().st_mode & 0o777 == 0o640
    robot.write_text("rate: 50")
    write(robot, {"c": {"zero": 3.5}})
    assert robot.read_text() == "rate: 50\ncalibration:\n  c:\n    zero: 3.5\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "robot.yaml"]


def test_a_calibrated_file_is_on_the_disk_before_its_name(tmp_path, monkeypatch):
    robot = cart(tmp_path)
    done = disk_steps(tmp_path, monkeypatch)
    write(robot, {"pole": {"zero": 3.5}})
    assert done == ["file", "folder", "rename", "folder"]


def test_what_is_commanded_is_calibrated_like_what_measures_it(tmp_path):
    robot = reaching(tmp_path, "{arm: {measured: arm position, safe: 0.5, step: 0.1}}")
    done = cli("calibrate", robot, typed="\n\n\n\n")
    assert done.returncode == 0, done.stderr
    driver = load(robot).driver
    assert isinstance(driver, Calibrated)
    assert driver.frame("arm") == driver.frame("arm position") == (1.25, 1)
    assert driver.accepts[0][2:] == (-4.25, 1.75) and driver.frame("torque") == (0.0, 1)


def test_calibrating_what_is_not_there_is_one_sentence(tmp_path):
    robot = cart(tmp_path)
    (tmp_path / "fault").write_text("unplugged")
    done = cli("calibrate", robot)
    assert done.returncode == 2
    assert done.stderr == f"{robot}: the cart does not answer: is its cable plugged in?\n"


@pytest.mark.parametrize(
    ("file", "needs"),
    [
        (
            "cartpole_dynamixel.yaml",
            "dynamixel_sdk, which is not installed: pip install -c constraints.txt -e '.[dynamixel]' (in the clone)",
        ),
        (
            "cartpole_serial.yaml",
            "serial, which is not installed: pip install -c constraints.txt -e '.[serial]' (in the clone)",
        ),
        ("cartpole_ros2.yaml", "rclpy, which is not installed: source the set-up of your ROS 2"),
        (
            "arm.yaml",
            "lerobot, which is not installed: install the package that has lerobot.robots:Arm, or correct the name",
        ),
    ],
)
def test_what_a_driver_needs_is_asked_for_before_anything_is_tried(tmp_path, file, needs):
    text = "driver: drivers.lerobot:LeRobotRobot\nparameters: {robot: 'lerobot.robots:Arm', observes: []}\n"
    (tmp_path / "arm.yaml").write_text(text + "task: CartPole-v1\nrate: 20\n")
    robot = (tmp_path if file == "arm.yaml" else ROOT / "launch" / "robots") / file
    without = "import sys; sys.modules |= dict.fromkeys(['dynamixel_sdk', 'serial', 'rclpy', 'lerobot'])\n"
    script = f"{without}sys.argv = ['cli.py', 'doctor', {str(robot)!r}]\nimport cli; cli.main()"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and not done.stdout
    assert f"{file}:" in done.stderr and f"needs {needs}" in done.stderr and "Traceback" not in done.stderr


def test_without_a_robot_the_computer_is_examined(tmp_path):
    done = cli("doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("python", "cores", "disk", "open files", "sockets", "gpu"):
        assert re.search(rf"^ok      {name}: ", done.stdout, re.MULTILINE), name
    told = dict(re.findall(r"^(?:ok|- )      extra (\w+): (.+)$", done.stdout, re.MULTILINE))
    assert told["torch"] == "installed" and "test" not in told
    assert not re.search("^ok .* not installed", done.stdout, re.MULTILINE)
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert told.keys() | {"test"} >= {"torch", "serial", "plot"} and told.keys() <= declared.keys()


def lay(folder: Path, name: str, *lines: str) -> None:
    """An installed package, for importlib.metadata."""
    (folder / f"{name}-1.dist-info").mkdir()
    (folder / f"{name}-1.dist-info" / "METADATA").write_text("\n".join([f"Name: {name}", "Version: 1", *lines]))


def test_an_extra_lacks_what_the_extras_of_its_packages_lack(tmp_path, monkeypatch):
    lay(tmp_path, "zoo", "Provides-Extra: big", "Requires-Dist: zebra[wild,]>=1; extra == 'big'",
        "Requires-Dist: absent; extra == 'other'", "Requires-Dist: numpy", 'Requires-Dist: gnu>2 ; extra == "big"')  # fmt: skip
    lay(tmp_path, "zebra", "Requires-Dist: stripes (>=1) ; python_version > '3' and extra == 'wild'")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(computer, "PACKAGE", "zoo")
    assert [str(finding) for finding in computer._extras()] == [
        "-       extra big: not installed (stripes, gnu): pip install -c constraints.txt -e '.[big]' (in the clone)"
    ]
    monkeypatch.setattr(computer, "PACKAGE", "nowhere")
    assert [finding.good for finding in computer._extras()] == [None]


def test_what_the_computer_lacks_is_found_out(tmp_path):
    """Too few open files, and a folder for sockets that has too long a name."""
    place = tmp_path / ("x" * 90)
    place.mkdir()
    limited = "import resource, sys, cli; resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200)); sys.argv[1:] = ['doctor']; cli.main()"
    environment = os.environ | {"TMPDIR": str(place)}
    done = subprocess.run([sys.executable, "-c", limited], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "FAILED  open files: 200 a process, raised to 200 where a graph needs it: too few" in done.stdout
    assert "FAILED  sockets: " in done.stdout and "set TMPDIR to a shorter folder" in done.stdout


@pytest.mark.skipif(not os.access("/dev", os.W_OK) or sys.platform != "linux", reason="no port can be made here")
def test_the_port_that_is_gone_is_found():
    """A pseudo-terminal with the name that Linux gives to a serial adapter."""
    port = Path(f"/dev/ttyUSB{os.getpid()}")
    code, told, _ = pulled(port, True)
    assert code == 0 and told.endswith(f"it was {port}: plug it in again\n")
    code, _, wrong = pulled(port, False)
    assert code == 2 and wrong == "find-port: all ports are still there: was it the right cable?\n"


def pulled(port, really):
    """What find-port says when a port is gone, or is not really."""
    near, far = os.openpty()
    port.symlink_to(os.ttyname(far))
    command = [sys.executable, str(ROOT / "cli.py"), "find-port"]
    pipe = subprocess.PIPE
    try:
        with subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as asking:
            assert asking.stdout
            while asking.stdout.readline().strip() != str(port):
                assert asking.poll() is None
            if really:
                port.unlink()
            told, wrong = asking.communicate("\n", timeout=60)
    finally:
        port.unlink(missing_ok=True)
        os.close(near)
        os.close(far)
    return asking.returncode, told, wrong


def test_a_port_has_a_lasting_name_where_there_is_one(tmp_path, monkeypatch):
    (tmp_path / "ttyUSB0").touch()
    (tmp_path / "by-id").mkdir()
    monkeypatch.setattr(ports, "BY_ID", tmp_path / "by-id")
    assert ports.lasting(str(tmp_path / "ttyUSB0")) == str(tmp_path / "ttyUSB0")
    link = tmp_path / "by-id" / "usb-arm"
    link.symlink_to("../ttyUSB0")
    assert ports.lasting(str(tmp_path / "ttyUSB0")) == str(link)
