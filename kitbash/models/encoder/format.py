"""Which files an encoder's model can be in."""

from enum import StrEnum


class Format(StrEnum):
    """Which of an encoder's models is fetched."""

    SAFETENSORS = "safetensors"
    ONNX = "onnx"
