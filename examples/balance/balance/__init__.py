"""A ball on a beam, from outside of tutelage: an environment, an operator who masters it, and a node."""
