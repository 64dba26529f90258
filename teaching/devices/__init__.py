"""What an operator acts with: a keyboard, a gamepad, or what acts by itself. device.py says what each must be."""
