"""What was said is kept until all who must have it are safe, and is said again in order."""

import gc

from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.codec import pack_state, unpack_state
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
    assert outbox.begins(["score", "step"]) == {"score": 3, "step": 0}
