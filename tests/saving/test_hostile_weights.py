"""Weights files that are not what they should be: refused before the model changes."""

import h5py
import numpy as np
import pytest

import schuss
from schuss import layers


def net():
    return schuss.Sequential(
        [schuss.Input((4,)), layers.Dense(3, name="a"), layers.Dense(2, name="b")], name="net"
    )


def replace(file, make):
    group = file["layers/dense/vars"]
    del group["0"]
    make(group)


def external_link(file, good):
    replace(file, lambda group: group.__setitem__("0", h5py.ExternalLink(good, "layers/dense/vars/0")))


def soft_link(file, good):
    replace(file, lambda group: group.__setitem__("0", h5py.SoftLink("/layers/dense_1/vars/0")))


def external_group(file, good):
    del file["layers/dense"]
    file["layers/dense"] = h5py.ExternalLink(good, "layers/dense")


def external_array(file, good):
    replace(
        file,
        lambda group: group.create_dataset("0", shape=(4, 3), dtype="f4", external=[("/etc/passwd", 0, 48)]),
    )


def virtual_array(file, good):
    layout = h5py.VirtualLayout((4, 3), "f4")
    layout[:] = h5py.VirtualSource(good, "layers/dense/vars/0", (4, 3))
    replace(file, lambda group: group.create_virtual_dataset("0", layout))


def strings(file, good):
    values = np.full((4, 3), b"x", dtype=object)
    replace(file, lambda group: group.create_dataset("0", data=values, dtype=h5py.string_dtype()))


def complex_numbers(file, good):
    replace(file, lambda group: group.__setitem__("0", np.ones((4, 3), complex)))


def empty_array(file, good):
    replace(file, lambda group: group.create_dataset("0", dtype="f4"))


def a_group(file, good):
    replace(file, lambda group: group.create_group("0"))


def odd_name(file, good):
    file["layers/dense/vars"].move("0", "kernel")


def huge_shape(file, good):
    replace(
        file,
        lambda group: group.create_dataset(
            "0", shape=(1 << 20, 1 << 20), dtype="f4", chunks=(1024, 1024), compression="gzip"
        ),
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (external_link, "link to another place"),
        (soft_link, "link to another place"),
        (external_group, "link to another place"),
        (external_array, "lies in another file"),
        (virtual_array, "lies in another file"),
        (strings, "not an array of numbers, but of object"),
        (complex_numbers, "not an array of numbers, but of complex128"),
        (empty_array, "not an array of numbers, but empty"),
        (a_group, "is not an array"),
        (odd_name, r"expects 2 weight.*kernel: \(4, 3\)"),
        (huge_shape, r'layer "a".*\(1048576, 1048576\)'),
    ],
)
def test_refused(tmp_path, change, message):
    path, good = tmp_path / "w.weights.h5", tmp_path / "good.weights.h5"
    net().save_weights(path)
    net().save_weights(good)
    with h5py.File(path, "a") as file:
        change(file, str(good))
    model = net()
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_huge_array_is_not_read_even_by_layers_that_read_for_themselves(tmp_path):
    class Own(layers.Dense):
        def load_own_variables(self, store):
            self.kernel.assign(store["0"])

    path = tmp_path / "w.weights.h5"
    model = schuss.Sequential([schuss.Input((4,)), Own(3)])
    model.save_weights(path)
    with h5py.File(path, "a") as file:
        del file["layers/own/vars/0"]
        file["layers/own/vars"].create_dataset(
            "0", shape=(1 << 16, 1 << 16), dtype="f4", chunks=(1024, 1024), compression="gzip"
        )
    with pytest.raises(ValueError, match="claims the shape"):
        model.load_weights(path)


def test_a_group_within_itself(tmp_path):
    path = tmp_path / "w.weights.h5"
    model, other = net(), net()
    model.save_weights(path)
    with h5py.File(path, "a") as file:
        file["layers/dense/again"] = file["layers"]
    other.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), other.get_weights(), strict=True))


def test_random_damage_is_found_or_harmless(tmp_path):
    path = tmp_path / "w.weights.h5"
    net().save_weights(path)
    data = path.read_bytes()
    random = np.random.RandomState(0)
    for _ in range(40):
        damaged = bytearray(data)
        for place in random.randint(0, len(data), 20):
            damaged[place] = random.randint(256)
        path.write_bytes(damaged)
        model = net()
        before = model.get_weights()
        try:
            model.load_weights(path)
        except ValueError:
            assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_layer_that_fails_while_it_reads_leaves_all_as_it_was(tmp_path):
    class Fails(layers.Dense):
        def load_own_variables(self, store):
            super().load_own_variables(store)
            raise RuntimeError("no")

    model = schuss.Sequential([schuss.Input((4,)), layers.Dense(3), Fails(2)])
    path = tmp_path / "w.weights.h5"
    model.save_weights(path)
    model.set_weights([w + 1 for w in model.get_weights()])
    before = model.get_weights()
    with pytest.raises(RuntimeError, match="no"):
        model.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_places_that_cannot_be_read(tmp_path):
    model = net()
    (tmp_path / "d.weights.h5").mkdir()
    with pytest.raises(IsADirectoryError):
        model.load_weights(tmp_path / "d.weights.h5")
    with pytest.raises(ValueError, match="must end in"):
        model.load_weights(tmp_path / "w.ckpt")
    with pytest.raises(ValueError, match="`by_name` is only"):
        model.load_weights(tmp_path / "w.weights.h5", by_name=True)


def test_skipped_objects_stay_as_they_are(tmp_path):
    path = tmp_path / "w.weights.h5"
    model, other = net(), net()
    model.save_weights(path)
    kept = other.layers[0].get_weights()[0]
    other.load_weights(path, objects_to_skip=[other.layers[0]])
    assert np.array_equal(other.layers[0].get_weights()[0], kept)
    assert np.array_equal(other.layers[1].get_weights()[0], model.layers[1].get_weights()[0])
