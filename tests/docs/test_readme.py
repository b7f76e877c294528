"""What the README shows is what happens: its Python runs, and its tables say what the code says."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ferryman
from ferryman import settings
from ferryman.emulator import Emulator

ACCOUNT = re.compile(r'Account\(site_id="…", track_api_key="…"(?:, region="eu")?\)')


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A Customer.io of this test's own."""
    with Emulator() as running:
        yield running


@pytest.fixture
def readme(root: Path) -> str:
    """The text of the README."""
    return (root / "README.md").read_text()


def test_its_python_runs(
    readme: str, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each Python block runs as it stands, but for the keys, and says what it shows."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CUSTOMERIO_")]:
        monkeypatch.delenv(name)
    for name, value in emulator.env.items():
        if name.startswith("CUSTOMERIO_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("CUSTOMERIO_OUTBOX", "sqlite:///readme.db")
    account = "Settings.from_env().account()"
    blocks = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    said: dict[str, object] = {"Settings": ferryman.Settings}
    for block in blocks:
        lines = [line for line in block.splitlines() if "/v1/campaigns" not in line]
        exec(ACCOUNT.sub(account, "\n".join(lines)), said)
    ferryman.get_outbox().flush(10)
    settings.reset()
    said["client"].close()  # type: ignore[attr-defined]  # the README's Client

    assert len(blocks) >= 3
    assert said["receipt"].level == "power"  # type: ignore[attr-defined]  # the README's Receipt
    assert said["result"].accepted == 2  # type: ignore[attr-defined]  # the README's BatchResult


def test_it_names_every_setting(readme: str) -> None:
    """No variable is read that the README does not name, and none is named that is not read."""
    named = set(re.findall(r"CUSTOMERIO_[A-Z_]*[A-Z]", readme))

    assert named == set(settings.VARIABLES)
