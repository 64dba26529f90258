"""LeRobot datasets of the Hugging Face hub: `demos download` and `demos upload`. It needs the extra `hub`.

A downloaded one is in Hugging Face's own cache, and is named `hub:USER/NAME` or `hub:USER/NAME@REVISION`. To read it
needs no network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tutelage.input.problems import Problem, Refusal
from tutelage.teaching.formats.lerobot_reader import INFO
from tutelage.teaching.formats.trajectory import Unfit, extra

PREFIX = "hub:"

READ = ["meta/*", "meta/**/*", "data/**/*"]
"""All but videos, which are not read."""


def located(place: str) -> Path:
    """The folder of a dataset that was downloaded.

    Raises:
        Unfit: it was not.
    """
    name, revision = _named(place)
    try:
        return _snapshot(name, revision, offline=True)
    except (OSError, ValueError) as error:
        raise Unfit(f"is not on this machine: tutelage demos download {place.removeprefix(PREFIX)}") from error


def download(place: str) -> Path:
    """Downloads a dataset without its videos, or what has changed of it; returns its folder.

    Raises:
        Refusal: the hub cannot be reached, or has no such dataset for this user.
    """
    name, revision = _named(place)
    with _refusing(place):
        return _snapshot(name, revision, offline=False)


def upload(folder: Path, name: str, private: bool) -> str:
    """Uploads a dataset's folder, as a commit of a new or an existing dataset; returns its address.

    Raises:
        Refusal: it is another folder, or the hub cannot be reached, or does not let this user do it.
    """
    if not (folder / INFO).exists():
        raise Refusal([Problem(folder, "is no LeRobot dataset: `demos export FILE FOLDER --to lerobot` makes one")])
    hub = extra("huggingface_hub", "hub").HfApi(library_name="tutelage")
    with _refusing(name):
        hub.create_repo(name, repo_type="dataset", private=private, exist_ok=True)
        hub.upload_folder(repo_id=name, folder_path=folder, repo_type="dataset", commit_message="Upload by tutelage")
    return f"{hub.endpoint}/datasets/{name}"


def _named(place: str) -> tuple[str, str | None]:
    name, _, revision = place.removeprefix(PREFIX).partition("@")
    return name, revision or None


def _snapshot(name: str, revision: str | None, offline: bool) -> Path:
    download = extra("huggingface_hub", "hub").snapshot_download
    options = {"repo_type": "dataset", "allow_patterns": READ, "local_files_only": offline, "library_name": "tutelage"}
    return Path(download(name, revision=revision, **options))


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    errors = extra("huggingface_hub.errors", "hub")
    try:
        yield
    except (errors.HTTPError, errors.HFValidationError, errors.LocalEntryNotFoundError) as error:
        what = " ".join(str(error).split())[:300]
        raise Refusal([Problem(name, f"the hub does not do it: {what}; `hf auth login` says who you are")]) from error
