"""Sentence encoders from a local folder: ONNX, or BERT weights in safetensors run by numpy."""
