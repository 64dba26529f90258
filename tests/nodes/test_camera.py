"""What a camera sees is shown and recorded, and a robot does not wait for it. A video takes the camera's place."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.nodes.test_teaching_by_page import idle
from tests.parts.chromium import Visitor, chromium
from tests.parts.rigs import running
from tests.parts.run_cli import Run
from tutelage.drivers import camera
from tutelage.drivers.robot import camera_of
from tutelage.messages import Picture
from tutelage.nodes.camera import Camera
from tutelage.recording import Reader

SHADES = (0, 100, 200)


def video(path: Path, shades: Sequence[int] = SHADES) -> Path:
    """640 x 480, each frame of one shade of blue."""
    cv2 = pytest.importorskip("cv2", reason="the extra `camera` is not installed")
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (640, 480))
    for shade in shades:
        writer.write(np.full((480, 640, 3), (shade, 0, 0), np.uint8))
    writer.release()
    return path


def test_pictures_are_small_files_that_others_read_and_a_video_begins_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    node, found = Camera(str(video(tmp_path / "seen.avi"))), list[Picture]()
    while len(found) < 5:
        found += [said for said in node.tick() if isinstance(said, Picture)]
    assert [one.step for one in found] == [1, 2, 3, 4, 5]
    pictures = [Image.open(BytesIO(one.png.tobytes())) for one in found]
    assert {one.size for one in pictures} == {(320, 240)}
    blue = [np.asarray(one).mean((0, 1)) for one in pictures]
    assert np.allclose(blue, [[0, 0, shade] for shade in (*SHADES, *SHADES[:2])], atol=3)
    assert "shows nothing" not in capfd.readouterr().err
    node.close()


def test_of_a_stream_the_newest_picture_is_shown_not_the_one_that_waited(tmp_path: Path) -> None:
    node = Camera(f"file://{video(tmp_path / 'seen.avi', [0, *[200] * 999])}")
    (shown,) = (said for said in node.tick() if isinstance(said, Picture))
    assert np.asarray(Image.open(BytesIO(shown.png.tobytes()))).mean((0, 1))[2] > 100, "a later frame than the first"
    node.close()


def test_a_camera_that_is_not_there_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(camera, "AGAIN_SECONDS", 0.0)
    hidden = video(tmp_path / "hidden.avi")
    node = Camera(str(tmp_path / "seen.avi"))
    assert [*node.tick(), *node.tick()] == []
    assert capfd.readouterr().err.count("shows nothing at the moment") == 1
    hidden.rename(tmp_path / "seen.avi")
    assert len([*node.tick()]) == 1
    node.close()


@pytest.mark.parametrize(
    ("said", "found"),
    [
        *[("0", "0"), ("'0'", "0"), ("/dev/video0", "/dev/video0"), ("eye.avi", "{}/eye.avi")],
        *[("~/eye.avi", "/home/x/eye.avi"), ("rtsp://eye/1", "rtsp://eye/1")],
    ],
)
def test_a_robots_file_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, found: str) -> None:
    monkeypatch.setenv("HOME", "/home/x")
    (tmp_path / "robot.yaml").write_text(f"camera: {said}")
    assert camera_of(str(tmp_path / "robot.yaml")) == found.format(tmp_path)


def test_who_drives_sees_it_the_recording_has_it_and_the_robot_needs_no_camera(tmp_path: Path) -> None:
    seen = video(tmp_path / "seen.avi")
    with running("pendulum", "serial", tmp_path) as rig, chromium() as browser:
        robot = rig.file(tmp_path, camera=str(seen))
        words = [f"policy:={idle(tmp_path / 'policy')}", "operator:=browser", "record:=true", "patience:=0"]
        run = Run(tmp_path, "hardware.yaml", f"robot:={robot}", *words)
        try:
            visitor = Visitor(browser, run)
            visitor.page.wait_for_selector("#drawn", state="visible")
            assert visitor.page.evaluate("drawn.naturalWidth") == 320
            os.kill(run.nodes()["camera"], signal.SIGKILL)
            visitor.sees("robot MOVING")
            os.kill(run.process.pid, signal.SIGINT)
            run.wait()
        finally:
            run.kill()
    assert run.process.returncode == 130 and run.report["node_restarts"] == {"camera": 1}, run.output
    assert [one for _, one in Reader(run.run_dir / "recording.mcap").of(Picture)]
