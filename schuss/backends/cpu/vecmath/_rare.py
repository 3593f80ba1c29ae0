"""Code for arguments that hardly ever come: functions beside the main path, called if any lane needs them."""

from __future__ import annotations

from collections.abc import Callable

import llvmlite.ir as ir

from schuss.backends.cpu.vecmath._build import Number, where

_I1, _I32, DOUBLE = ir.IntType(1), ir.IntType(32), ir.DoubleType()
Scalar = Callable[[ir.IRBuilder, list[ir.Value]], list[ir.Value]]


def replace_where(
    rare: Number, name: str, scalar: Scalar, arguments: list[Number], usual: list[Number]
) -> list[Number]:
    """`usual`, but what `scalar` gives where `rare` holds.

    `scalar` emits, for doubles in, the body of a function that is put into the module once. Single precision
    goes through doubles; integer results are as wide as the floats. The function is called for the other
    lanes too.
    """
    b = rare.builder
    before = b.block
    with b.if_then(_any(rare), likely=False):
        function = _lanewise(b.module, name, scalar, arguments, usual)
        call = b.call(function, [a.value for a in arguments])
        inside = b.block
    results = []
    for i, value in enumerate(usual):
        with b.goto_block(inside):
            replaced = where(rare, Number(b, b.extract_value(call, i)), value)
        phi = b.phi(value.value.type)
        phi.add_incoming(value.value, before)
        phi.add_incoming(replaced.value, inside)
        results.append(Number(b, phi))
    return results


def _any(condition: Number) -> ir.Value:
    if condition.lanes is None:
        return condition.value
    name = f"llvm.vector.reduce.or.v{condition.lanes}i1"
    module = condition.builder.module
    reduce = module.globals.get(name) or ir.Function(
        module, ir.FunctionType(_I1, [condition.value.type]), name
    )
    return condition.builder.call(reduce, [condition.value])


def _lanewise(
    module: ir.Module, name: str, scalar: Scalar, arguments: list[Number], results: list[Number]
) -> ir.Function:
    """The scalar function applied to every lane of values like these."""
    lanes, element = arguments[0].lanes, arguments[0].element
    full = f"vecmath.{name}.{'f32' if arguments[0].is_single else 'f64'}x{lanes or 1}"
    if full in module.globals:
        return module.globals[full]
    types = [r.value.type for r in results]
    function = _private(module, full, ir.LiteralStructType(types), [a.value.type for a in arguments])
    inner = _scalar_function(module, name, scalar, len(arguments), results)
    b = ir.IRBuilder(function.append_basic_block("entry"))
    gathered: list[ir.Value] = [ir.Constant(t, ir.Undefined) for t in types]
    for lane in range(lanes or 1):
        place = ir.Constant(_I32, lane)
        inputs = [a if lanes is None else b.extract_element(a, place) for a in function.args]
        if element != DOUBLE:
            inputs = [b.fpext(i, DOUBLE) for i in inputs]
        call = b.call(inner, inputs)
        for i, result in enumerate(results):
            value = b.extract_value(call, i)
            if value.type != result.element:
                narrow = b.fptrunc if result.is_float else b.trunc
                value = narrow(value, result.element)
            gathered[i] = value if lanes is None else b.insert_element(gathered[i], value, place)
    packed: ir.Value = ir.Constant(function.function_type.return_type, ir.Undefined)
    for i, value in enumerate(gathered):
        packed = b.insert_value(packed, value, i)
    b.ret(packed)
    return function


def _scalar_function(
    module: ir.Module, name: str, scalar: Scalar, arity: int, results: list[Number]
) -> ir.Function:
    full = f"vecmath.{name}"
    if full in module.globals:
        return module.globals[full]
    types = [DOUBLE if r.is_float else ir.IntType(64) for r in results]
    function = _private(module, full, ir.LiteralStructType(types), [DOUBLE] * arity)
    b = ir.IRBuilder(function.append_basic_block("entry"))
    packed: ir.Value = ir.Constant(function.function_type.return_type, ir.Undefined)
    for i, value in enumerate(scalar(b, list(function.args))):
        packed = b.insert_value(packed, value, i)
    b.ret(packed)
    return function


def _private(module: ir.Module, name: str, result: ir.Type, arguments: list[ir.Type]) -> ir.Function:
    function = ir.Function(module, ir.FunctionType(result, arguments), name)
    function.linkage = "internal"
    for attribute in ("cold", "noinline", "nounwind"):
        function.attributes.add(attribute)
    return function
