"""``tf.config``: one processor and no GPU."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = [
    "functions_run_eagerly", "get_visible_devices", "list_logical_devices", "list_physical_devices",
    "run_functions_eagerly", "set_soft_device_placement", "set_visible_devices",
]  # fmt: skip


class PhysicalDevice(NamedTuple):
    """A device by name and kind."""

    name: str
    device_type: str


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The processor, where all devices or CPUs are asked for; there are no others."""
    return [PhysicalDevice("/physical_device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


list_logical_devices = get_visible_devices = list_physical_devices


def set_visible_devices(devices: Any, device_type: Any = None) -> None:
    """Nothing to choose from."""


def set_soft_device_placement(enabled: bool) -> None:
    """Nothing to place."""


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Functions that ``tf.function`` decorates always run as they stand."""


def functions_run_eagerly() -> bool:
    return True


def set_threads(num_threads: int) -> None:
    """``tf.config.threading.set_intra_op_parallelism_threads``: how many threads training uses; 0: all cores."""
    if num_threads:
        os.environ["SCHUSS_NUM_THREADS"] = str(int(num_threads))
    else:
        os.environ.pop("SCHUSS_NUM_THREADS", None)


def ignore(*args: Any, **kwargs: Any) -> None:
    """For settings that change nothing in the result."""


SUBMODULES: dict[str, Callable[..., Any]] = {
    "experimental.list_physical_devices": list_physical_devices,
    "experimental.set_memory_growth": ignore,
    "optimizer.set_jit": ignore,
    "threading.set_inter_op_parallelism_threads": ignore,
    "threading.set_intra_op_parallelism_threads": set_threads,
}
