"""Trust on the findings bus: who signed what, whether that still counts, and who may do what. Start at `sealer.py`."""
