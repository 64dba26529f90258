"""Demonstrations in files of every kind that people have: one module a format, `files` finds the right one."""
