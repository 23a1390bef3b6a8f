"""Pipelines against each other: words per second, latency, start-up, memory, size and scores, in turns."""
