"""Files for TensorBoard: records of TFRecord's framing, each an ``Event`` in Protocol Buffers' encoding."""

from __future__ import annotations

import collections
import functools
import itertools
import os
import platform
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from schuss.graph import Graph, Tensor

_POLYNOMIAL = 0x82F63B78  # of CRC-32C, reversed
_BUCKETS = 30  # of a histogram, as TensorFlow writes it
_numbers = itertools.count()


@functools.cache
def _table() -> list[int]:
    entries = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        entries.append(value)
    return entries


def masked_crc(data: bytes) -> int:
    """The CRC-32C of the data, masked as TFRecord asks: rotated by 15 bits, plus a constant."""
    crc = 0xFFFFFFFF
    table = _table()
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _field(number: int, content: bytes) -> bytes:
    """A field whose length is written before it: a message or a string."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _event(step: int, content: bytes) -> bytes:
    """``Event``: wall_time = 1 (double), step = 2 (int64), and one of the contents."""
    return b"\x09" + struct.pack("<d", time.time()) + b"\x10" + _varint(step) + content


def scalar_event(tag: str, value: float, step: int) -> bytes:
    """``Event.summary`` (5) with one ``Summary.value`` (1): tag = 1, simple_value = 2 (float)."""
    simple = _field(1, tag.encode()) + b"\x15" + struct.pack("<f", value)
    return _event(step, _field(5, _field(1, simple)))


def _doubles(number: int, values: Sequence[float]) -> bytes:
    return _field(number, struct.pack(f"<{len(values)}d", *values))


def histogram_event(tag: str, values: np.ndarray, step: int) -> bytes:
    """``Event.summary`` (5) with one ``Summary.value`` (1): tag = 1, histo = 5: a ``HistogramProto`` with min = 1, max = 2,
    num = 3, sum = 4, sum_squares = 5 (doubles), bucket_limit = 6 and bucket = 7 (packed doubles). Values that are no finite
    numbers are left out."""
    values = np.asarray(values, dtype=np.float64).ravel()
    values = values[np.isfinite(values)]
    if not values.size:
        values = np.zeros(1)
    counts, edges = np.histogram(values, bins=_BUCKETS if values.min() < values.max() else 1)
    moments = (values.min(), values.max(), values.size, values.sum(), np.square(values).sum())
    content = b"".join(
        _varint(number << 3 | 1) + struct.pack("<d", value) for number, value in enumerate(moments, start=1)
    )
    content += _doubles(6, edges[1:].tolist()) + _doubles(7, counts.astype(float).tolist())
    return _event(step, _field(5, _field(1, _field(1, tag.encode()) + _field(5, content))))


def graph_event(graph: Graph) -> bytes:
    """``Event.graph_def`` (4): a ``GraphDef`` with node = 1, each a ``NodeDef`` with name = 1, op = 2, input = 3 and
    attr = 5. A node's name begins with the layer it works for, by which TensorBoard groups them."""
    names: dict[int, str] = {}
    nodes: list[bytes] = []
    taken: collections.Counter[str] = collections.Counter()

    def add(wanted: str, op: str, inputs: list[str], outputs: Sequence[Tensor]) -> None:
        taken[wanted] += 1
        name = wanted if taken[wanted] == 1 else f"{wanted}_{taken[wanted] - 1}"
        for index, tensor in enumerate(outputs):
            names[tensor.id] = name if index == 0 else f"{name}:{index}"
        shapes = _field(1, b"".join(_field(7, _shape(tensor.shape)) for tensor in outputs))
        attribute = _field(5, _field(1, b"_output_shapes") + _field(2, shapes))
        fields = [_field(1, name.encode()), _field(2, op.encode()), *(_field(3, i.encode()) for i in inputs)]
        nodes.append(_field(1, b"".join(fields) + attribute))

    for tensor in graph.inputs:
        add(tensor.name or "input", "Placeholder", [], [tensor])
    for slot in graph.state:
        add(slot.variable.path, "Variable", [], [slot.input])
    for tensor in graph.constants():
        add("constants/constant", "Const", [], [tensor])
    for node in graph.nodes:
        inputs = [names[tensor.id] for tensor in node.inputs if tensor.array is None]
        add(f"{node.scope or 'model'}/{node.primitive.name}", node.primitive.name, inputs, node.outputs)
    return _event(0, _field(4, b"".join(nodes)))


def _shape(shape: Sequence[int]) -> bytes:
    """``TensorShapeProto``: dim = 2, each with size = 1."""
    return b"".join(_field(2, b"\x08" + _varint(size)) for size in shape)


class EventFile:
    """An event file in a folder, for appending.

    Args:
        folder: made if it does not exist.
    """

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        host = f"{platform.node()}.{os.getpid()}.{next(_numbers)}"
        self.path = folder / f"events.out.tfevents.{int(time.time()):010d}.{host}.v2"
        self._file: BinaryIO = open(self.path, "wb")  # noqa: SIM115 (open until `close`)
        self._write(_event(0, _field(3, b"brain.Event:2")))

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Write a number."""
        self._write(scalar_event(tag, value, step))

    def histogram(self, tag: str, values: np.ndarray, step: int) -> None:
        """Write how often values are how large."""
        self._write(histogram_event(tag, values, step))

    def graph(self, graph: Graph) -> None:
        """Write a graph."""
        self._write(graph_event(graph))

    def _write(self, record: bytes) -> None:
        length = struct.pack("<Q", len(record))
        checks = [struct.pack("<I", masked_crc(part)) for part in (length, record)]
        self._file.write(length + checks[0] + record + checks[1])

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()
