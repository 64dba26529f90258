"""Where a user's sockets are, nobody else can be: whatever another user has put there is refused, or does no harm."""

import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tutelage.input.problems import Refusal
from tutelage.supervision import private, registry

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can make files of another user")
ANOTHER = 65534


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files, as all users share it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o1777)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def by_another(act: Callable[[], object]) -> bool:
    """Does something as another user; whether it was allowed."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            os.setgroups([])
            os.setgid(ANOTHER)
            os.setuid(ANOTHER)
            act()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


def entered() -> Path:
    return registry.enter("run", Path("/nowhere"), b"secret")


def test_the_folder_is_made_for_its_user_alone(shared: Path) -> None:
    sockets = entered()
    assert sockets.parent == shared / f"tutelage-{os.getuid()}"
    assert {path.stat().st_mode & 0o777 for path in (sockets, sockets.parent)} == {0o700}
    assert (sockets / "secret").stat().st_mode & 0o777 == 0o600


PUT: dict[str, Callable[[Path], object]] = {
    "a folder": lambda place: place.mkdir(0o777),
    "a folder of its own": lambda place: place.mkdir(0o700),
    "a link to a folder of its own": lambda place: place.symlink_to("/var"),
    "a link to nowhere": lambda place: place.symlink_to("/nowhere"),
    "a file": lambda place: place.write_text(""),
}


@as_root
@pytest.mark.parametrize("put", PUT.values(), ids=PUT.keys())
def test_what_another_user_has_put_in_its_place_is_refused(shared: Path, put: Callable[[Path], object]) -> None:
    place = shared / f"tutelage-{os.getuid()}"
    assert by_another(lambda: put(place))
    for _ in range(10):
        with pytest.raises(Refusal, match="set TMPDIR or XDG_RUNTIME_DIR to a folder of your own"):
            entered()
    if place.exists():
        with pytest.raises(Refusal, match="of your own"):
            registry.runs()


def test_a_link_or_a_folder_that_others_can_write_to_is_refused_also_of_this_user(shared: Path) -> None:
    place = shared / f"tutelage-{os.getuid()}"
    place.symlink_to(shared)
    with pytest.raises(Refusal, match="it is a link"):
        entered()
    place.unlink()
    place.mkdir()
    place.chmod(0o777)
    with pytest.raises(Refusal, match="other users may write to it"):
        entered()
    place.chmod(0o755)
    assert entered().parent.stat().st_mode & 0o777 == 0o700


def test_where_others_may_rename_what_is_this_users_nothing_is_made(shared: Path) -> None:
    shared.chmod(0o777)
    with pytest.raises(Refusal, match="may rename what is in the folder around it"):
        entered()


@as_root
def test_another_user_can_neither_rename_a_runs_folder_nor_put_a_socket_there(shared: Path) -> None:
    for number in range(10):
        sockets = registry.enter(f"run{number}", Path("/nowhere"), b"secret")
        for act in (
            partial(sockets.rename, shared / "mine"),
            partial(sockets.parent.rename, shared / "mine"),
            partial((sockets / "learner.links").write_text, ""),
            (sockets / "secret").read_text,
        ):
            assert not by_another(act)


def test_macos_long_folder_for_temporary_files_is_not_for_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", "/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T")
    assert private.places() == [Path(f"/tmp/tutelage-{os.getuid()}")]


def test_a_runtime_folder_of_the_user_alone_is_preferred(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = shared / "runtime"
    runtime.mkdir(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    assert private.places() == [runtime / "tutelage", shared / f"tutelage-{os.getuid()}"]
    assert entered().parent == runtime / "tutelage"
    runtime.chmod(0o755)
    assert private.places() == [shared / f"tutelage-{os.getuid()}"]
