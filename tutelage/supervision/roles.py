"""What a node is to the launcher."""

from __future__ import annotations

from collections.abc import Mapping

from tutelage.graph import NodePlan, node_class
from tutelage.node import RecordingNode


def acts_on_the_world(plan: NodePlan) -> bool:
    """A machine, or who drives one: it is given the time to be made safe, and never started again by itself."""
    return bool(plan.run and node_class(plan.run).realtime)


def looks_on(plan: NodePlan) -> bool:
    """The run goes on without it."""
    return bool(plan.run and node_class(plan.run).observer)


def records(plan: NodePlan) -> bool:
    """All others keep what it has not yet taken."""
    return bool(plan.run and issubclass(node_class(plan.run), RecordingNode))


def shows(plan: NodePlan) -> bool:
    """It shows people what is wrong with the run."""
    return bool(plan.run and node_class(plan.run).screen)


def ours(plans: Mapping[str, NodePlan]) -> set[str]:
    """The nodes that are neither programs nor observers."""
    return {name for name, plan in plans.items() if plan.run and not looks_on(plan)}


def deciding(plans: Mapping[str, NodePlan]) -> set[str]:
    """The nodes whose ends make the run's end: programs only if there is no other node."""
    return ours(plans) or set(plans)
