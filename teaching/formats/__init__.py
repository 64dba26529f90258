"""Formats of demonstrations: one module for each; `files` finds the right one."""
