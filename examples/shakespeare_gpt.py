"""A small GPT that learns to write Shakespeare, character by character.

    python examples/shakespeare_gpt.py

This is the setting that nanoGPT (https://github.com/karpathy/nanoGPT) publishes for machines without a GPU: 4 layers,
4 heads, 128 wide, 64 characters of context, 2000 steps of 12 windows. It reports a validation loss of 1.88 nats.
"""

from collections.abc import Iterator

import numpy as np

import schuss as keras
from schuss import layers

CONTEXT, WIDTH, HEADS, LAYERS = 64, 128, 4, 4
Batch = tuple[np.ndarray, np.ndarray]


class Positions(layers.Layer):
    """Adds to each place of a text a vector that is learned for that place."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.table = self.add_weight(shape=input_shape[1:], initializer=normal(), name="table")

    def call(self, x):
        return x + self.table


def normal(stddev: float = 0.02) -> keras.initializers.RandomNormal:
    return keras.initializers.RandomNormal(stddev=stddev)


def dense(units: int, **options) -> layers.Dense:
    return layers.Dense(units, use_bias=False, **{"kernel_initializer": normal(), **options})


def norm() -> layers.LayerNormalization:
    return layers.LayerNormalization(center=False, epsilon=1e-5)


def block(x):
    """One layer: each place looks at the places before it, then thinks about what it saw."""
    # what is added up over all layers begins smaller the more layers there are
    smaller = (2 * LAYERS) ** -0.5
    attention = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, use_bias=False, kernel_initializer=normal())
    seen = norm()(x)
    x = layers.Add()([x, attention(seen, seen, use_causal_mask=True)])
    attention.output_dense.kernel.assign(attention.output_dense.kernel * smaller)
    thought = dense(4 * WIDTH, activation="gelu")(norm()(x))
    return layers.Add()([x, dense(WIDTH, kernel_initializer=normal(0.02 * smaller))(thought)])


def build_model(characters: int) -> keras.Model:
    """From characters [batch, CONTEXT] to logits of the character after each [batch, CONTEXT, characters]."""
    embedding = layers.ReversibleEmbedding(characters, WIDTH, embeddings_initializer=normal())
    inputs = keras.Input(shape=(CONTEXT,), dtype="int32")
    x = Positions()(embedding(inputs))
    for _ in range(LAYERS):
        x = block(x)
    return keras.Model(
        inputs, embedding(norm()(x), reverse=True)
    )  # the same table, from vectors to characters


def windows(text: np.ndarray, starts: np.ndarray) -> Batch:
    """Pieces of the text and the same pieces one character further on."""
    places = starts[:, None] + np.arange(CONTEXT)
    return text[places], text[places + 1]


def random_windows(text: np.ndarray, rng: np.random.Generator, size: int) -> Iterator[Batch]:
    while True:
        yield windows(text, rng.integers(0, len(text) - CONTEXT, size))


def write(model: keras.Model, text: np.ndarray, length: int, rng: np.random.Generator) -> np.ndarray:
    """`length` more characters, each drawn from what the model thinks of those before it."""
    for _ in range(length):
        seen = text[-CONTEXT:]
        padded = np.pad(seen, (0, CONTEXT - len(seen)))  # what comes later is not looked at
        logits = model.predict_on_batch(padded[None])[0, len(seen) - 1]
        chances = np.exp(logits - logits.max(), dtype="float64")
        text = np.append(text, rng.choice(len(chances), p=chances / chances.sum()))
    return text


def main(steps: int = 2000, steps_per_epoch: int = 250, batch_size: int = 12, length: int = 500) -> float:
    """Trains, writes some text, and gives the loss on all of the text that was kept apart."""
    text = keras.datasets.tinyshakespeare.load_data()
    characters = sorted(set(text))
    number = {character: i for i, character in enumerate(characters)}
    data = np.array([number[character] for character in text], "int32")
    cut = int(0.9 * len(data))
    train, test = data[:cut], data[cut:]
    rng = np.random.default_rng(1337)
    keras.utils.set_random_seed(1337)

    warmup = min(100, steps // 2)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=steps - warmup, alpha=0.1, warmup_target=1e-3, warmup_steps=warmup
    )
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=0.1, beta_1=0.9, beta_2=0.99, epsilon=1e-8, global_clipnorm=1.0
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma"])  # the scales of the normalizations

    model = build_model(len(characters))
    model.summary()
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(
        random_windows(train, rng, batch_size),
        steps_per_epoch=steps_per_epoch,
        epochs=steps // steps_per_epoch,
        validation_data=next(
            random_windows(test, rng, 20 * batch_size)
        ),  # as nanoGPT does: 20 random batches
        validation_batch_size=batch_size,
        verbose=2,
    )
    x, y = windows(test, np.arange(0, len(test) - CONTEXT, CONTEXT))
    loss = model.evaluate(x, y, batch_size=batch_size, verbose=0)
    print(f"All of the test text: {loss:.4f} nats a character\n")
    written = write(model, np.array([number["\n"]]), length, rng)
    print("".join(characters[i] for i in written))
    return loss


if __name__ == "__main__":
    main()
