"""The launch language: a launch file and arguments become a graph."""
