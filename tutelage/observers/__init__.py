"""Observers: graphs as text and pictures, and running graphs."""
