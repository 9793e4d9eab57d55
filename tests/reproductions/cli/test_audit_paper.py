import json
import re

import pytest
import typer
from typer.testing import CliRunner

from acdc.errors import InputError, ToleranceError
from reproductions.cli.audit_paper import register
from reproductions.paper.audit import FOLDER

HEADER = (FOLDER / "claims.csv").read_text().splitlines()[0]
AGREES = "good,K,DeepSeek V1 7B,AC/DC,Control,3,all,table6;table12,0.189,0.044,0.336,0.0045"
DIFFERS = "bad,K,DeepSeek V1 7B,AC/DC,Control,3,all,table6;table12,0.300,0.044,0.336,0.0045"
UNKNOWN = "none,K,Qwen9,AC/DC,Control,3,all,table6;table12,0.300,0.044,0.336,0.0045"


def run(tmp_path, *claims, arguments=()):
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    (tmp_path / "claims.csv").write_text("\n".join([HEADER, *claims]) + "\n")
    out = tmp_path / "out" / "audit.json"
    result = CliRunner().invoke(
        app, ["audit-paper", "--claims", str(tmp_path / "claims.csv"), "--json", str(out), *arguments]
    )
    return result, out


def test_it_prints_verdicts_and_writes_what_they_rest_on(tmp_path):
    result, out = run(tmp_path, AGREES, DIFFERS, UNKNOWN, arguments=["--tables", str(tmp_path / "tables")])
    assert result.exit_code == 0
    assert "1 of 3 claims agree, 1 differ, 1 cannot be checked." in result.output
    assert "mean is 0.1886, printed 0.3" in " ".join(result.output.split())
    claims = json.loads(out.read_text())["claims"]
    assert [claim["agrees"] for claim in claims] == [True, False, None]
    assert set(claims[0]["tests"]) >= {"sign_flip", "paired_t", "family_bootstrap", "holm"}
    names = sorted(path.name for path in (tmp_path / "tables").iterdir())
    assert names == [
        f"paper_{t}.{s}" for t in ("claims", "findings", "sensitivity") for s in ("csv", "md", "tex")
    ]
    assert "cannot be checked: family 'Qwen9'" in (tmp_path / "tables" / "paper_claims.md").read_text()


def test_strict_ends_in_an_error_when_one_differs_but_keeps_the_audit(tmp_path):
    result, out = run(tmp_path, AGREES, DIFFERS, arguments=["--strict"])
    assert isinstance(result.exception, ToleranceError)
    assert "1 claims differ" in str(result.exception)
    assert out.exists()


def test_strict_lets_pass_what_agrees_or_cannot_be_checked(tmp_path):
    result, _ = run(tmp_path, AGREES, UNKNOWN, arguments=["--strict"])
    assert result.exit_code == 0


def test_bad_input_writes_nothing(tmp_path):
    result, out = run(tmp_path, AGREES.replace("0.189", "much"))
    assert isinstance(result.exception, InputError)
    assert not out.exists()


@pytest.mark.parametrize("option", ["--published", "--claims", "--json", "--strict"])
def test_help_names_the_options(tmp_path, option):
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    assert option in CliRunner().invoke(app, ["audit-paper", "--help"]).output


def test_the_rows_show_the_test_that_the_last_line_counts(tmp_path):
    """Of the paper's claims one holds by a calibrated test: so one row has a Holm below 0.05."""
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    out = tmp_path / "audit.json"
    result = CliRunner().invoke(app, ["audit-paper", "--json", str(out)])
    holm = [float(value) for value in re.findall(r", Holm <?(\d\.\d+)", result.output)]
    audit = json.loads(out.read_text())
    assert len(holm) == len(audit["claims"])
    counted = audit["summary"]["below 0.05 calibrated and corrected"]
    assert sum(value < 0.05 for value in holm) == counted == 1
    pooled = " ".join(result.output.split("K.2.1-pooled-Experts-N3")[1].split("\nK.2.1-")[0].split())
    assert "t over families" in pooled


def test_no_p_is_printed_as_zero_and_no_line_is_wider_than_a_terminal(tmp_path):
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    result = CliRunner().invoke(app, ["audit-paper", "--json", str(tmp_path / "audit.json")])
    assert not re.search(r"(p|Holm|families|benchmarks) 0\.0+\b", result.output)
    assert max(map(len, result.output.splitlines()[:-1])) <= 120
