"""A table is one data frame with a way to show it: Markdown, LaTeX (booktabs), CSV and HTML say the same.

The CSV holds the frame itself, ten digits a number, one number a column. The other three hold what a person reads: a share in
percent with its interval, a p value, a word. Halves are rounded by one rule (:mod:`acdc.numbers.digits`). All text is escaped for the format
it goes to.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from acdc.files import write_text
from acdc.numbers.digits import significant
from reproductions.text.numbers import MINUS
from reproductions.text.templates import render

Row = dict[str, Any]
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    MINUS: r"$-$",
    "–": "--",
    "×": r"$\times$",
    "≤": r"$\le$",
}


@dataclass(frozen=True)
class Column:
    """A column as a person sees it.

    Attributes:
        title: Heading.
        show: From a row of the frame to the text of the cell.
        align: Numbers to the right, words to the left.
        kind: Class of the cells in HTML.
    """

    title: str
    show: Callable[[Row], str]
    align: Literal["left", "right"] = "right"
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """One table in four formats.

    Attributes:
        name: Stem of its files.
        caption: One or two sentences: what it shows, n, how intervals were made.
        frame: The numbers.
        columns: What a person sees of them.
        notes: Lines below the table.
        group: Column of the frame by which rows are grouped; a group's name is a row of its own.
        emphasis: Column of the frame that is true for rows to be set off.
    """

    name: str
    caption: str
    frame: pd.DataFrame
    columns: Sequence[Column]
    notes: Sequence[str] = ()
    group: str | None = None
    emphasis: str | None = None

    def rows(self) -> list[Row]:
        """Rows of the frame as mappings."""
        return [
            dict(zip(self.frame.columns, values, strict=True))
            for values in self.frame.itertuples(index=False)
        ]

    def cells(self) -> list[list[str]]:
        """What a person reads, row by row."""
        return [[column.show(row) for column in self.columns] for row in self.rows()]

    def markdown(self) -> str:
        """A GitHub table with caption and notes."""
        heads = [_markdown(column.title) for column in self.columns]
        lines = [f"**{_markdown(self.caption)}**", "", _pipe(heads)]
        lines.append(_pipe(["---:" if column.align == "right" else ":---" for column in self.columns]))
        for group, row, cells in self._grouped():
            if group is not None:
                lines.append(_pipe([f"*{_markdown(group)}*", *([""] * (len(heads) - 1))]))
            shown = [_markdown(cell) for cell in cells]
            lines.append(_pipe([f"**{shown[0]}**", *shown[1:]] if self._set_off(row) else shown))
        lines += ["", *(f"{_markdown(note)}  " for note in self.notes)]
        return "\n".join(lines).rstrip() + "\n"

    def latex(self) -> str:
        """A `table` environment that needs the package booktabs."""
        alignment = "".join("r" if column.align == "right" else "l" for column in self.columns)
        lines = [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_latex(self.caption)}}}",
            rf"\label{{tab:{self.name}}}",
        ]
        lines += [
            rf"\begin{{tabular}}{{{alignment}}}",
            r"\toprule",
            _row([_latex(column.title) for column in self.columns]),
        ]
        lines.append(r"\midrule")
        for group, row, cells in self._grouped():
            if group is not None:
                if lines[-1] != r"\midrule":
                    lines.append(r"\addlinespace")
                lines.append(rf"\multicolumn{{{len(self.columns)}}}{{l}}{{\emph{{{_latex(group)}}}}} \\")
            shown = [_latex(cell) for cell in cells]
            lines.append(_row([rf"\textbf{{{shown[0]}}}", *shown[1:]] if self._set_off(row) else shown))
        lines += [r"\bottomrule", r"\end{tabular}"]
        lines += [rf"\par\footnotesize {_latex(note)}" for note in self.notes]
        return "\n".join([*lines, r"\end{table}"]) + "\n"

    def csv(self) -> str:
        """The frame, ten digits a number; an empty cell is a number that does not exist."""
        text: str = self.frame.to_csv(index=False, lineterminator="\n", float_format=_ten_digits)
        return text

    def html(self) -> str:
        """A `figure` with a `table` in a box that scrolls by itself."""
        rows = [
            (group, self._set_off(row), list(zip(self.columns, cells, strict=True)))
            for group, row, cells in self._grouped()
        ]
        return render("table.html", table=self, rows=rows)

    def write(self, directory: Path) -> list[Path]:
        """Write all but the HTML into ``directory``, each file at once or not at all."""
        texts = {"csv": self.csv(), "md": self.markdown(), "tex": self.latex()}
        paths = [directory / f"{self.name}.{suffix}" for suffix in texts]
        for path, text in zip(paths, texts.values(), strict=True):
            write_text(path, text)
        return paths

    def _grouped(self) -> list[tuple[str | None, Row, list[str]]]:
        """(name of the group that begins here, row, cells)."""
        found: list[tuple[str | None, Row, list[str]]] = []
        last: str | None = None
        for row, cells in zip(self.rows(), self.cells(), strict=True):
            group = str(row[self.group]) if self.group is not None else None
            found.append((group if group != last else None, row, cells))
            last = group
        return found

    def _set_off(self, row: Row) -> bool:
        return self.emphasis is not None and bool(row[self.emphasis])


def _ten_digits(value: object) -> str:
    assert isinstance(value, float)
    return significant(value, 10)


def _pipe(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(cells: Sequence[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _markdown(text: str) -> str:
    escaped = re.sub(r"([\\`*_<>|])", r"\\\1", text).replace("](", r"]\(")
    return " ".join(escaped.split())


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)
