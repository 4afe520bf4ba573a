"""Ended queries kept on disk for good: appended a batch at a time, read line by line."""
