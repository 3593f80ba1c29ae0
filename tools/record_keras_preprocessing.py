"""Record what Keras's layers for text, categories and sound make of random inputs with random arguments.

    KERAS_BACKEND=tensorflow python tools/record_keras_preprocessing.py text    # Keras 3 with TensorFlow
    KERAS_BACKEND=jax python tools/record_keras_preprocessing.py sound          # Keras 3 with JAX and SciPy

Writes tests/recorded/preprocessing_text.json, models/saved_text.keras and its figures; preprocessing_sound.{json,npz}.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

FOLDER = Path(__file__).parent.parent / "tests" / "recorded"
LONG = "a long token, with spaces and more than sixty-four bytes in it, so that hashes go through a loop of blocks"
WORDS = [
    "the", "cat", "Dog!", "sat.", "a", "naïve", "Ünïcode", "it's", "UP", "x-y", "", "[UNK]", "\u00a0nb", "日本", "tab\tb",
    "new\nline", "e", "über", "zz9",
]  # fmt: skip
TOKENS = ["a", "b", "c", "d", "e", "[UNK]", "", "ü", "zz", LONG]
INTEGERS = [1, 5, -7, 42, 1000, 2**40, 3, -1, 0]
SPECTRA = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


def text_case(draw: random.Random) -> dict[str, Any]:
    kind = draw.choice(
        [
            "StringLookup",
            "IntegerLookup",
            "TextVectorization",
            "TextVectorization",
            "Hashing",
            "HashedCrossing",
        ]
    )
    if kind in ("StringLookup", "IntegerLookup"):
        return {"class": kind, **lookup(draw, kind == "StringLookup")}
    return {
        "class": kind,
        **{"TextVectorization": vectorization, "Hashing": hashing}.get(kind, crossing)(draw),
    }


def lookup(draw: random.Random, strings: bool) -> dict[str, Any]:
    source = TOKENS if strings else INTEGERS
    mode = draw.choice(["int", "int", "one_hot", "multi_hot", "count", "tf_idf"])
    config: dict[str, Any] = {
        "num_oov_indices": draw.choice([1, 1, 0, 2, 5]),
        "mask_token": draw.choice([None, None, "" if strings else 0, "a" if strings else 5]),
        "output_mode": mode,
    }
    if draw.random() < 0.3:
        config |= {"max_tokens": draw.choice([6, 20]), "pad_to_max_tokens": draw.random() < 0.5}
    if not strings and draw.random() < 0.4:
        config["oov_method"] = "farmhash"
    if draw.random() < 0.3 and (strings or "oov_method" in config):
        config["salt"] = draw.choice([1, [3, 4], [133, -5]])
    if mode == "int" and draw.random() < 0.2:
        config["invert"] = True
    case: dict[str, Any] = {"config": config}
    if draw.random() < 0.5:
        config["vocabulary"] = sorted(set(draw.choices(source, k=5)))
        if mode == "tf_idf":
            config["idf_weights"] = [draw.choice([0.5, 1.0, 2.25]) for _ in config["vocabulary"]]
    else:
        case["adapt"] = draw.choice(
            [draw.choices(source, k=9), [draw.choices(source, k=3) for _ in range(4)]]
        )
    return {**case, "x": shaped(draw, range(8) if config.get("invert") else source)}


def shaped(draw: random.Random, source: Any) -> Any:
    width = draw.choice([1, 2, 3])
    return draw.choice([draw.choices(source, k=4), [draw.choices(source, k=width) for _ in range(3)]])


def words(draw: random.Random) -> str:
    return " ".join(draw.choices(WORDS, k=draw.randint(0, 7)))


def vectorization(draw: random.Random) -> dict[str, Any]:
    config: dict[str, Any] = {
        "standardize": draw.choice(["lower_and_strip_punctuation", "lower", "strip_punctuation", None]),
        "split": draw.choice(["whitespace", "whitespace", "whitespace", "character", None]),
        "ngrams": draw.choice([None, None, 2, [2], [1, 3]]),
        "output_mode": draw.choice(["int", "int", "multi_hot", "count", "tf_idf"]),
    }
    if config["output_mode"] == "int" and draw.random() < 0.5:
        config["output_sequence_length"] = draw.choice([1, 3, 10])
    if draw.random() < 0.3:
        config |= {"max_tokens": draw.choice([5, 40]), "pad_to_max_tokens": draw.random() < 0.5}
    adapt = [words(draw) for _ in range(6)]
    x = [words(draw) for _ in range(4)]
    return {
        "config": config,
        "adapt": adapt,
        "x": draw.choice([x, [[text] for text in x], x[0]]) if config["split"] else [[text] for text in x],
    }


def hashing(draw: random.Random) -> dict[str, Any]:
    source, mask = draw.choice([(TOKENS, "a"), (INTEGERS, 5)])
    config: dict[str, Any] = {
        "num_bins": draw.choice([1, 2, 3, 10, 1000]),
        "output_mode": draw.choice(["int", "int", "one_hot", "multi_hot", "count"]),
        "mask_value": draw.choice([None, mask]),
    }
    if config["output_mode"] != "int":
        config["num_bins"] = min(config["num_bins"], 10)
    if draw.random() < 0.4:
        config["salt"] = draw.choice([1, [3, 4], [133, 137]])
    return {"config": config, "x": shaped(draw, source)}


def crossing(draw: random.Random) -> dict[str, Any]:
    columns = [draw.choices(draw.choice([TOKENS, INTEGERS]), k=4) for _ in range(draw.choice([2, 3]))]
    if draw.random() < 0.5:
        columns = [[[value] for value in column] for column in columns]
    mode = draw.choice(["int", "one_hot"])
    config = {"num_bins": draw.choice([2, 3, 10, 1000 if mode == "int" else 5]), "output_mode": mode}
    return {"config": config, "x": columns, "several": True}


def record_text(count: int) -> None:
    draw, cases = random.Random(1), []
    while len(cases) < count:
        case = text_case(draw)
        arguments = dict(case["config"])
        if isinstance(arguments.get("ngrams"), list):
            arguments["ngrams"] = tuple(arguments["ngrams"])
        try:
            layer = getattr(keras.layers, case["class"])(**arguments)
            if "adapt" in case:
                layer.adapt(case["adapt"])
            x = [np.array(c) for c in case["x"]] if case.get("several") else np.array(case["x"])
            y = np.asarray(layer(x))
        except Exception as error:
            if case["config"].get("num_oov_indices") != 0 or "num_oov_indices=0" not in str(error):
                continue  # shapes and types that do not fit each other
            cases.append({**case, "raises": True})
            continue
        if y.dtype == object:
            y = np.char.decode(y.astype(bytes), "utf-8")
        figures = {"y": y.tolist(), "dtype": y.dtype.kind, "shape": list(y.shape)}
        if hasattr(layer, "get_vocabulary"):
            figures["vocabulary"] = [
                token if isinstance(token, str) else int(token) for token in layer.get_vocabulary()
            ]
        cases.append({**case, **figures})
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    (FOLDER / "preprocessing_text.json").write_text(f"[\n{lines}\n]\n")


def record_model() -> None:
    import tensorflow as tf

    keras.utils.set_random_seed(1)
    texts = ["the cat sat", "a dog ate the cat!", "what's UP dog", "naïve Ünïcode"]
    layers = keras.layers
    vectorize = layers.TextVectorization(output_sequence_length=5)
    weigh, look = layers.TextVectorization(output_mode="tf_idf"), layers.StringLookup(output_mode="one_hot")
    for layer in (vectorize, weigh, look):
        layer.adapt(texts)
    known = layers.IntegerLookup(vocabulary=[3, 900], output_mode="multi_hot", num_oov_indices=2)
    text = keras.Input((1,), dtype="string", name="text")
    number = keras.Input((1,), dtype="int64", name="number")
    h = layers.Flatten()(layers.Embedding(20, 3)(vectorize(text)))
    crossed = layers.HashedCrossing(7, output_mode="one_hot")([text, number])
    hashed = layers.Hashing(5, output_mode="one_hot", salt=3)(text)
    model = keras.Model([text, number], layers.Concatenate()([h, look(text), known(number), crossed, hashed]))
    weighed = keras.Model(text, weigh(text))
    inputs = tf.constant(texts)[:, None], tf.constant([[3], [4], [900], [5]], tf.int64)
    model.save(FOLDER / "models" / "saved_text.keras")
    weighed.save(FOLDER / "models" / "saved_text_tf_idf.keras")
    np.savez_compressed(
        FOLDER / "models" / "saved_text.npz",
        output=model.predict(inputs, verbose=0),
        tf_idf=weighed.predict(inputs[0], verbose=0),
    )


def record_sound(count: int) -> None:
    draw, numbers = random.Random(1), np.random.default_rng(1)
    cases, arrays = [], {}
    for number in range(count):
        if number % 2:
            length = draw.choice([64, 100, 33, 150, 256])
            config: dict[str, Any] = {
                "fft_length": length,
                "sequence_stride": draw.choice([40, length]),
                "sequence_length": draw.choice([None, length // 2]),
                "window": draw.choice(["hann", "hamming", None, "array"]),
                "sampling_rate": draw.choice([8000, 16000]),
                "num_mel_bins": draw.choice([5, 9]),
                "min_freq": draw.choice([20.0, 0.0, 100.0]),
                "max_freq": draw.choice([None, 3000.0]),
                "power_to_db": draw.random() < 0.7,
                "top_db": draw.choice([80.0, 20.0]),
                "mag_exp": draw.choice([2.0, 1.0, 1.5]),
                "min_power": draw.choice([1e-10, 1e-3]),
                "ref_power": draw.choice([1.0, 0.1, -2.0]),
            }
            kind, x = "MelSpectrogram", numbers.normal(size=draw.choice([(300,), (2, 300)]))
            window = config["sequence_length"] or length
        else:
            window = draw.choice([16, 20, 31])
            config = {
                "mode": SPECTRA[number // 2 % len(SPECTRA)],
                "frame_length": window,
                "frame_step": draw.choice([None, 5, window]),
                "fft_length": draw.choice([None, 64]),
                "window": draw.choice(["hann", "hamming", "blackman", None, "array"]),
                "periodic": draw.random() < 0.5,
                "scaling": draw.choice(["density", "spectrum", None]),
                "padding": draw.choice(["valid", "same"]),
                "expand_dims": draw.random() < 0.5,
                "data_format": draw.choice([None, "channels_first"]),
            }
            kind, x = "STFTSpectrogram", numbers.normal(size=(1, 50, 2))
            if config["data_format"]:
                x = x.transpose(0, 2, 1)
        if config["window"] == "array":
            config["window"] = numbers.random(window).round(3).tolist()
        x = np.ascontiguousarray(x, "float32")
        arrays[f"{number}/x"] = x
        arrays[f"{number}/y"] = keras.ops.convert_to_numpy(getattr(keras.layers, kind)(**config)(x))
        cases.append({"id": number, "class": kind, "config": config})
    (FOLDER / "preprocessing_sound.json").write_text(json.dumps(cases))
    np.savez_compressed(FOLDER / "preprocessing_sound.npz", **arrays)


if __name__ == "__main__":
    if sys.argv[1] == "text":
        record_text(150)
        record_model()
    else:
        record_sound(42)
