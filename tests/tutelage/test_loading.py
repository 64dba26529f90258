"""Which module a name in a launch file names: tutelage's own, or the user's."""

from __future__ import annotations

import pytest

from tutelage.input.loading import ours


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("nodes.policy", "tutelage.nodes.policy"),
        ("drivers.rig.environment", "tutelage.drivers.rig.environment"),
        ("drivers.arm", "drivers.arm"),
        ("drivers.mine.arm", "drivers.mine.arm"),
        ("nodes.policy.x", "nodes.policy.x"),
        ("balance.beam", "balance.beam"),
    ],
)
def test_what_tutelage_does_not_have_is_the_users(name: str, full: str) -> None:
    assert ours(name) == full
