"""TensorBoard: what stands in its files."""

import struct

import numpy as np
import pytest

import schuss
from schuss import layers
from schuss.callbacks import TensorBoard
from schuss.callbacks._events import histogram_event, masked_crc, scalar_event

X = np.linspace(-1, 1, 40, dtype="float32").reshape(-1, 1)


def records(folder):
    """The records of a folder's one file, with their checksums verified."""
    (path,) = folder.iterdir()
    data, found = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        body = data[12 : 12 + length]
        assert struct.unpack("<I", data[8:12])[0] == masked_crc(data[:8])
        assert struct.unpack("<I", data[12 + length : 16 + length])[0] == masked_crc(body)
        found.append(body)
        data = data[16 + length :]
    return found


def numbers(folder):
    """(tag, step, value) of every record but the first, which names the format."""
    first, *rest = records(folder)
    assert first.endswith(b"brain.Event:2")
    found = []
    for body in rest:
        if body[11] != 0x2A or body[-5] != 0x15:  # no scalar
            continue
        step, length = body[10], body[16]
        found.append((body[17 : 17 + length].decode(), step, struct.unpack("<f", body[-4:])[0]))
    return found


def fitted(*callbacks, **arguments):
    model = schuss.Sequential([schuss.Input((1,)), layers.Dense(1)])
    model.compile(schuss.optimizers.SGD(0.25), "mse")
    return model.fit(X, X, batch_size=10, epochs=2, verbose=0, callbacks=list(callbacks), **arguments).history


def test_checksum():
    """CRC-32C of "123456789" is e3069283 (RFC 3720)."""
    rotated = (masked_crc(b"123456789") - 0xA282EAD8) & 0xFFFFFFFF
    assert (rotated << 15 | rotated >> 17) & 0xFFFFFFFF == 0xE3069283


def test_epochs(tmp_path):
    history = fitted(TensorBoard(tmp_path), validation_split=0.5)
    train = numbers(tmp_path / "train")
    assert [(tag, step) for tag, step, _ in train] == [
        ("epoch_loss", 0), ("epoch_learning_rate", 0), ("epoch_loss", 1), ("epoch_learning_rate", 1)
    ]  # fmt: skip
    np.testing.assert_allclose([v for _, _, v in train][::2], history["loss"], rtol=1e-6)
    assert train[1][2] == 0.25
    found = numbers(tmp_path / "validation")
    np.testing.assert_allclose([v for _, _, v in found], history["val_loss"], rtol=1e-6)


def test_batches(tmp_path):
    fitted(TensorBoard(tmp_path, update_freq=3, write_steps_per_second=True))
    tags = [(tag, step) for tag, step, _ in numbers(tmp_path / "train")]
    assert [step for tag, step in tags if tag == "batch_loss"] == [3, 6]
    assert ("epoch_steps_per_second", 1) in tags


def test_whole_epochs_stay_compiled():
    assert not TensorBoard().wants("on_train_batch_end")
    assert TensorBoard(update_freq="batch").wants("on_train_batch_end")


def test_large_steps_and_what_is_not_written():
    assert b"\x10\xac\x02" in scalar_event("loss", 1.0, 300)
    with pytest.warns(UserWarning, match="write_images has no effect"):
        TensorBoard(write_images=True)
    with pytest.raises(ValueError, match="update_freq"):
        TensorBoard(update_freq="step")


def fields(data):
    """(number, content) of each field of a message; contents are ints or bytes."""
    found, place = [], 0

    def varint():
        nonlocal place
        value, shift = 0, 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(data):
        key = varint()
        size = {0: None, 1: 8, 2: -1, 5: 4}[key & 7]
        if size is None:
            found.append((key >> 3, varint()))
            continue
        size = varint() if size == -1 else size
        found.append((key >> 3, data[place : place + size]))
        place += size
    return found


def test_histograms(tmp_path):
    fitted(TensorBoard(tmp_path, histogram_freq=2, write_graph=False))
    events = [dict(fields(body)) for body in records(tmp_path / "train")]
    values = [(event[2], dict(fields(dict(fields(event[5]))[1]))) for event in events if 5 in event]
    found = [(step, value[1].decode(), dict(fields(value[5]))) for step, value in values if 5 in value]
    assert [step for step, _, _ in found] == [0, 0]
    assert found[0][1].endswith("kernel/histogram")
    assert struct.unpack("<d", found[0][2][3])[0] == 1


def test_what_a_histogram_counts():
    values = np.array([0.0, 0.5, 1.0, 1.0, np.nan])
    event = dict(fields(histogram_event("w", values, 3)))
    histogram = dict(fields(dict(fields(dict(fields(event[5]))[1]))[5]))
    counts = struct.unpack("<30d", histogram[7])
    assert (counts[0], counts[15], counts[29], sum(counts)) == (1, 1, 2, 4)
    assert [struct.unpack("<d", histogram[i])[0] for i in range(1, 6)] == [0, 1, 4, 2.5, 2.25]


def test_the_graph(tmp_path):
    callback = TensorBoard(tmp_path)
    fitted(callback)
    (graph,) = [dict(fields(body))[4] for body in records(tmp_path / "train") if 4 in dict(fields(body))]
    nodes = [dict(fields(content)) for number, content in fields(graph) if number == 1]
    names = [node[1].decode() for node in nodes]
    assert len(set(names)) == len(names)
    assert any(name.endswith("/dot_general") for name in names)
    given = [content.decode() for _, node in fields(graph) for number, content in fields(node) if number == 3]
    assert {name.split(":")[0] for name in given} <= set(names)
