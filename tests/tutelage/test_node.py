"""What a node's class declares, and what of it is kept."""

import pytest

from tutelage import Node


@pytest.mark.parametrize(
    ("method", "declaration"),
    [("due", "clock"), ("tick", "clock"), ("warn", "screen"), ("interrupt", "interruptible")],
)
def test_a_method_that_nobody_would_call_is_refused(method, declaration):
    with pytest.raises(TypeError, match=rf"Idle has {method}\(\), .* {declaration} = True"):
        type("Idle", (Node,), {method: lambda self: None})
    type("Declared", (Node,), {method: lambda self: None, declaration: True})
