"""The layers as plain functions, and the step that runs one of them once."""
