"""Files of numbers for TensorBoard: records of TFRecord's framing, each an ``Event`` in Protocol Buffers' encoding."""

from __future__ import annotations

import functools
import itertools
import os
import platform
import struct
import time
from pathlib import Path
from typing import BinaryIO

_POLYNOMIAL = 0x82F63B78  # of CRC-32C, reversed
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

    def _write(self, record: bytes) -> None:
        length = struct.pack("<Q", len(record))
        checks = [struct.pack("<I", masked_crc(part)) for part in (length, record)]
        self._file.write(length + checks[0] + record + checks[1])

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()
