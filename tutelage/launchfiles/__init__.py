"""The launch language: makes a graph of a launch file and its arguments."""
