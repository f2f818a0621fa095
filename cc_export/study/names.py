"""Names of the metrics that the exporter measures itself."""

SIZE, LATENCY = "Size", "Latency"
SPARSITY, PARAMETERS, NON_ZERO = "Sparsity", "Parameters", "Non-zero parameters"
GZIP_SIZE, EFFECTIVE_BITS, QUANTIZED = "Gzip size", "Effective bits", "Quantized share"
PEAK_MEMORY = "Peak memory"
MACS, PATTERN, EMPTY_CHANNELS = "MACs", "Sparsity 2:4", "Empty channels"
FILE_NAMES = frozenset(
    {
        SIZE, LATENCY, SPARSITY, PARAMETERS, NON_ZERO, GZIP_SIZE, EFFECTIVE_BITS, QUANTIZED, MACS,
        PATTERN, EMPTY_CHANNELS, PEAK_MEMORY,
    }
)  # fmt: skip

# Of classification and multilabel.
ACCURACY, TOP5, MACRO_F1, MICRO_F1 = "Accuracy", "Top-5 accuracy", "Macro F1", "Micro F1"
LOG_LOSS, CALIBRATION, MEAN_AP = "Log loss", "Expected calibration error", "mAP"
EXACT_SET = "Subset accuracy"
# Of regression, embedding and generation.
MAE, RMSE, R2 = "MAE", "RMSE", "R²"
NEAREST, EXACT = "1-NN accuracy", "Exact match"
TOKEN_F1, EDITS, ERROR_RATE = "Token F1", "Edit distance", "Character error rate"
# Of a model and its base; a model's own metric is the one with its root.
AGREEMENT, DIVERGENCE, TRUE_CHANGE = "Agreement", "KL divergence", "Change on the true class"
MEAN_GAP, CORRELATION = "Mean difference", "Correlation"
COSINE, KEPT_NEIGHBOURS, EDITS_APART = "Cosine", "Neighbour overlap@10", "Edits apart"

TASK_METRICS = frozenset(
    {
        ACCURACY, TOP5, MACRO_F1, MICRO_F1, LOG_LOSS, CALIBRATION, MEAN_AP, EXACT_SET, MAE, RMSE,
        R2, NEAREST, EXACT, TOKEN_F1, EDITS, ERROR_RATE,
    }
)  # fmt: skip
COMPARISON_METRICS = frozenset(
    {
        AGREEMENT, DIVERGENCE, TRUE_CHANGE, MEAN_GAP, CORRELATION, COSINE, KEPT_NEIGHBOURS,
        EDITS_APART,
    }
)  # fmt: skip


_PREPOSITIONS = {AGREEMENT: "with", CORRELATION: "with", COSINE: "to", KEPT_NEIGHBOURS: "with"}


def with_root(name: str) -> str:
    """What a comparison metric is called where it is a metric of the model: against its root."""
    return f"{name} {_PREPOSITIONS.get(name, 'from')} root"


MEASURED_NAMES = FILE_NAMES | TASK_METRICS | frozenset(map(with_root, COMPARISON_METRICS))

# Kinds of data files that an evaluation set may be.
DATA_SUFFIXES = (".npz", ".parquet", ".csv", ".tsv", ".jsonl", ".ndjson")
