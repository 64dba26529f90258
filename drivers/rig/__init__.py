"""An emulated rig: a machine that moves in real time behind a pseudo-terminal, with a real one's imperfections.

    python -m tutelage.drivers.rig cartpole --protocol dynamixel --link /tmp/robot
    python -m tutelage.drivers.rig.tell /tmp/robot drop 0.2

`plants` is how the machines move, `machine` what is imperfect about them, `servos` and `serial_device` how they speak,
`line` the cable. The drivers know nothing of this; they find a device at the end of a serial line.
"""
