"""The roles of nodes, as the launcher sees them."""

from __future__ import annotations

from collections.abc import Mapping

from tutelage.graph import NodePlan, node_class
from tutelage.node import RecordingNode


def acts_on_the_world(plan: NodePlan) -> bool:
    """Whether it is a robot or drives one: it gets time to stop safely, and is not restarted."""
    return bool(plan.run and node_class(plan.run).realtime)


def is_observer(plan: NodePlan) -> bool:
    """Whether it is an observer: the run goes on without it."""
    return bool(plan.run and node_class(plan.run).observer)


def records(plan: NodePlan) -> bool:
    """Whether it is a recorder: senders keep the messages that it has not acknowledged."""
    return bool(plan.run and issubclass(node_class(plan.run), RecordingNode))


def shows(plan: NodePlan) -> bool:
    """Whether it shows people what is wrong with the run."""
    return bool(plan.run and node_class(plan.run).screen)


def ours(plans: Mapping[str, NodePlan]) -> set[str]:
    """The nodes that are neither programs nor observers."""
    return {name for name, plan in plans.items() if plan.run and not is_observer(plan)}


def deciding(plans: Mapping[str, NodePlan]) -> set[str]:
    """The nodes whose ends make the run's end: programs only if there is no other node."""
    return ours(plans) or set(plans)
