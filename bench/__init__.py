"""Measurements of speed and size, one JSON object a line: `python -m bench [NAME ...]`."""
