"""Frozen values without I/O: the words of Kitbash."""
