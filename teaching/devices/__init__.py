"""Operators' devices: a keyboard, a gamepad, or a scripted device. device.py has their interface."""
