// Names of the metrics that the exporter measures itself (cc_export/metrics.py) and the page treats specially.

export const ACCURACY = "Accuracy";
export const SIZE = "Size";
