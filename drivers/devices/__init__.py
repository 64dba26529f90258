"""What an operator acts with: a keyboard, a gamepad, or something that acts by itself. `device` says what each must be."""
