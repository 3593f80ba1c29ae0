"""explain_compilation: what is said of a program is what the program is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import schuss
from schuss import ops
from schuss.layers import (
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    LayerNormalization,
)

F = "float32"


@pytest.fixture(autouse=True)
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHUSS_BACKEND", "cpu")


def classifier(optimizer: str = "sgd", loss: str = "sparse_categorical_crossentropy") -> schuss.Sequential:
    model = schuss.Sequential(
        [
            Input((20,)),
            Dense(16, activation="relu", name="hidden"),
            Dense(3, activation="softmax", name="out"),
        ],
        name="classifier",
    )
    rule = schuss.optimizers.Adam if optimizer == "adam" else schuss.optimizers.SGD
    model.compile(rule(name=optimizer), loss, metrics=["accuracy"])
    return model


def explained(function: Callable[..., Any], *arrays: Any) -> schuss.insight.Compilation:
    return schuss.explain_compilation(function, *arrays)


def kernel_of(compilation: schuss.insight.Compilation, words: str) -> schuss.insight.ExplainedKernel:
    (found,) = [kernel for kernel in compilation.kernels if kernel.what.startswith(words)]
    return found


# What a kernel is ---


def test_bias_and_activation_are_the_epilogue_of_the_matmul() -> None:
    kernel = kernel_of(schuss.explain_compilation(classifier(), what="predict"), "hidden")
    assert kernel.what == "hidden: matmul + bias + relu"
    assert (kernel.leader, kernel.epilogue) == ("contraction", ["bias", "relu"])
    assert kernel.loops == [("i", 32), ("j", 16)]
    assert kernel.reduced == [("k", 20)]
    assert kernel.formula == ["sum over k of x[rows[i], k] * hidden.kernel[k, j]"]
    assert kernel.stores == [f"{kernel.writes[0].name}[i, j] = max(total + hidden.bias[j], 0)"]
    assert [(a.name, a.kind, a.bytes) for a in kernel.reads] == [
        ("x", "data", 32 * 20 * 4),
        ("hidden.kernel", "variable", 20 * 16 * 4),
        ("hidden.bias", "variable", 16 * 4),
    ]
    assert kernel.flops == 32 * 16 * (2 * 20 + 2)


def test_the_update_is_in_the_epilogue_of_the_gradient() -> None:
    kernel = kernel_of(schuss.explain_compilation(classifier()), "backward of hidden → sgd: matmul")
    assert kernel.updates == ["hidden.kernel"]
    assert kernel.stores == ["hidden.kernel[i, j] -= sgd.learning_rate * total"]


def test_adam_updates_three_variables_in_one_kernel() -> None:
    kernel = kernel_of(schuss.explain_compilation(classifier("adam")), "backward of hidden → adam: matmul")
    assert set(kernel.updates) == {
        "hidden.kernel",
        "adam.hidden_kernel_momentum",
        "adam.hidden_kernel_velocity",
    }
    assert "hidden.kernel and 2 more updated in place" in kernel.what
    momentum = kernel.stores[0]
    assert momentum.startswith("v1 = adam.hidden_kernel_momentum[i, j] + 0.1 * (total - ")
    assert "adam.hidden_kernel_momentum[i, j] = v1" in kernel.stores


def test_derivative_of_the_activation_is_in_the_backward_matmul() -> None:
    kernel = kernel_of(schuss.explain_compilation(classifier()), "backward of out, hidden")
    assert kernel.epilogue == ["relu's derivative"]
    assert kernel.stores[0].split(" = ")[1].startswith("total if t")


@pytest.mark.parametrize(
    ("activation", "word"),
    [("relu", "relu"), ("sigmoid", "sigmoid"), ("tanh", "tanh"), ("elu", "elu"), ("silu", "silu"), ("softplus", "softplus"),
     ("leaky_relu", "leaky relu"), ("exponential", "exp")],
)  # fmt: skip
def test_activations_by_their_names(activation: str, word: str) -> None:
    layer = Dense(3, activation=activation)
    assert explained(layer, np.zeros((4, 2), F)).kernel(1).what.endswith(f"+ {word}")


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_derivatives_by_their_names(name: str) -> None:
    model = schuss.Sequential([Input((4,)), Dense(5, activation=name), Dense(2)])
    model.compile("sgd", "mse")
    words = {word for kernel in schuss.explain_compilation(model).kernels for word in kernel.epilogue}
    assert f"{name}'s derivative" in words


def test_bytes_of_a_data_set_are_converted_on_the_way_in() -> None:
    model = schuss.Sequential([Input((4, 4), dtype="uint8"), Flatten(), Dense(3)])
    (kernel,) = schuss.explain_compilation(model, what="predict").kernels
    assert kernel.prologue == ["rows of x straight from the data", "uint8 to float32"]
    assert {access.name: access.bytes for access in kernel.reads}["x"] == 32 * 16


def test_rows_by_index_of_an_embedding() -> None:
    model = schuss.Sequential([Input((5,), dtype="int32"), Embedding(100, 6, name="words")], name="m")
    kernel = schuss.explain_compilation(model, what="predict", batch_size=2).kernel(1)
    assert "rows of words.embeddings by index" in kernel.prologue
    table = next(access for access in kernel.reads if access.name == "words.embeddings")
    assert (table.bytes, table.nbytes) == (2 * 5 * 6 * 4, 100 * 6 * 4)
    assert "words.embeddings[clip(" in kernel.code


def test_dropout_by_its_name() -> None:
    model = schuss.Sequential([Input((8,)), Dropout(0.5), Dense(2)])
    model.compile("sgd", "mse")
    assert any(
        "dropout" in kernel.what.split(": ")[1] for kernel in schuss.explain_compilation(model).kernels
    )


def test_running_sum() -> None:
    kernel = explained(lambda x: ops.cumsum(x, axis=1), np.zeros((3, 4), F)).kernel(1)
    assert (kernel.leader, kernel.what) == ("scan", "running sum")
    assert kernel.writes[0].bytes == 3 * 4 * 4
    assert kernel.code.splitlines()[1:] == [
        "    total = 0",
        "    for s in range(4):                      # in order",
        "        total += x[i, s]",
        "        result[i, s] = total",
    ]


def test_scatter() -> None:
    gradient = schuss.grad(lambda table, at: ops.sum(ops.take(table, at, axis=0) ** 2))
    kernels = explained(gradient, np.zeros((9, 4), F), np.zeros(5, "int32")).kernels
    assert [kernel.leader for kernel in kernels] == ["copy", "scatter"]
    assert "] += " in kernels[1].code


def test_argmax_and_extremes() -> None:
    codes = [
        kernel.code
        for kernel in explained(lambda x: (ops.argmax(x), ops.max(x), ops.prod(x)), np.zeros(4, F)).kernels
    ]
    assert "total = argmax(x[k] for k in range(4))" in codes[0]
    assert "total = -inf" in codes[1]
    assert "total *= x[k]" in codes[2]


# Loops and machine ---


def test_a_long_sum_goes_in_blocks() -> None:
    short, long = (
        explained(ops.matmul, np.zeros((32, n), F), np.zeros((n, 64), F)).kernel(1) for n in (256, 4096)
    )
    assert short.block == ()
    assert all(0 < size < 4096 for size in long.block)
    assert ("blocks of" in long.code) == bool(long.block)


def test_operands_that_are_copied_together() -> None:
    x, w = np.zeros((64, 100), F), np.zeros((320, 100), F)
    compilation = explained(lambda x, w: ops.matmul(x, ops.transpose(w)), x, w)
    (panel,) = compilation.kernel(1).panels
    assert re.fullmatch(r"w\[j, k\], transposed, 100 k × \d+ j at a time, for all i", panel)
    assert f"# panel: {panel}" in compilation.kernel(1).code
    assert f"panel    {panel}" in str(compilation)


def test_what_is_asked_for_ahead_of_its_use() -> None:
    model = schuss.Sequential([Input((300,)), Dense(320, name="wide"), Dense(1)], name="net")
    model.compile(schuss.optimizers.SGD(name="sgd"), "mse")
    compilation = schuss.explain_compilation(model, batch_size=64)
    forward = kernel_of(compilation, "wide: matmul")
    assert re.fullmatch(r"rows of x, \d+ i ahead", forward.ahead[0])
    assert f"# ahead: {forward.ahead[0]}" in forward.code
    updating = next(kernel for kernel in compilation.kernels if "wide.kernel" in kernel.updates)
    assert "wide.kernel[i, j], while total is made" in updating.ahead
    assert "ahead    rows of x" in str(compilation)


def test_chunks_cover_the_first_loop() -> None:
    for kernel in schuss.explain_compilation(classifier(), batch_size=100).kernels:
        size = kernel.loops[0][1] if kernel.loops else 1
        assert (kernel.chunks - 1) * kernel.grain < size <= kernel.chunks * kernel.grain


def test_the_register_tile_is_within_the_loops() -> None:
    kernel = explained(ops.matmul, np.zeros((64, 64), F), np.zeros((64, 64), F)).kernel(1)
    sizes = dict(kernel.loops)
    assert kernel.vector is not None
    assert kernel.lanes > 1
    assert kernel.tile
    assert all(1 <= count <= sizes[name] for name, count in kernel.tile)


def test_kernels_that_are_alike_share_code() -> None:
    model = schuss.Sequential([Input((9,)), *[Dense(8, activation="relu") for _ in range(5)]])
    compilation = schuss.explain_compilation(model, what="predict")
    assert [kernel.same_code_as for kernel in compilation.kernels] == [None, None, 2, 2, 2]
    assert "code of kernel 2" in str(compilation)


# The program ---


def test_figures_are_those_of_the_program() -> None:
    model = classifier()
    compilation = schuss.explain_compilation(model, np.zeros((32, 20), F), np.zeros(32, "int64"))
    assert len(model._steps._known) == 1
    (step,) = model._steps._known.values()
    plan = step.program.plan
    assert len(compilation.kernels) == len(plan.steps)
    assert compilation.arena_bytes == plan.arena_bytes
    assert len(compilation.barriers) == plan.barriers
    assert compilation.threads == step.program.threads()
    assert compilation.variables["hidden.kernel"] == 20 * 16 * 4
    assert compilation.flops == sum(kernel.flops for kernel in compilation.kernels)
    assert compilation.bytes_moved > 0


def test_fit_runs_the_program_that_was_explained() -> None:
    model = classifier()
    x, y = np.zeros((64, 20), F), np.zeros(64, "int64")
    schuss.explain_compilation(model, x, y)
    model.fit(x, y, verbose=0)
    assert len(model._steps._known) == 1


def test_nothing_is_run() -> None:
    model = classifier()
    before = [weight.numpy().copy() for weight in model.weights]
    schuss.explain_compilation(model)
    assert all((weight.numpy() == kept).all() for weight, kept in zip(model.weights, before, strict=True))
    assert int(model.optimizer.iterations.numpy()) == 0


def test_barriers_say_what_crosses_threads() -> None:
    first, last = schuss.explain_compilation(classifier()).barriers
    assert any(reason.startswith("hidden.kernel is read by 1 before") for reason in first.reasons)
    assert any("is made by 1 and used by" in reason for reason in first.reasons)
    assert last.reasons == ["end of the step: the next step reads what this one has changed"]


def test_temporaries_that_share_memory_live_one_after_the_other() -> None:
    inputs = Input((16,))
    hidden = inputs
    for _ in range(4):
        hidden = BatchNormalization()(Dense(16, activation="tanh")(hidden))
    model = schuss.Model(inputs, hidden)
    model.compile("sgd", "mse")
    compilation = schuss.explain_compilation(model)
    places = {place.name: place for place in compilation.arena}
    sharing = [place for place in compilation.arena if place.shares_with]
    assert sharing
    for place in sharing:
        for other in (places[name] for name in place.shares_with):
            assert place.last_phase <= other.first_phase or other.last_phase <= place.first_phase
    assert compilation.arena_bytes < compilation.temporary_bytes
    assert "shares memory with" in str(compilation)


def test_host_calls_are_marked() -> None:
    compilation = explained(lambda x: ops.sort(ops.exp(x)) + 1, np.zeros((4, 5), F))
    (call,) = compilation.host_calls
    assert call.on_host
    assert "sort" in call.what
    assert "HOST CALL" in str(compilation)
    assert compilation.kernel(call.number) is call


def test_several_inputs_and_outputs() -> None:
    a, b = Input((4,), name="a"), Input((3,), name="b")
    hidden = LayerNormalization()(Concatenate()([Dense(5)(a), b]))
    outputs = {"one": Dense(2, name="one")(hidden), "two": Dense(1, activation="sigmoid", name="two")(hidden)}
    model = schuss.Model({"a": a, "b": b}, outputs)
    model.compile("adam", {"one": "mse", "two": "binary_crossentropy"})
    title = schuss.explain_compilation(model, batch_size=8).title
    assert "x['a'] float32[8,4], x['b'] float32[8,3]" in title
    assert "y['one'] float32[8,2], y['two'] float32[8,1], labels assumed" in title


def test_own_train_step() -> None:
    class Own(schuss.Sequential):
        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            loss = ops.mean(ops.square(self(x, training=True) - y))
            weights = self.trainable_variables
            self.optimizer.apply(schuss.autodiff.gradients(loss, weights), weights)
            return {"loss": loss, "twice": loss * 2}

    model = Own([Input((4,)), Dense(2, name="only")])
    model.compile("sgd")
    compilation = schuss.explain_compilation(model, np.zeros((8, 4), F), np.zeros((8, 2), F))
    written = {access.name for kernel in compilation.kernels for access in kernel.writes}
    assert {"loss", "twice", "only.kernel"} <= written
    with pytest.raises(ValueError) as caught:
        schuss.explain_compilation(model, batch_size=4)
    assert "give x and y" in caught.value.__notes__[0]


def test_labels_are_assumed_as_the_loss_wants_them() -> None:
    assert "y int64[32], labels assumed" in schuss.explain_compilation(classifier()).title
    title = schuss.explain_compilation(classifier(loss="categorical_crossentropy"), what="test").title
    assert "y float32[32,3], labels assumed" in title
    assert title.startswith("Evaluation step of 'classifier', batch of 32")


def test_an_output_without_a_loss() -> None:
    inputs = Input((4,), batch_size=6)
    model = schuss.Model(inputs, [Dense(2)(inputs), Dense(1)(inputs)])
    model.compile("sgd", ["mse", None])
    compilation = schuss.explain_compilation(model)
    assert "batch of 6: x float32[6,4], y[0] float32[6,2]" in compilation.title


def test_batches_of_data() -> None:
    model = classifier()

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        yield np.zeros((7, 20), F), np.zeros(7, "int64")

    x, y = np.zeros((50, 20), F), np.zeros(50, "int64")
    titles = [
        schuss.explain_compilation(model, batches()).title,
        schuss.explain_compilation(model, x, y).title,
        schuss.explain_compilation(model, x, y, batch_size=10).title,
        schuss.explain_compilation(model, x[:5], y=y[:5]).title,
        schuss.explain_compilation(model, x, y, sample_weight=np.ones(50, F)).title,
    ]
    assert [title.split("batch of ")[1].split(":")[0] for title in titles] == ["7", "32", "10", "5", "32"]
    assert "sample_weight float32[32]" in titles[-1]


def test_a_subclassed_model_that_is_built() -> None:
    class Own(schuss.Model):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Dense(2)

        def call(self, x: Any) -> Any:
            return self.inner(x)

    model = Own()
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"not known yet.*explain_compilation\(model, x, y\)"):
        schuss.explain_compilation(model)
    model(np.zeros((3, 4), F))
    assert "x float32[6,4], y float32[6,2]" in schuss.explain_compilation(model, batch_size=6).title


# Functions ---


def test_arguments_are_called_as_the_function_calls_them() -> None:
    def affine(data: dict[str, Any], i: Any) -> Any:
        return data["x"] * i + data["b"]

    compilation = explained(affine, {"x": np.zeros((2, 3), F), "b": np.zeros(3, F)}, np.zeros((), F))
    assert compilation.title == "Function 'affine': data['b'] float32[3], data['x'] float32[2,3], i float32[]"
    assert compilation.kernel(1).stores == ["result[j, l] = data['x'][j, l] * i + data['b'][l]"]


def test_of_a_jit_the_program_that_it_runs() -> None:
    calls = []

    @schuss.jit
    def double(x: Any) -> Any:
        calls.append(x)
        return x * 2

    schuss.explain_compilation(double, np.zeros(3, F))
    double(np.zeros(3, F))
    assert len(calls) == 1


def test_static_arguments_of_a_jit() -> None:
    first = schuss.jit(lambda x, n: x[:n] * 2, static_argnums=1)
    compilation = schuss.explain_compilation(first, np.zeros(5, F), 2)
    assert compilation.kernel(1).loops == [("i", 2)]
    assert "x float32[5]" in compilation.title


def test_a_function_that_computes_nothing() -> None:
    compilation = explained(lambda x: np.zeros(0, F), np.zeros(3, F))
    assert compilation.kernels == []
    assert str(compilation)


# Printing ---


def test_code_of_a_kernel() -> None:
    model = schuss.Sequential([Input((5,)), Dense(4, activation="tanh", name="only")], name="m")
    kernel = schuss.explain_compilation(model, what="predict", batch_size=3).kernel(1)
    code = [line.split("  #")[0].rstrip() for line in str(kernel).splitlines()]
    assert code == [
        "# 1  only: matmul + bias + tanh",
        "for i in range(3):",
        "    for j in range(4):",
        "        total = 0",
        "        for k in range(5):",
        "            total += x[rows[i], k] * only.kernel[k, j]",
        "        y_pred[i, j] = tanh(total + only.bias[j])",
    ]


def test_code_is_shown_on_demand() -> None:
    text = str(schuss.explain_compilation(classifier(), what="predict", code=True))
    assert "total += x[rows[i], k] * hidden.kernel[k, j]" in text
    assert "leader" not in text


def test_text_names_every_kernel_and_barrier() -> None:
    compilation = schuss.explain_compilation(classifier("adam"))
    text = str(compilation)
    assert all(kernel.what in text for kernel in compilation.kernels)
    assert text.count("──── barrier") == len(compilation.barriers)
    assert repr(compilation) == text
    assert text.splitlines()[0] == compilation.title


def test_in_colours_and_in_notebooks(capsys: pytest.CaptureFixture[str]) -> None:
    compilation = schuss.explain_compilation(classifier(), what="predict")
    compilation.show()
    assert capsys.readouterr().out.strip() == str(compilation)
    assert compilation._repr_html_().startswith("<pre")
    assert "&#x27;classifier&#x27;" in compilation._repr_html_()


def test_many_alike_take_few_lines() -> None:
    model = schuss.Sequential([Input((8,)), *[Dense(8, activation="relu") for _ in range(20)], Dense(2)])
    model.compile("sgd", "mse")
    compilation = schuss.explain_compilation(model)
    assert len(str(compilation).splitlines()) < 3 * len(compilation.kernels)
    assert " × 1.00 KB" in str(compilation)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda x: (x + 1) * 2, "(x[i] + 1) * 2"),
        (lambda x: x - (x - 3), "x[i] - (x[i] - 3)"),
        (lambda x: -(x + 0.1), "-(x[i] + 0.1)"),
        (lambda x: ops.where(x > 2, x, -x), "x[i] if x[i] > 2 else -x[i]"),
        (lambda x: ops.where(x > 2, 1.0, 0.0) * x, "(1 if x[i] > 2 else 0) * x[i]"),
        (lambda x: ops.cast(x, "int32"), "int32(x[i])"),
        (lambda x: x[::-1], "x[5 - i]"),
        (lambda x: x[1::2], "x[2*i + 1]"),
        (lambda x: ops.broadcast_to(x, (2, 6)), "x[j]"),
        (lambda x: ops.transpose(ops.reshape(x, (2, 3))) + 1, "x[3*j + i] + 1"),
    ],
)
def test_formulas(function: Callable[..., Any], text: str) -> None:
    (store,) = explained(function, np.zeros(6, F)).kernel(1).stores
    assert store.split(" = ", 1)[1] == text


def test_one_loop_over_several_axes() -> None:
    stores = explained(lambda x: ops.exp(x) + 1, np.zeros((4, 5), F)).kernel(1).stores
    assert stores == ["result.flat[i] = exp(x.flat[i]) + 1"]


def test_what_is_used_twice_has_a_name() -> None:
    stores = explained(lambda x: (ops.exp(x), ops.exp(x) + 1), np.zeros(6, F)).kernel(1).stores
    assert stores == ["v1 = exp(x[i])", "result0[i] = v1", "result1[i] = v1 + 1"]


# The other backend, and errors ---


def test_the_reference_backend_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHUSS_BACKEND", "reference")
    for compilation in (schuss.explain_compilation(classifier()), explained(ops.exp, np.zeros(3, F))):
        assert compilation.backend == "reference"
        assert compilation.kernels == compilation.barriers == []
        assert f"Nothing is compiled: the reference backend goes through the {compilation.primitives}" in str(
            compilation
        )


def test_a_model_that_runs_eagerly_is_not_compiled() -> None:
    model = classifier()
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    assert schuss.explain_compilation(model).backend == "reference"


def test_errors() -> None:
    model = classifier()
    with pytest.raises(ValueError, match="`what` must be 'train', 'test' or 'predict', got 'fit'"):
        schuss.explain_compilation(model, what="fit")
    with pytest.raises(TypeError, match="expected a model, or a function with example arrays, got int"):
        schuss.explain_compilation(3)
    with pytest.raises(TypeError, match="got the argument 'epochs'"):
        schuss.explain_compilation(model, epochs=3)
    with pytest.raises(TypeError, match="got 4 arrays"):
        schuss.explain_compilation(model, 1, 2, 3, 4)
    with pytest.raises(ValueError, match="without x"):
        schuss.explain_compilation(model, y=np.zeros(3))
    with pytest.raises(ValueError, match=r"must call `compile\(\)` before `explain_compilation"):
        schuss.explain_compilation(schuss.Sequential([Input((2,)), Dense(1)]))
    with pytest.raises(ValueError, match=r"shape \(None, None, 4\)"):
        schuss.explain_compilation(schuss.Sequential([Input((None, 4)), Dense(3)]), what="predict")
    with pytest.raises(ValueError, match="`batch_size`"):
        schuss.explain_compilation(model, batch_size=0)
    with pytest.raises(IndexError, match="kernels 1 to 2"):
        schuss.explain_compilation(
            schuss.Sequential([Input((2,)), Dense(2), Dense(1)]), what="predict"
        ).kernel(3)


def test_sums_over_blocks_of_rows_say_which_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schuss.backends.cpu._program.parts", lambda: 2)
    model = schuss.Sequential([schuss.Input((30,)), schuss.layers.Dense(64), schuss.layers.Dense(1)])
    model.compile("sgd", "mse")
    compilation = schuss.explain_compilation(model, batch_size=1024)
    divided = [kernel for kernel in compilation.kernels if kernel.rows_of_sum]
    assert divided
    assert {kernel.rows_of_sum for kernel in divided} == {512}
    assert "in range(i * 512, min(i * 512 + 512, 1024))" in divided[0].code
    assert "inside k < 1024, of which each i takes 512" in str(compilation)


def test_loops_are_shown_with_their_turns() -> None:
    def recurrent(x: Any, u: Any, h: Any) -> Any:
        return ops.scan(lambda h, x: (ops.tanh(h @ u + x), None), h, x, reverse=True)[0]

    x, u, h = (np.zeros(shape, F) for shape in ((100, 64, 32), (32, 32), (64, 32)))
    found = schuss.explain_compilation(recurrent, x, u, h)
    assert "\nfor t in range(100), in order: kernel 2\n" in str(found)
    kernel = found.kernel(2)
    assert kernel.turns == [("t", 100)]
    assert kernel.flops == 100 * (2 * 64 * 32 * 32 + 2 * 64 * 32)
    assert "for t in range(100):" in kernel.code
    assert "t1[1 - t % 2, i, j] = tanh(total + x[99 - t, i, j])" in kernel.code
