"""A study: models, how each was made, their metrics and the instances they are judged on."""

from cc_export.study.builder import Study
from cc_export.study.load import load_study
from cc_export.study.records import LoadedStudy

__all__ = ["LoadedStudy", "Study", "load_study"]
