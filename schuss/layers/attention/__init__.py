"""Layers that look at a sequence by content: each query takes a weighted mean of values, with weights that say how
well its query fits their keys. In: queries, values and keys, with masks. Out: a mean for each query."""
