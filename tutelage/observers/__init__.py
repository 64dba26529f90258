"""Looking at graphs from outside: as text and pictures, and while they run."""
