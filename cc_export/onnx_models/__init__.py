"""Reading ONNX files: weights by layer, dequantized, and the activations a model can expose."""
