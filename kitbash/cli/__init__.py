"""The kitbash command."""
