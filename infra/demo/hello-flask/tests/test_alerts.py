"""The alert rules, judged by Prometheus' own tool: each fires in its fixture and is silent when all is well."""

import shutil
import subprocess
from pathlib import Path

import pytest

ALERTS = Path(__file__).resolve().parents[1] / "infra" / "alerts"

pytestmark = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is missing: install Debian's prometheus")


def promtool(*arguments):
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rules", sorted(ALERTS.glob("*.rules.yml")), ids=lambda path: path.name.split(".")[0])
def test_rules_are_well_formed(rules):
    promtool("check", "rules", "--lint-fatal", rules)


def test_rules_fire_and_stay_silent_as_they_should():
    promtool("test", "rules", ALERTS / "tests.yml")
