"""Starts the processes of a graph, keeps them alive, and stops them."""
