"""einsum: Einstein's notation, reduced pair by pair to `dot_general`."""

from __future__ import annotations

from collections import Counter
from typing import Any

from schuss.graph import primitives as p
from schuss.ops._operands import broadcast, convert, promoted, reshaped, transposed
from schuss.ops.contraction import contracted, widened

__all__ = ["einsum"]

Labels = list[Any]  # a letter, or a negative int for an axis of the ellipsis, counted from the right


def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """Sums of products, in Einstein's notation.

    Args:
        subscripts: a letter for each axis of each operand, commas between operands, then ``->`` and the
            letters of the result. Letters that the result does not have are summed over; a letter that one
            operand has twice takes its diagonal. ``...`` stands for axes that broadcast. Without ``->`` the
            result has the letters that occur once, in alphabetical order.
        *operands: arrays.
        **kwargs: ``optimize`` is taken for NumPy's sake; the operands are multiplied from left to right.

    Raises:
        ValueError: `subscripts` does not fit the operands.

    Example:
        >>> from schuss import ops
        >>> ops.einsum("ij,ij->i", ops.array([[1, 2], [3, 4]]), ops.array([[1, 1], [2, 2]])).tolist()
        [3, 14]
    """
    for name in kwargs:
        if name not in ("optimize", "order"):
            raise TypeError(f"einsum: unknown argument {name!r}.")
    arrays = widened(promoted(*operands))
    inputs, output = _parse(subscripts, [tuple(x.shape) for x in arrays])
    sizes = _sizes(subscripts, arrays, inputs)
    terms = [_diagonals(x, labels) for x, labels in zip(arrays, inputs, strict=True)]
    terms = [_without_ones(x, labels, sizes) for x, labels in terms]
    while len(terms) > 1:
        later = set(output).union(*(labels for _, labels in terms[2:]))
        terms[:2] = [_product(terms[0], terms[1], later)]
    x, labels = terms[0]
    x, labels = _summed(x, labels, set(output))
    present = [label for label in output if label in labels]
    x = transposed(x, [labels.index(label) for label in present])
    x = reshaped(x, [sizes[label] if label in present else 1 for label in output])
    return broadcast(x, [sizes[label] for label in output])


def _parse(subscripts: str, shapes: list[tuple[int, ...]]) -> tuple[list[Labels], Labels]:
    """The labels of every operand's axes and of the result's."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    words = left.split(",")
    if len(words) != len(shapes):
        raise ValueError(f"einsum: {subscripts!r} names {len(words)} operands; received {len(shapes)}.")
    inputs = [_labels(subscripts, word, len(shape)) for word, shape in zip(words, shapes, strict=True)]
    widest = max((-min((n for n in labels if isinstance(n, int)), default=0) for labels in inputs), default=0)
    ellipsis: Labels = list(range(-widest, 0))
    if arrow:
        head, dots, tail = right.partition("...")
        output = [*head, *(ellipsis if dots else []), *tail]
    else:
        counts = Counter(label for labels in inputs for label in labels if isinstance(label, str))
        output = [*ellipsis, *sorted(label for label, count in counts.items() if count == 1)]
    known = {label for labels in inputs for label in labels}
    for label in output:
        if label not in known or output.count(label) > 1:
            raise ValueError(
                f"einsum: {label!r} of the result of {subscripts!r} must occur once there and in an operand."
            )
    return inputs, output


def _labels(subscripts: str, word: str, ndim: int) -> Labels:
    head, dots, tail = word.partition("...")
    if not all(c.isalpha() and c.isascii() for c in head + tail):
        raise ValueError(f"einsum: {subscripts!r} may contain letters, ',', '...' and '->' only.")
    free = ndim - len(head) - len(tail)
    if free < 0 or (free > 0 and not dots):
        raise ValueError(f"einsum: {word!r} in {subscripts!r} does not fit an operand with {ndim} axes.")
    return [*head, *range(-free, 0), *tail]


def _sizes(subscripts: str, arrays: list[Any], inputs: list[Labels]) -> dict[Any, int]:
    sizes: dict[Any, int] = {}
    for x, labels in zip(arrays, inputs, strict=True):
        for label, n in zip(labels, x.shape, strict=True):
            if sizes.setdefault(label, n) == 1:
                sizes[label] = n
            elif n not in (1, sizes[label]):
                raise ValueError(
                    f"einsum: axes {label!r} of {subscripts!r} have sizes {sizes[label]} and {n}."
                )
    return sizes


def _diagonals(x: Any, labels: Labels) -> tuple[Any, Labels]:
    """Where a label occurs twice, the diagonal of the two axes."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            from schuss.ops.indexing import diagonal

            first = labels.index(label)
            second = labels.index(label, first + 1)
            x = diagonal(x, axis1=first, axis2=second)  # comes last
            labels = [n for a, n in enumerate(labels) if a not in (first, second)] + [label]
    return x, labels


def _without_ones(x: Any, labels: Labels, sizes: dict[Any, int]) -> tuple[Any, Labels]:
    """Axes of size 1 that broadcast against larger ones are left out."""
    kept = [a for a, label in enumerate(labels) if not (x.shape[a] == 1 and sizes[label] != 1)]
    return reshaped(x, [x.shape[a] for a in kept]), [labels[a] for a in kept]


def _summed(x: Any, labels: Labels, needed: set[Any]) -> tuple[Any, Labels]:
    """Axes that nobody needs are summed over."""
    axes = tuple(a for a, label in enumerate(labels) if label not in needed)
    if not axes:
        return x, labels
    x = (
        convert(p.reduce_max_p.bind(x, axes=axes), "bool")
        if x.dtype.kind == "b"
        else p.reduce_sum_p.bind(x, axes=axes)
    )
    return x, [label for label in labels if label in needed]


def _product(one: tuple[Any, Labels], other: tuple[Any, Labels], later: set[Any]) -> tuple[Any, Labels]:
    """The product of two terms, summed over the labels that neither the result nor a later term has."""
    x, x_labels = _summed(*one, needed=later | set(other[1]))
    y, y_labels = _summed(*other, needed=later | set(x_labels))
    shared = [label for label in x_labels if label in y_labels]
    batch = [label for label in shared if label in later]
    contract = [label for label in shared if label not in later]
    places = [
        [labels.index(n) for n in group] for group in (contract, batch) for labels in (x_labels, y_labels)
    ]
    result = contracted(x, y, (places[0], places[1]), (places[2], places[3]))
    free = [n for n in x_labels if n not in shared] + [n for n in y_labels if n not in shared]
    return result, batch + free
