"""`tutelage demos`: list, replay, judge and convert demonstrations."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

FORMATS = click.Choice(["npz", "minari", "minari-arrow", "lerobot"])
ENV = click.option("--env", help="The environment, if the file does not say; a file that does not fit it is refused.")
FILE = click.argument("file")
TAKES = click.argument("takes", nargs=-1, required=True, type=int)
TRUST = click.option("--trust", "trusted", is_flag=True, help="Run the code that FILE names, if any.")
UNFINISHED = click.option("--leave-out-unfinished", is_flag=True, help="Leave out episodes that do not end.")


def writing(command: Callable[..., None]) -> Callable[..., None]:
    """The options of all commands that write a file."""
    for option in (
        click.option(
            "--task", default="", help="LeRobot's sentence that describes the task; by default the environment."
        ),
        click.option("--fps", type=click.FloatRange(min=0, min_open=True), help="Steps a second, for LeRobot."),
        UNFINISHED,
        ENV,
        TRUST,
    ):
        command = option(command)
    return command


@click.group()
def demos() -> None:
    """List, show, replay, judge, import, export and exchange demonstrations.

    A FILE is an npz or HDF5 file, a recording or the folder of a run, the folder or id of a Minari dataset, the folder
    of a LeRobot dataset or hub:USER/NAME, or the .yaml file of ROS 2's bags.
    """


@demos.command("list")
@click.argument("files", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@ENV
@TRUST
def list_(files: tuple[str, ...], as_json: bool, env: str | None, trusted: bool) -> None:
    """List the episodes of FILES: return, length, verdict, operator, device, time.

    The folder of a run that learned from a file (gail.yaml, dac.yaml) lists that file, and how much each episode looks
    like the expert's to the run's discriminator: expert_logit, high = like it.
    """
    from tutelage import output
    from tutelage.teaching.demos import listing

    scored = [listing.scored(file, lambda place: _read(place, env, trusted)) for file in files]
    found = [row for rows, _ in scored for row in rows]
    if as_json:
        click.echo(output.json_rows(found))
        return
    first = 0 if len(files) > 1 else 1  # a table of one file does not name it in each row
    last = None if any(row.expert_logit is not None for row in found) else -1
    shown = slice(first, last)
    click.echo(output.table(listing.Row._fields[shown], [tuple(row)[shown] for row in found]))
    click.echo("".join(f"{said}\n" for _, said in scored if said), nl=False)


@demos.command()
@FILE
@click.argument("episode", type=int)
@ENV
@TRUST
def show(file: str, episode: int, env: str | None, trusted: bool) -> None:
    """Show an EPISODE: a small curve of each number of observations and actions."""
    from tutelage.teaching.demos import listing

    one = listing.episode(file, _read(file, env, trusted), episode)
    click.echo(listing.picture(file, one, shutil.get_terminal_size().columns))


@demos.command()
@FILE
@click.argument("episodes", nargs=-1, type=int)
@ENV
@click.option("--seed", type=int, help="Seed of episode 0, if the file does not say; episode i has a seed i higher.")
@click.option("--render", help="A video file (video.mp4), or `window`.")
@TRUST
def replay(
    file: str, episodes: tuple[int, ...], env: str | None, seed: int | None, render: str | None, trusted: bool
) -> None:
    """Repeat the actions of EPISODES (by default all) in their environment. Exit code 1: the rewards differ."""
    from tutelage.input.problems import Problem, Refusal
    from tutelage.tasks import video
    from tutelage.tasks.task import Task
    from tutelage.teaching.demos import listing
    from tutelage.teaching.demos import replay as replaying

    if render and render != "window":
        video.check(Path(render))
    shown = _read(file, env, trusted)
    if shown.env is None:
        raise Refusal([Problem(file, "does not name its environment: name it with --env")])
    chosen = [listing.episode(file, shown, number) for number in episodes] or shown.trajectories
    replayed = []
    for one in chosen:
        known = one.seed if one.seed is not None else None if seed is None else seed + one.number
        replayed.append(replaying.replay(one, Task(shown.env), known, render))
        click.echo(replaying.sentence(one, replayed[-1], known))
    if render and render != "window":
        replaying.save(render, replayed)
    sys.exit(any(one.differs is not None for one in replayed))


@demos.command()
@FILE
@TAKES
def keep(file: str, takes: tuple[int, ...]) -> None:
    """Keep TAKES of a recording: they are learned from. The recording itself is never changed."""
    _judge(file, takes, "kept")


@demos.command()
@FILE
@TAKES
def discard(file: str, takes: tuple[int, ...]) -> None:
    """Discard TAKES of a recording: they are not learned from. The recording itself is never changed."""
    _judge(file, takes, "discarded")


@demos.command()
@click.argument("files", nargs=-1, required=True)
@click.option("-o", "--out", required=True, help="The file, folder or Minari id to write.")
@click.option("--to", type=FORMATS, default="npz", show_default=True, help="Its format.")
@writing
def merge(files: tuple[str, ...], out: str, to: str, **options: Any) -> None:
    """Merge the kept episodes of several FILES into one."""
    _convert(files, out, to, **options)


@demos.command("import")
@FILE
@click.argument("out", required=False)
@writing
def import_(file: str, out: str | None, **options: Any) -> None:
    """Check a FILE of any kind, and write it as an npz file OUT (by default here, named after FILE)."""
    _convert((file,), out or Path(file).name.removesuffix(Path(file).suffix) + ".npz", "npz", **options)


@demos.command()
@FILE
@click.argument("out")
@click.option("--to", type=FORMATS, required=True, help="Its format.")
@writing
def export(file: str, out: str, to: str, **options: Any) -> None:
    """Write the kept episodes of a FILE as another kind of file."""
    _convert((file,), out, to, **options)


@demos.command()
@click.argument("name", metavar="USER/NAME[@REVISION]")
def download(name: str) -> None:
    """Download a LeRobot dataset of the Hugging Face hub, which is then a FILE: hub:USER/NAME (extra `hub`)."""
    from tutelage.teaching.formats import files, hub

    hub.download(name)
    place = hub.PREFIX + name.removeprefix(hub.PREFIX)
    click.echo(f"{place}: {len(files.read(place).trajectories)} episodes")


@demos.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("name", metavar="USER/NAME")
@click.option("--private", is_flag=True, help="For its user alone, if it is new.")
def upload(folder: Path, name: str, private: bool) -> None:
    """Upload the FOLDER of a LeRobot dataset to the Hugging Face hub (extra `hub`; `hf auth login` before)."""
    from tutelage.teaching.formats import files, hub

    files.read(folder)
    click.echo(hub.upload(folder, name, private))


def _judge(file: str, takes: tuple[int, ...], verdict: str) -> None:
    from tutelage.teaching.formats import files

    for take in takes:
        files.judge(file, take, verdict)
        click.echo(f"take {take} is {verdict}")


def _convert(
    sources: tuple[str, ...],
    out: str,
    to: str,
    env: str | None,
    trusted: bool,
    leave_out_unfinished: bool,
    task: str,
    fps: float | None,
) -> None:
    from tutelage.input.problems import printable
    from tutelage.teaching.formats import files

    shown = files.merged(_read(file, env, trusted, leave_out_unfinished) for file in sources)
    path, notes = files.write(out, shown, to, task, fps)
    for note in [*shown.notes, *notes]:
        click.echo(printable(note), err=True)
    click.echo(
        f"{path}: {len(shown.trajectories)} episodes, {sum(len(one.action) for one in shown.trajectories)} steps"
    )


def _read(file: str, env: str | None, trusted: bool, leave_out_unfinished: bool = False) -> Any:
    from tutelage.tasks.task import Task
    from tutelage.teaching.formats import files

    return files.read(file, Task(env) if env else None, leave_out_unfinished, trusted)
