"""What was said is kept until all who must have it are safe, and is said again in order."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.codec import pack_state, unpack_state
from tutelage.input.problems import Refusal
from tutelage.transport.outbox import Outbox

LISTENERS = {"learner": ["score"], "policy": ["score", "step"]}


def filled(*topics: str) -> Outbox:
    outbox = Outbox(LISTENERS)
    for number, topic in enumerate(topics):
        outbox.add(topic, [f"{topic} {number}".encode()])
    return outbox


def again(outbox: Outbox, **positions: int) -> list[str]:
    return [bytes(frames[0]).decode() for frames in outbox.since(positions)]


def test_each_topic_is_numbered_for_itself():
    outbox = filled("score", "step", "score")
    assert [outbox.next_sequence(topic) for topic in ("score", "step", "other")] == [2, 1, 0]


def test_it_is_said_again_from_the_number_asked_for_in_the_order_it_was_said():
    outbox = filled("score", "step", "score", "step")
    assert again(outbox, score=0, step=0) == ["score 0", "step 1", "score 2", "step 3"]
    assert again(outbox, score=1, step=1) == ["score 2", "step 3"]
    assert again(outbox, step=0) == ["step 1", "step 3"]
    assert again(outbox, score=2, step=2) == []


def test_what_nobody_must_have_is_numbered_but_not_kept():
    outbox = filled("metrics", "metrics")
    assert len(outbox) == 0 and outbox.next_sequence("metrics") == 2


def test_it_is_kept_until_the_last_listener_has_it():
    outbox = filled("score", "score", "score")
    outbox.acknowledge("policy", {"score": 3, "step": 0})
    assert len(outbox) == 3
    outbox.acknowledge("learner", {"score": 2})
    assert again(outbox, score=0) == ["score 2"]


def test_nobody_else_can_acknowledge():
    outbox = filled("step", "step")
    outbox.acknowledge("learner", {"step": 2})
    outbox.acknowledge("console", {"step": 1})
    assert len(outbox) == 2
    outbox.acknowledge("policy", {"step": 2})
    assert len(outbox) == 0  # nor is anybody else waited for
    outbox.acknowledge("policy", {"other": 1})  # is no topic of ours


def test_who_acknowledges_less_than_before_takes_nothing_back():
    outbox = filled("step", "step", "step")
    outbox.acknowledge("policy", {"step": 2})
    outbox.acknowledge("policy", {"step": 1})
    outbox.add("step", [b"step 3"])
    assert again(outbox, step=0) == ["step 2", "step 3"] and outbox.begins(["step"]) == {"step": 2}


def test_who_must_have_a_topic():
    outbox = filled()
    assert outbox.listeners("score") == {"learner", "policy"} and outbox.listeners("step") == {"policy"}
    assert outbox.listeners("metrics") == set() and not outbox.is_for_somebody("metrics")
    assert outbox.is_for_somebody("score")


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["score", "step"]), max_size=20),
    st.lists(st.tuples(st.sampled_from(list(LISTENERS)), st.integers(0, 12), st.integers(0, 12)), max_size=10),
)
def test_whatever_is_acknowledged_nobody_misses_what_it_lacks(topics, acknowledgements):
    outbox, safe = filled(*topics), {(n, t): 0 for n, ts in LISTENERS.items() for t in ts}
    for listener, score, step in acknowledgements:
        positions = {
            t: max(p, safe[listener, t]) for t, p in (("score", score), ("step", step)) if (listener, t) in safe
        }
        safe.update({(listener, topic): position for topic, position in positions.items()})
        outbox.acknowledge(listener, positions)
    said = [(topic, topics[:at].count(topic), f"{topic} {at}") for at, topic in enumerate(topics)]
    for listener, heard in LISTENERS.items():
        lacks = {topic: safe[listener, topic] for topic in heard}
        assert again(outbox, **lacks) == [text for topic, n, text in said if topic in lacks and n >= lacks[topic]]
    if all(position >= len(topics) for position in safe.values()):
        assert len(outbox) == 0


def test_a_sender_that_comes_back_can_say_again_what_it_had_said():
    outbox = filled("score", "step", "score")
    outbox.add("score", [b"head", memoryview(b"large")])
    outbox.acknowledge("policy", {"score": 3, "step": 1})
    outbox.acknowledge("learner", {"score": 1})
    back = Outbox(LISTENERS)
    back.load(unpack_state(pack_state(outbox.state())))
    assert [list(frames) for frames in back.since({"score": 0, "step": 0})] == [[b"score 2"], [b"head", b"large"]]
    assert back.next_sequence("score") == 3
    back.acknowledge("learner", {"score": 3})
    assert len(back) == 0


def test_a_sender_that_comes_back_knows_what_it_has_forgotten_and_how_much_it_keeps():
    outbox = filled("score", "step", "score", "score", "metrics")
    outbox.acknowledge("policy", {"score": 2, "step": 1})
    outbox.acknowledge("learner", {"score": 2})
    back = Outbox(LISTENERS, limit=20)
    back.load(unpack_state(pack_state(outbox.state())))
    assert back.begins(["score", "step"]) == outbox.begins(["score", "step"]) == {"score": 2, "step": 1}
    for number in (3, 4):
        back.add("score", [b"score %d" % number])
    assert again(back, score=0) == ["score 3", "score 4"]


def test_what_is_kept_is_no_work_for_the_garbage_collector():
    outbox = filled(*["score"] * 100)
    gc.collect()  # stops looking at the frames,
    gc.collect()  # and then at what holds them
    assert not any(gc.is_tracked(said) for said in outbox._kept["score"].said)


def test_with_a_limit_the_newest_are_kept_and_it_knows_from_where_on():
    outbox = Outbox(LISTENERS, limit=20)
    for number in range(5):
        outbox.add("score", [f"score {number}".encode()])
    assert again(outbox, score=0) == ["score 3", "score 4"]
    assert outbox.begins(["score", "step", "metrics"]) == {"score": 3, "step": 0, "metrics": 0}


def test_a_limit_is_not_passed_by_a_byte_but_by_the_newest_alone():
    outbox = Outbox(LISTENERS, limit=20)
    for size in (10, 10):
        outbox.add("score", [bytes(size - 1), b"!"])
    assert len(outbox) == 2 and outbox.bytes_in_memory == 20
    outbox.add("score", [b"!"])
    assert len(outbox) == 2 and outbox.bytes_in_memory == 11
    outbox.add("score", [bytes(21)])
    assert len(outbox) == 1 and outbox.bytes_in_memory == 21


MEBIBYTE = 2**20


def spilled(folder: Path, *sizes: int) -> Outbox:
    """One that has said a score of each size and then written what is much into files."""
    outbox = Outbox(LISTENERS, folder=folder / "outbox")
    for number, size in enumerate(sizes):
        outbox.add("score", [b"score %d" % number, bytes(size - 7)])
    outbox.spill(durable=False)
    return outbox


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "outbox").glob("*"))


def test_up_to_a_mebibyte_of_a_topic_stays_in_memory(tmp_path: Path) -> None:
    outbox = spilled(tmp_path, MEBIBYTE - 10, 10)
    assert files(tmp_path) == [] and outbox.bytes_in_memory == MEBIBYTE
    outbox.add("score", [b"!"])
    outbox.add("step", [b"step 0"])
    outbox.spill()
    assert files(tmp_path) == ["1"] and outbox.bytes_in_memory == 6 and len(outbox) == 4
    assert again(outbox, score=0, step=0) == ["score 0", "score 1", "!", "step 0"]


def test_each_topic_has_files_of_its_own_and_they_are_said_again_in_order(tmp_path: Path) -> None:
    outbox = spilled(tmp_path, MEBIBYTE, 10)
    outbox.add("score", [b"score 2", bytes(MEBIBYTE)])
    outbox.add("step", [b"step 0", bytes(MEBIBYTE)])
    outbox.add("score", [b"score 3"])
    outbox.spill()
    outbox.add("score", [b"score 4"])
    assert files(tmp_path) == ["1", "2", "3"] and len(outbox) == 6
    said = ["score 0", "score 1", "score 2", "step 0", "score 3", "score 4"]
    assert again(outbox, score=0, step=0) == said
    for position in range(5):
        assert again(outbox, score=position) == [one for one in said if one.startswith("score")][position:]
    assert outbox.begins(["score"]) == {"score": 0}
    assert [len(frames) for frames in outbox.since({"score": 1})] == [2, 2, 1, 1]


def test_a_file_is_deleted_when_neither_a_checkpoint_nor_its_predecessor_needs_it(tmp_path: Path) -> None:
    outbox = spilled(tmp_path, MEBIBYTE, 10)
    outbox.add("score", [b"score 2", bytes(MEBIBYTE)])
    outbox.spill()
    for listener in LISTENERS:
        outbox.acknowledge(listener, {"score": 1})
    assert outbox.begins(["score"]) == {"score": 0} and len(outbox) == 3  # half of a file is a file
    for listener in LISTENERS:
        outbox.acknowledge(listener, {"score": 2})
    assert outbox.begins(["score"]) == {"score": 2} and again(outbox, score=0) == ["score 2"]
    outbox.saved()
    assert files(tmp_path) == ["1", "2"]
    outbox.saved()
    assert files(tmp_path) == ["2"]
    for listener in LISTENERS:
        outbox.acknowledge(listener, {"score": 3})
    (tmp_path / "outbox" / "2").unlink()  # somebody else was there first
    outbox.saved()
    outbox.saved()
    assert len(outbox) == 0


def test_who_lacks_nothing_of_a_file_is_told_the_rest_without_it(tmp_path: Path) -> None:
    outbox = spilled(tmp_path, MEBIBYTE, 10)
    outbox.add("score", [b"score 2"])
    (tmp_path / "outbox" / "1").unlink()
    assert again(outbox, score=2) == ["score 2"]
    with pytest.raises(Refusal) as caught:
        again(outbox, score=1)
    assert str(caught.value) == f"{tmp_path}/outbox/1: is missing: this run cannot go on, start another"


def test_a_sender_that_comes_back_goes_on_with_its_files(tmp_path: Path) -> None:
    outbox = spilled(tmp_path, MEBIBYTE, 10)
    outbox.add("score", [b"score 2"])
    state = unpack_state(pack_state(outbox.state()))
    outbox.add("score", [bytes(MEBIBYTE)])
    outbox.spill()
    (tmp_path / "outbox" / "half.new").touch()  # of a life that was killed, as the second file is
    back = Outbox(LISTENERS, folder=tmp_path / "outbox")
    back.load(state)
    assert again(back, score=0) == ["score 0", "score 1", "score 2"] and len(back) == 3
    back.saved()
    back.saved()
    assert files(tmp_path) == ["1", "half.new"]
    back.add("score", [b"score 3", bytes(MEBIBYTE)])
    back.spill()
    assert files(tmp_path) == ["1", "3", "half.new"]
    assert again(back, score=2) == ["score 2", "score 3"]


def test_files_of_a_life_that_ended_before_its_first_checkpoint_are_deleted(tmp_path: Path) -> None:
    spilled(tmp_path, MEBIBYTE, 10)
    back = spilled(tmp_path, MEBIBYTE, 10)
    assert files(tmp_path) == ["1", "2"]
    back.saved()
    back.saved()
    assert files(tmp_path) == ["2"] and again(back, score=0) == ["score 0", "score 1"]


def test_a_file_is_on_the_disk_unless_it_need_not_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = list[int]()
    monkeypatch.setattr(os, "fsync", synced.append)
    outbox = spilled(tmp_path, MEBIBYTE, 10)  # not durable
    assert files(tmp_path) == ["1"] and not synced
    outbox.add("score", [bytes(MEBIBYTE + 1)])
    outbox.spill()
    assert files(tmp_path) == ["1", "2"] and synced
