"""Three agents in three processes research a question on the findings bus: `python -m examples.swarm`."""
