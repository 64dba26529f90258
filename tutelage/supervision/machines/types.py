"""Whether two machines have the same message types: the fingerprints of all that a node hears or says."""

from __future__ import annotations

from tutelage.graph import NodePlan, node_class
from tutelage.message import Message, fingerprint


def fingerprints(plans: list[NodePlan]) -> dict[str, dict[str, str]]:
    """For each node of ours: the fingerprint of each of its message types, by its own topic."""
    return {plan.name: _of(plan) for plan in plans if plan.run}


def _of(plan: NodePlan) -> dict[str, str]:
    kind = node_class(plan.run)
    return {one.topic: fingerprint(one) for one in (*kind.hears, *kind.may_hear, *kind.says) if one is not Message}


def difference(ours: dict[str, dict[str, str]], theirs: dict[str, dict[str, str]]) -> str:
    """The first message type that differs, as `node's topic`; empty if all are the same."""
    for node, types in ours.items():
        for topic, print_ in types.items():
            if theirs.get(node, {}).get(topic) != print_:
                return f"{node}'s {topic}"
    return ""
