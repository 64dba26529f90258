"""The roles of nodes, as the launcher sees them."""

from __future__ import annotations

from collections.abc import Mapping

from tutelage.graph import NodePlan
from tutelage.node import RecordingNode


def acts_on_the_world(plan: NodePlan) -> bool:
    """Whether it is a robot or drives one: it gets time to stop safely, and is not restarted."""
    return bool(plan.kind and plan.kind.realtime)


def is_observer(plan: NodePlan) -> bool:
    """Whether it is an observer: the run goes on without it."""
    return bool(plan.kind and plan.kind.observer)


def records(plan: NodePlan) -> bool:
    """Whether it is a recorder: senders keep the messages that it has not acknowledged."""
    return bool(plan.kind and issubclass(plan.kind, RecordingNode))


def shows(plan: NodePlan) -> bool:
    """Whether it shows people what is wrong with the run."""
    return bool(plan.kind and plan.kind.screen)


def writes(plan: NodePlan) -> bool:
    """Whether it writes results in the run's folder."""
    return bool(plan.kind and plan.kind.writes)


def ours(plans: Mapping[str, NodePlan]) -> set[str]:
    """The nodes, without observers and without programs that are none."""
    return {name for name, plan in plans.items() if plan.kind and not is_observer(plan)}


def deciding(plans: Mapping[str, NodePlan]) -> set[str]:
    """The nodes whose ends make the run's end: programs only if there is no other node."""
    return ours(plans) or set(plans)
