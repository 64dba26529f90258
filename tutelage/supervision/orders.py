"""What people may order of a running graph: restart or stop a node, publish a message, or end the run."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from typing import Any

from tutelage.graph import NodePlan
from tutelage.input.problems import Problem, Refusal, did_you_mean
from tutelage.message import Message
from tutelage.plain_message import message_of
from tutelage.setting import Setting
from tutelage.supervision import roles
from tutelage.supervision.child import Child
from tutelage.supervision.interrupts import Interrupts


class Orders:
    """Obeys orders.

    Attributes:
        restarting: nodes that were killed to be restarted, which does not count as a failure.
        stopped: nodes that must not be restarted.
    """

    def __init__(self, plans: Mapping[str, NodePlan], children: Mapping[str, Child], interrupts: Interrupts) -> None:
        self.plans, self.children, self.interrupts, self.reports = plans, children, interrupts, interrupts.reports
        self.restarting: set[str] = set()
        self.stopped: set[str] = set()

    def answer(self, order: Mapping[str, Any]) -> str:
        """Obeys, and says in a sentence what happens now.

        Raises:
            Refusal: it cannot be done.
        """
        match order:
            case {"do": "interrupt"}:
                self.interrupts.interrupt(signal.SIGTERM)
                return "the run ends in good order"
            case {"do": "restart", "node": str(name)}:
                return self._restart(name)
            case {"do": "stop", "node": str(name)}:
                return self._stop(name)
            case {"do": "publish", "topic": str(topic), "fields": dict(fields)}:
                return self._publish(topic, fields)
        raise Refusal([Problem("order", f"the launcher does not know this one: {order}")])

    def _restart(self, name: str) -> str:
        plan = self._running(name)
        if roles.acts_on_the_world(plan):
            raise Refusal([Problem(name, "it is a robot's and is never restarted amid a run; end the run instead")])
        if plan.command and not plan.kind and any(map(roles.acts_on_the_world, self.plans.values())):
            raise Refusal([Problem(name, "the robot may need this program: end the run instead")])
        self.restarting |= {one for one, node in self.children.items() if node.pid == self.children[name].pid}
        self.children[name].kill(signal.SIGKILL)
        return f"{name} is restarted from its last checkpoint"

    def _stop(self, name: str) -> str:
        plan = self._running(name)
        if plan.host:
            raise Refusal([Problem(name, f"it runs on {plan.host}: only the end of the run stops it")])
        if plan.required and not roles.is_observer(plan):
            raise Refusal([Problem(name, "the run cannot go on without it: restart it, or end the run")])
        self.stopped.add(name)
        self.children[name].kill(signal.SIGTERM)
        return f"{name} is stopped; the run goes on without it"

    def _publish(self, topic: str, fields: dict[str, Any]) -> str:
        """Tells the steering node of a message, if people may publish it."""
        steering, own = self._steering(topic)
        if own == Setting.topic:
            self._check(**fields)
        else:
            message_of(self._obeyed[own], 0, 0, fields)
        if steering in self.reports.ended or {"halt", "interrupt"} & {*self.interrupts.orders}:
            raise Refusal([Problem(topic, "the run ends, and nothing is published any more")])
        self.children[self._running(steering).name].tell(f"publish {json.dumps([own, fields])}")
        return "asked"

    def _steering(self, topic: str) -> tuple[str, str]:
        """The node that publishes on a topic what people say, and the own topic of the message type."""
        steering = [plan for plan in self.plans.values() if plan.kind and plan.kind.steers]
        if not steering:
            raise Refusal([Problem(topic, "this run cannot be steered: start it with steering:=true")])
        may = {said: (plan.name, own) for plan in steering for own, said in plan.says.items()}
        if topic not in may:
            what = f"no node of this run lets people publish on this topic, only on {', '.join(sorted(may))}"
            raise Refusal([Problem(topic, what)])
        return may[topic]

    @property
    def _obeyed(self) -> dict[str, type[Message]]:
        """The message types that people may publish."""
        return {one.topic: one for plan in self.plans.values() if plan.kind for one in plan.kind.obeys}

    def _check(self, node: str, setting: str, value: Any) -> None:
        """Checks a change of a setting."""
        plan = self._running(node)
        steerable = plan.kind.ranges(plan.parameters) if plan.kind else {}
        if setting not in steerable:
            what = f"{node} has no such setting that may change while it runs; {did_you_mean(setting, steerable)}"
            raise Refusal([Problem(setting, what)])
        least, most = steerable[setting]
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise Refusal([Problem(setting, f"must be a number from {least:g} to {most:g}, but is {value!r}")])
        if Setting.topic not in plan.takes.values():
            raise Refusal([Problem(node, "it hears no steering node of this run: put one into its namespace")])

    def _running(self, name: str) -> NodePlan:
        if name not in self.plans:
            raise Refusal([Problem(name, f"there is no such node; {did_you_mean(name, self.plans)}")])
        if name not in self.children:
            raise Refusal([Problem(name, "it has no process at the moment")])
        return self.plans[name]
