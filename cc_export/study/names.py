"""Names of the metrics that the exporter measures itself."""

ACCURACY, SIZE, LATENCY = "Accuracy", "Size", "Latency"
SPARSITY, PARAMETERS, NON_ZERO = "Sparsity", "Parameters", "Non-zero parameters"
MEASURED_NAMES = frozenset({ACCURACY, SIZE, LATENCY, SPARSITY, PARAMETERS, NON_ZERO})
