"""The page in a browser: the same progress that the terminal shows, with curves, the graph, logs and arguments."""
