"""The published numbers of the API model, to be shown beside a paper family's own: they were not measured here and say so."""

from pathlib import Path

from acdc.parsing.yaml import read_yaml_file
from reproductions.paper.published import read_published

FOLDER = Path(__file__).parent
_ROW = ("GPT-4o", "Big Model", "coverage_pct")


def published_api_model(family: str, folder: Path = FOLDER) -> dict[str, float]:
    """Coverage of GPT-4o, asked once, in percent by benchmark and as "Average"; empty for families that the paper does not have.

    Args:
        family: Its name here.
        folder: With published.csv and expected.yaml.

    Raises:
        InputError: A file is not what its columns promise.
    """
    families = read_yaml_file(folder / "expected.yaml")["families"]
    if family not in families:
        return {}
    cells = read_published(folder / "published.csv")
    return {cell.benchmark: cell.value for cell in cells if (cell.family, cell.method, cell.metric) == _ROW}
