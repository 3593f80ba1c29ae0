"""Text and data, made safe to stand in a page."""

from __future__ import annotations

import html
import json
import math
from typing import Any

import numpy as np


def escape(text: Any) -> str:
    """`text` such that a page shows it as it is, in an element or in a quoted attribute.

    Characters that no page may hold (controls but for tabs and line ends, halves of surrogate pairs) are
    shown as `�`.

    Example:
        >>> from schuss.insight._html import escape
        >>> escape('<b title="x">')
        '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape("".join(c if _printable(c) else "\N{REPLACEMENT CHARACTER}" for c in str(text)))


def _printable(character: str) -> bool:
    code = ord(character)
    return character in "\t\n\r" or not (code < 32 or 127 <= code < 160 or 0xD800 <= code < 0xE000)


def script_json(value: Any) -> str:
    """`value` as JSON that may stand within a ``<script>``: nothing in it ends the element or opens a comment.

    Arrays become lists, numbers are rounded to six digits, and those that are not finite become null.

    Example:
        >>> import numpy as np
        >>> from schuss.insight._html import script_json
        >>> script_json({"name": "</script>", "y": np.array([1.0, np.nan])})
        '{"name":"\\\\u003c/script\\\\u003e","y":[1.0,null]}'
    """
    text = json.dumps(_plain(value), separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, (float, np.floating)):
        return float(f"{float(value):.6g}") if math.isfinite(value) else None
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, range)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return str(value)
