"""How the triage network is trained: from templates and aliases that the project itself writes, with numpy alone."""
