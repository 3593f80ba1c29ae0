"""Training, recorded and told. In: a `Recorder` among the callbacks of `fit`, or what `fit` returns, and data. Out: curves,
looks at the layers, and one page that shows all of it."""

from schuss.insight.recording._curve import Curve
from schuss.insight.recording._judged import Classes, Labels, Numbers
from schuss.insight.recording._look import Look
from schuss.insight.recording._recorder import Epoch, Recorder
from schuss.insight.recording._report import Report, report
from schuss.insight.recording._statistics import Histogram, LayerLook, WeightLook
from schuss.insight.recording._weight_path import WeightPath

__all__ = [
    "Classes",
    "Curve",
    "Epoch",
    "Histogram",
    "Labels",
    "LayerLook",
    "Look",
    "Numbers",
    "Recorder",
    "Report",
    "WeightLook",
    "WeightPath",
    "report",
]
