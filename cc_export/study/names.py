"""Names of the metrics that the exporter measures itself."""

ACCURACY, SIZE, LATENCY = "Accuracy", "Size", "Latency"
SPARSITY, PARAMETERS, NON_ZERO = "Sparsity", "Parameters", "Non-zero parameters"
GZIP_SIZE, EFFECTIVE_BITS, QUANTIZED = "Gzip size", "Effective bits", "Quantized share"
PEAK_MEMORY = "Peak memory"
MACS, PATTERN, EMPTY_CHANNELS = "MACs", "Sparsity 2:4", "Empty channels"
MEASURED_NAMES = frozenset(
    {
        ACCURACY, SIZE, LATENCY, SPARSITY, PARAMETERS, NON_ZERO, GZIP_SIZE, EFFECTIVE_BITS,
        QUANTIZED, MACS, PATTERN, EMPTY_CHANNELS, PEAK_MEMORY,
    }
)  # fmt: skip
