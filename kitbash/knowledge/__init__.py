"""Cartridges on disk: read safely, built atomically, searched."""
