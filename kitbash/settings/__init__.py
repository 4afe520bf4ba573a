"""Settings: one typed value, and where each part of it came from. Start at `load.py`."""

from kitbash.settings.load import LEASE_MARGIN_MS, Loaded, Settings, load

__all__ = ["LEASE_MARGIN_MS", "Loaded", "Settings", "load"]
