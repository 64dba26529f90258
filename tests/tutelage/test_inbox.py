"""The order in which a node hears depends on what was said and on nothing else."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.message import FOREVER, Message, Promise
from tutelage.transport.inbox import Inbox, Ordering, Positions, Stream


class Step(Message, cadence="step"):
    """a -> b: once a step."""

    text: str


class Rollout(Message, cadence="rollout"):
    """a -> b: once a rollout."""

    text: str


class Free(Message, cadence="free"):
    """a -> b: whenever."""

    text: str


KINDS = (Step, Rollout, Free)
END = Promise(FOREVER, 0)

Key = tuple[str, type[Message]]
Streams = dict[Key, list[Any]]


def inbox_of(*streams: Key, order: Ordering = "time") -> Inbox:
    return Inbox([Stream(sender, kind) for sender, kind in streams], order)


def drain(inbox: Inbox) -> list[Any]:
    heard: list[Any] = []
    while (message := inbox.pop()) is not None:
        heard.append(message)
    return heard


def texts(heard: list[Any]) -> list[str]:
    return [message.text for message in heard]


def merged(streams: Streams, arrivals: list[Key]) -> list[str]:
    """What is heard of `{(sender, kind): messages}` when they arrive as `arrivals` says, pops between them."""
    inbox = inbox_of(*streams)
    rest = {key: iter([*said, END]) for key, said in streams.items()}
    heard: list[Any] = []
    for sender, kind in arrivals:
        inbox.put(sender, kind.topic, next(rest[sender, kind]))
        heard += drain(inbox)
    assert inbox.ended
    return texts(heard)


@st.composite
def conversations(draw):
    """Streams whose times grow as their cadences want it, promises among them, and two orders of arrival."""
    keys = draw(
        st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(KINDS)), min_size=1, max_size=4, unique=True)
    )
    streams = {key: draw(said_by(*key)) for key in keys}
    tokens = [key for key, said in streams.items() for _ in range(len(said) + 1)]
    return streams, draw(st.permutations(tokens)), draw(st.permutations(tokens))


@st.composite
def said_by(draw, sender, kind):
    times = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8, unique=kind is Step))
    if kind is Rollout:
        times = {rollout: (rollout, step) for rollout, step in times}.values()
    said = []
    for time in sorted(times):
        if draw(st.booleans()):
            said.append(Promise(*time))
        said.append(kind(*time, text=f"{sender} {kind.topic} {time} {len(said)}"))
    return said


@settings(deadline=None, max_examples=300)
@given(conversations())
def test_any_two_orders_of_arrival_give_one_order_of_hearing(conversation):
    streams, one, other = conversation
    heard = merged(streams, one)
    assert heard == merged(streams, other)
    messages = [m for said in streams.values() for m in said if type(m) is not Promise]
    assert sorted(heard) == sorted(texts(messages))
    times = {message.text: (message.rollout, message.step) for message in messages}
    assert [times[text] for text in heard] == sorted(times[text] for text in heard)


def test_at_one_time_what_is_rare_comes_first_then_by_topic_and_sender():
    streams: Streams = {(sender, kind): [kind(0, 0, f"{sender} {kind.topic}")] for sender in "ba" for kind in KINDS}
    arrivals = [key for key in streams for _ in range(2)]
    assert merged(streams, arrivals) == ["a free", "b free", "a rollout", "b rollout", "a step", "b step"]


def test_what_is_rare_comes_first_whatever_its_topic_is_called():
    inbox = Inbox([Stream("a", Step, "1"), Stream("a", Rollout, "2"), Stream("a", Free, "3")])
    for topic, kind in (("1", Step), ("2", Rollout), ("3", Free)):
        inbox.put("a", topic, kind(0, 0, kind.topic))
        inbox.put("a", topic, END)
    assert texts(drain(inbox)) == ["free", "rollout", "step"]


def test_nothing_is_handed_on_while_an_earlier_message_may_be_on_its_way():
    inbox = inbox_of(("a", Step), ("b", Step))
    inbox.put("a", "step", Step(0, 0, "a0"))
    inbox.put("a", "step", Step(0, 1, "a1"))
    assert texts(drain(inbox)) == ["a0"]  # b's first is not before (0, 0), and a comes before b
    inbox.put("b", "step", Step(0, 0, "b0"))
    assert texts(drain(inbox)) == ["b0", "a1"]  # b's next is not before (0, 1)


@pytest.mark.parametrize(
    "kind, then",
    [(Free, []), (Step, ["b 0 6"]), (Rollout, ["b 0 6", "b 0 7", "b 1 0"])],
)
def test_a_cadence_says_how_far_others_may_go_on(kind, then):
    inbox = inbox_of(("a", kind), ("b", Free))
    inbox.put("a", kind.topic, kind(0, 5, "a"))
    for time in ((0, 6), (0, 7), (1, 0), (1, 1)):
        inbox.put("b", "free", Free(*time, text="b {} {}".format(*time)))
    assert texts(drain(inbox)) == ["a", *then]


def test_a_promise_lets_others_go_on_up_to_its_time():
    inbox = inbox_of(("a", Step), ("b", Free))
    for step in range(4):
        inbox.put("b", "free", Free(0, step, str(step)))
    assert texts(drain(inbox)) == ["0"]
    inbox.put("a", "step", Promise(0, 2))
    assert texts(drain(inbox)) == ["1", "2"]
    inbox.put("a", "step", END)
    assert texts(drain(inbox)) == ["3"] and inbox.ended is False
    inbox.put("b", "free", END)
    assert inbox.ended


def test_a_promise_that_is_behind_what_was_said_takes_nothing_back():
    inbox = inbox_of(("a", Step), ("b", Free))
    inbox.put("a", "step", Step(0, 5, "a"))
    inbox.put("a", "step", Promise(0, 2))
    inbox.put("b", "free", Free(0, 6, "b"))
    assert texts(drain(inbox)) == ["a", "b"]


@pytest.mark.parametrize(
    "kind, first, second, earliest",
    [
        (Step, Step(1, 2, ""), Step(1, 2, ""), (1, 3)),
        (Step, Promise(3, 0), Step(2, 9, ""), (3, 0)),
        (Rollout, Rollout(1, 0, ""), Rollout(1, 5, ""), (2, 0)),
        (Free, Free(1, 1, ""), Free(1, 0, ""), (1, 1)),
        (Free, END, Free(9, 9, ""), (FOREVER, 0)),
    ],
)
def test_a_message_earlier_than_promised_is_refused(kind, first, second, earliest):
    inbox = inbox_of(("arm", kind))
    inbox.put("arm", kind.topic, first)
    inbox.put("arm", kind.topic, second)
    said = (
        f"arm published {kind.topic} for rollout {second.rollout}, step {second.step}, but had promised nothing before "
    )
    with pytest.raises(ValueError, match=f"^{said}rollout {earliest[0]}, step {earliest[1]}$"):
        drain(inbox)


def test_by_arrival_an_early_message_is_heard_and_makes_nothing_else_early():
    """A restarted operator answers once more: that must not end the robot's node."""
    inbox = inbox_of(("operator", Step), order="arrival")
    for message in (Step(2, 0, "first"), Step(2, 0, "again"), Promise(3, 0), Step(3, 0, "next")):
        inbox.put("operator", "step", message)
    assert texts(drain(inbox)) == ["first", "again", "next"]
    assert inbox.streams["operator", "step"].next_time == (3, 1)


