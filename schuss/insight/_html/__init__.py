"""Pages that stand alone: HTML in which everything is, styles, plots and pictures, and that asks the network for nothing.

In: words, numbers, arrays. Out: HTML as text. Whatever comes from data or from users passes through `escape`, or, within a
plot, through JSON and `textContent`; so no name of a class or of a layer becomes markup.
"""

from schuss.insight._html._escape import escape, script_json
from schuss.insight._html._media import data_uri, image_uri, sound_uri, wave_uri
from schuss.insight._html._page import Section, page
from schuss.insight._html._parts import code, details, figures, number, paragraph, row_of, table
from schuss.insight._html._plots import Series, bar_plot, heat_map, line_plot, plot, scatter_plot

__all__ = [
    "Section",
    "Series",
    "bar_plot",
    "code",
    "data_uri",
    "details",
    "escape",
    "figures",
    "heat_map",
    "image_uri",
    "line_plot",
    "number",
    "page",
    "paragraph",
    "plot",
    "row_of",
    "scatter_plot",
    "script_json",
    "sound_uri",
    "table",
    "wave_uri",
]
