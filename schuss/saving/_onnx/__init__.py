"""Models as ONNX files. In: a built model. Out: what it predicts as a graph of ONNX's operators with the weights in it,
which runs without Python. Traces with several batch sizes (`_graphs`), a rule for each primitive (`_elementwise`,
`_structure`, `_contraction`, `_loops`). Needs the package ``onnx``."""
