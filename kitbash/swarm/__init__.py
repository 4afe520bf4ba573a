"""The findings bus: agents share tasks, findings and contradictions over Redis."""
