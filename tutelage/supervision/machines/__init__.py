"""A run over several machines: the launcher's door, and what `tutelage join` does on the others."""
