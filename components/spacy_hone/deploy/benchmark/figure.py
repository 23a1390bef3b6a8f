"""Figures: drawn without a display, in fonts that have the characters of what is written in them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...errors import Errors, HoneError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
DEFAULT = "DejaVu Sans"  # comes with matplotlib
COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#000000",
    "#F0E442",
)  # Okabe, Ito
WIDE = 20.0  # times: values that lie further apart are drawn on a logarithmic axis


def check_plot(path: Path) -> None:
    """Find out before the long work whether a plot can be made. Raises H751 for its suffix, H752 without matplotlib."""
    if path.suffix.lower() not in SUFFIXES:
        raise HoneError(Errors.H751.format(path=path, suffixes=", ".join(SUFFIXES)))
    if find_spec("matplotlib") is None:
        raise HoneError(Errors.H752)


@contextmanager
def make_figure(
    panels: int, families: Sequence[str] = (DEFAULT,), height: float = 4.6
) -> Iterator[tuple["Figure", list[Any]]]:
    """A figure and its axes, side by side. Draw and render it inside the context: its style ends with it.

    families: of `find_families`. height: inches.
    """
    from cycler import cycler
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    style: Any = {
        "font.family": list(families),
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": cycler(color=COLOURS),
    }
    with rc_context(style):
        figure = Figure(figsize=(4.6 * panels, height), layout="constrained")
        yield figure, list(figure.subplots(1, panels, squeeze=False)[0])


def find_families(text: str) -> list[str] | None:
    """The default family, and an installed one with the characters that it lacks; None where there is no such."""
    from matplotlib.font_manager import findfont, fontManager, get_font

    def lacking(path: str) -> set[str]:
        known = get_font(path).get_charmap()
        return {char for char in text if char.isprintable() and ord(char) not in known}

    missing = lacking(findfont(DEFAULT))
    if not missing:
        return [DEFAULT]
    regular = (font for font in fontManager.ttflist if font.style == "normal" and font.weight == 400)
    other = next((font.name for font in regular if not missing & lacking(font.fname)), None)
    return [DEFAULT, other] if other else None


def plain(text: str) -> str:
    """The text with its dollars kept: matplotlib would read formulas between them."""
    return text.replace("$", r"\$")


def fit_axis(ax: Any, which: Literal["x", "y"], values: Sequence[float]) -> None:
    """Make an axis logarithmic if its values lie far apart, and write its numbers as people do."""
    from matplotlib.ticker import NullFormatter

    positive = [value for value in values if value > 0]
    axis = {"x": ax.xaxis, "y": ax.yaxis}[which]
    if positive and max(positive) / min(positive) > WIDE:
        {"x": ax.set_xscale, "y": ax.set_yscale}[which]("log")
        axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(lambda value, _: f"{value:,.10g}")


def render(figure: "Figure", path: Path) -> bytes:
    """The figure in the format that the path's suffix names."""
    buffer = BytesIO()
    figure.savefig(buffer, format=path.suffix[1:].lower(), dpi=150)
    return buffer.getvalue()


def write_image(path: Path, image: bytes) -> None:
    """Write a file, there whole or not at all, making its directory. Raises H607."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(image)
        temporary.replace(path)
    except OSError as error:
        raise HoneError(Errors.H607.format(path=path, error=error)) from error
    finally:
        temporary.unlink(missing_ok=True)
