"""The ternary triage network: weights of -1, 0 and 1, five to a byte, and 8-bit activations."""
