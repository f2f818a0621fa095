"""PyTorch modules as ONNX models; torch is imported when it is first needed, and nowhere else."""