def test_by_arrival_it_is_the_order_of_arrival():
    inbox = inbox_of(("a", Step), ("b", Step), order="arrival")
    inbox.put("b", "step", Step(9, 0, "b"))
    inbox.put("b", "step", Promise(9, 5))
    inbox.put("a", "step", Step(0, 0, "a"))
    assert texts(drain(inbox)) == ["b", "a"]


@settings(deadline=None, max_examples=100)
@given(conversations(), st.data())
def test_a_node_that_comes_back_hears_the_rest_as_if_it_had_never_gone(conversation, data):
    streams, arrivals, _ = conversation
    whole = merged(streams, arrivals)
    inbox, rest = inbox_of(*streams), {key: iter([*said, END]) for key, said in streams.items()}
    heard: list[Any] = []
    for sender, kind in arrivals[: data.draw(st.integers(0, len(arrivals)))]:
        inbox.put(sender, kind.topic, next(rest[sender, kind]))
        heard += drain(inbox)
    back = inbox_of(*streams)
    back.load(inbox.state())
    for (sender, kind), said in streams.items():  # those who said it say it again from where we were
        for message in [*said, END][back.streams[sender, kind.topic].received :]:
            back.put(sender, kind.topic, message)
    assert texts(heard) + texts(drain(back)) == whole and back.ended


def test_received_and_taken_count_promises_too():
    stream = Stream("a", Step)
    for message in (Promise(0, 0), Step(0, 0, ""), Promise(0, 3), Step(0, 3, "")):
        stream.put(message)
    assert (stream.taken, stream.received) == (1, 4)
    stream.take()
    assert (stream.taken, stream.received) == (3, 4)
    inbox, positions = Inbox([stream]), Positions({("a", "step"): 3})
    assert inbox.positions() == positions and inbox.state() == {"a/step": [3, 0, 3]}


def test_while_it_exchanges_a_node_hears_its_equals_alone_and_in_their_order():
    equals = [Stream(sender, Step) for sender in ("b", "c")]
    inbox = Inbox([Stream("a", Rollout), *equals], exchanges=(Step,))
    inbox.put("c", "step", Step(0, 0, "c 0"))
    inbox.put("a", "rollout", Rollout(1, 0, "a 1"))
    assert texts(drain(inbox)) == ["a 1"]  # the equals may well be silent
    assert inbox.pop(exchanging=True) is None  # for b may be first
    for message in (Step(0, 0, "b 0"), Step(1, 0, "b 1"), END):
        inbox.put("b", "step", message)
    said = [inbox.pop(exchanging=True) for _ in range(3)]
    assert texts(said[:2]) == ["b 0", "c 0"] and said[2] is None
    inbox.put("a", "rollout", END)
    assert inbox.ended  # whether c speaks again follows from what a said


def test_a_node_that_hears_nothing_has_nothing_to_wait_for():
    assert Inbox([]).pop() is None and Inbox([]).ended


def test_it_ends_without_the_end_of_a_stream_that_is_not_awaited() -> None:
    inbox = Inbox([Stream("a", Step), Stream("b", Free, awaited=False)])
    inbox.put("b", "free", Free(0, 0, "b"))
    inbox.put("a", "step", END)
    assert texts(drain(inbox)) == ["b"] and inbox.ended
