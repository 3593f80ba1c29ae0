"""Layers for text and categories give what Keras recorded, learn vocabularies, and refuse what they cannot read."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import layers, ops

RECORDED = Path(__file__).parent.parent / "recorded"
CASES = json.loads((RECORDED / "preprocessing_text.json").read_text())
LOOKUPS = ("StringLookup", "IntegerLookup", "TextVectorization")


def made(case):
    config = dict(case["config"])
    if isinstance(config.get("ngrams"), list):
        config["ngrams"] = tuple(config["ngrams"])
    layer = getattr(layers, case["class"])(**config)
    if "adapt" in case:
        layer.adapt(case["adapt"])
    x = [np.array(column) for column in case["x"]] if case.get("several") else np.array(case["x"])
    return layer, x


@pytest.mark.parametrize("index", range(len(CASES)))
def test_recorded(index):
    case = CASES[index]
    layer, x = made(case)
    if case.get("raises"):
        with pytest.raises(ValueError, match="num_oov_indices=0"):
            layer(x)
        return
    y = layer(x)
    assert list(y.shape) == case["shape"]
    if case["dtype"] == "U":
        assert [token.decode() for token in y.reshape(-1)] == np.array(case["y"]).reshape(-1).tolist()
    else:
        assert y.dtype.kind == case["dtype"]
        np.testing.assert_allclose(y, np.array(case["y"]).reshape(case["shape"]), rtol=1e-6)
    if "vocabulary" in case:
        assert layer.get_vocabulary() == case["vocabulary"]


@pytest.mark.parametrize(
    "index", [i for i, c in enumerate(CASES) if c["class"] == "IntegerLookup" and not c.get("raises")]
)
def test_integers_are_looked_up_in_compiled_programs(index):
    layer, x = made(CASES[index])
    np.testing.assert_allclose(schuss.jit(layer)(x), layer(x), rtol=1e-6)


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("salt", [None, 3])
def test_integers_are_hashed_in_compiled_programs(mode, salt):
    layer, x = layers.Hashing(5, output_mode=mode, salt=salt, mask_value=2), np.array([[1, 2], [-30, 2**40]])
    np.testing.assert_array_equal(schuss.jit(layer)(x), layer(x))
    crossed = layers.HashedCrossing(7)
    columns = x[:, :1], x[:, 1:]
    np.testing.assert_array_equal(schuss.jit(lambda a, b: crossed([a, b]))(*columns), crossed(columns))


def test_large_vocabularies_of_integers_are_searched():
    tokens = np.random.default_rng(0).choice(10**6, 3000, replace=False)
    layer = layers.IntegerLookup(vocabulary=tokens, mask_token=-5)
    x = np.concatenate([tokens[::7], [-5, 10**6 + 1, -1]])
    expected = [*range(2, 3002, 7), 0, 1, 1]
    assert layer(x).tolist() == schuss.jit(layer)(x).tolist() == expected


def test_strings_may_be_bytes_lists_and_arrays_of_any_kind():
    layer = layers.StringLookup(vocabulary=["a", "ü"])
    for x in (
        ["a", "ü"],
        [b"a", "ü".encode()],
        np.array(["a", "ü"]),
        np.array(["a", "ü"], object),
        ("a", "ü"),
    ):
        assert layer(x).tolist() == [1, 2]
    assert layer("ü") == 2


def test_numbers_become_strings_again():
    layer = layers.StringLookup(vocabulary=["a", "b"], invert=True, mask_token="")
    assert layer(np.array([[0, 1], [2, 9]])).tolist() == [[b"", b"[UNK]"], [b"a", b"[UNK]"]]


def test_a_vocabulary_may_be_a_file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("earth\nwind\r\nfire\n")
    layer = layers.StringLookup(vocabulary=path)
    assert layer.get_vocabulary() == ["[UNK]", "earth", "wind", "fire"]
    assert layers.TextVectorization(vocabulary=str(path))(["fire, wind"]).tolist() == [[4, 3]]
    (tmp_path / "numbers.txt").write_text("12\n7")
    assert layers.IntegerLookup(vocabulary=str(tmp_path / "numbers.txt"))(np.array([7, 1])).tolist() == [2, 0]


def test_vocabularies_are_learned_from_batches_of_all_kinds():
    def batches():
        yield np.array(["a b", "b"])
        yield ["c b", "c"]
        yield ["never read"]

    layer = layers.TextVectorization()
    layer.adapt(batches(), steps=2)
    assert layer.get_vocabulary() == ["", "[UNK]", "b", "c", "a"]
    layer.adapt([["x"], ["y y"]])
    assert layer.get_vocabulary(include_special_tokens=False) == ["y", "x"]
    lookup = layers.IntegerLookup(max_tokens=3)
    lookup.adapt(iter([np.array([[1, 2], [2, 3]]), np.array([3, 3])]))
    assert lookup.get_vocabulary() == [-1, 3, 2]


def test_functions_standardize_and_split():
    def standardize(texts):
        return np.char.replace(np.char.upper(texts), "<BR>", " ")

    layer = layers.TextVectorization(
        standardize=standardize, split=lambda texts: np.char.split(texts, " "), vocabulary=["GOOD", "FILM"]
    )
    assert layer(["good<br>film", "bad"]).tolist() == [[2, 3], [1, 0]]


def test_a_function_that_returns_something_else_is_named():
    layer = layers.TextVectorization(standardize=lambda texts: texts[:1], vocabulary=["a"], name="words")
    with pytest.raises(ValueError, match=r'Layer "words".*standardize'):
        layer(["a", "b"])
    layer = layers.TextVectorization(split=lambda texts: texts, vocabulary=["a"], name="words")
    with pytest.raises(ValueError, match=r'Layer "words".*split'):
        layer(["a", "b"])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: layers.StringLookup(vocabulary=["a", "b", "a"]), r"repeated.*\['a'\]"),
        (lambda: layers.StringLookup(vocabulary=[]), "empty vocabulary"),
        (lambda: layers.StringLookup(vocabulary=["a", ""], mask_token=""), "mask token"),
        (lambda: layers.StringLookup(vocabulary=["a", "[UNK]"], invert=True), "OOV token"),
        (lambda: layers.StringLookup(vocabulary=["a", "b"], max_tokens=2), "larger than the maximum"),
        (lambda: layers.StringLookup(max_tokens=1), "max_tokens"),
        (lambda: layers.StringLookup(pad_to_max_tokens=True), "max_tokens"),
        (lambda: layers.StringLookup(num_oov_indices=-1), "num_oov_indices"),
        (lambda: layers.StringLookup(output_mode="hot"), "output_mode"),
        (lambda: layers.StringLookup(output_mode="count", invert=True), "output_mode"),
        (lambda: layers.StringLookup(output_mode="count", sparse=True), "sparse"),
        (lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf"), "idf_weights"),
        (lambda: layers.StringLookup(vocabulary=["a"], idf_weights=[1.0]), "idf_weights"),
        (
            lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf", idf_weights=[1, 2]),
            "same length",
        ),
        (lambda: layers.StringLookup(vocabulary="no/such/file"), "does not exist"),
        (lambda: layers.StringLookup(salt=[1, 2, 3]), "salt"),
        (lambda: layers.IntegerLookup(oov_method="mod"), "oov_method"),
        (lambda: layers.IntegerLookup(salt=3), "salt"),
        (lambda: layers.IntegerLookup(vocabulary_dtype="int32"), "vocabulary_dtype"),
        (lambda: layers.TextVectorization(standardize="upper"), "standardize"),
        (lambda: layers.TextVectorization(split="comma"), "split"),
        (lambda: layers.TextVectorization(ngrams="2"), "ngrams"),
        (lambda: layers.TextVectorization(ragged=True), "ragged"),
        (
            lambda: layers.TextVectorization(output_mode="count", output_sequence_length=3),
            "output_sequence_length",
        ),
        (lambda: layers.TextVectorization(vocabulary=["a"])([["a", "b"]]), "rank"),
        (lambda: layers.Hashing(0), "num_bins"),
        (lambda: layers.Hashing(3, dtype="float32"), "dtype"),
        (lambda: layers.HashedCrossing(3, output_mode="count"), "output_mode"),
        (lambda: layers.HashedCrossing(3)([np.array([1])]), "two inputs"),
        (lambda: layers.HashedCrossing(3)([np.array([1]), np.array([1, 2])]), "one shape"),
        (lambda: layers.HashedCrossing(3)([np.array([1]), np.array([1.0])]), "integers or strings"),
    ],
)
def test_arguments_that_do_not_fit(make, said):
    with pytest.raises(ValueError, match=said):
        make()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: layers.StringLookup(vocabulary=["a"], name="look")(np.array([1])),
            'Layer "look".*IntegerLookup',
        ),
        (lambda: layers.IntegerLookup(vocabulary=[1], name="look")(["a"]), 'Layer "look".*StringLookup'),
        (lambda: layers.IntegerLookup(vocabulary=[1], name="look")(np.array([1.0])), 'Layer "look".*float'),
        (
            lambda: layers.TextVectorization(vocabulary=["a"], name="look")(np.array([1])),
            'Layer "look".*strings',
        ),
        (lambda: layers.StringLookup(name="look").adapt([1, 2]), 'Layer "look".*strings'),
        (lambda: layers.Hashing(3, mask_value="a", name="hash")(np.array([1])), 'Layer "hash".*mask_value'),
        (lambda: layers.Dense(1, name="dense")(np.array(["a"])), 'Layer "dense".*received text'),
        (
            lambda: layers.Dense(1, name="dense")(schuss.Input((1,), dtype="string")),
            'Layer "dense".*received text',
        ),
        (lambda: ops.add(np.array(["a"]), 1), "numbers"),
    ],
)
def test_strings_where_numbers_are_wanted_and_the_other_way_round(make, said):
    with pytest.raises(TypeError, match=said):
        make()


@pytest.mark.parametrize("mode", ["int", "count"])
def test_without_a_vocabulary_the_layer_is_named(mode):
    for layer, x in (
        (layers.StringLookup(output_mode=mode, name="look"), ["a"]),
        (layers.IntegerLookup(output_mode=mode, name="look"), np.array([1])),
        (layers.TextVectorization(output_mode=mode, name="look"), ["a"]),
    ):
        with pytest.raises(RuntimeError, match=r'Layer "look" has no vocabulary yet.*adapt'):
            layer(x)


def test_a_given_vocabulary_is_not_adapted():
    with pytest.raises(ValueError, match=r'Layer "look": cannot `adapt`'):
        layers.StringLookup(vocabulary=["a"], name="look").adapt(["b"])


def test_the_size_of_outputs_does_not_change():
    layer = layers.StringLookup(output_mode="count", name="look")
    layer.adapt(["a", "b"])
    with pytest.raises(RuntimeError, match=r'Layer "look".*vocabulary size cannot be changed'):
        layer.adapt(["a", "b", "c"])


@pytest.mark.parametrize("kind", [*LOOKUPS, "Hashing", "HashedCrossing"])
def test_configs_come_back(kind):
    for case in [case for case in CASES if case["class"] == kind and "adapt" not in case][:12]:
        layer, x = made(case)
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()
        if not case.get("raises"):
            np.testing.assert_array_equal(again(x), layer(x))


def test_shapes_are_known_ahead():
    for case in CASES:
        if case.get("raises") or case.get("several") or case["config"].get("invert"):
            continue
        layer, x = made(case)
        if np.ndim(x):
            batch = (None, *x.shape[1:])
            shape = tuple(case["shape"])
            known = layer.compute_output_shape(batch)
            if (
                len(shape) == np.ndim(x) - 1
                or not shape
                or (np.ndim(x) == 1 and len(shape) == 1 and known[0])
            ):
                continue  # a vector as one example
            assert len(known) == len(shape)
            assert all(a in (None, b) for a, b in zip(known[1:], shape[1:]))


def test_what_is_no_number_is_in_the_last_bin():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer = layers.Discretization([0.0, 1.0])
        x = np.array([np.nan, np.inf, -np.inf, 0.5], "float32")
        assert layer(x).tolist() == schuss.jit(layer)(x).tolist() == [2, 2, 0, 1]
