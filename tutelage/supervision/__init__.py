"""Who starts the processes of a graph, keeps them alive, and stops them."""
