"""What the emulator received, counted by shape: the document that a plan is held against."""

from typing import Any

import httpx2
from tests.emulator.conftest import TRACK

from ferryman.emulator import Emulator
from ferryman.plan.observing import Observed

EVENT = {
    "type": "person", "action": "event", "identifiers": {"id": "1"}, "name": "paid",
    "attributes": {"method": "card", "total": 12.5, "to": "ann@example.com"},
}  # fmt: skip
PERSON = {
    "type": "person", "action": "identify", "identifiers": {"id": "1"},
    "attributes": {"plan": "pro", "_update": True},
}  # fmt: skip


def observed(control: httpx2.Client, query: str = "") -> Any:
    """What the emulator counted."""
    return control.get(f"/emulator/observed{query}").raise_for_status().json()


def test_each_api_is_counted(
    track: httpx2.Client, pipelines: httpx2.Client, control: httpx2.Client
) -> None:
    """Events and attributes count however they are said; repeats and what is refused do not."""
    track.post("/api/v2/entity", json={**EVENT, "id": "e1"})
    track.post("/api/v2/batch", json={"batch": [{**EVENT, "id": "e1"}, EVENT, {"type": "x"}]})
    track.post("/api/v2/batch", json={"batch": [PERSON]})
    track.post("/api/v1/events", json={"name": "paid", "anonymous_id": "a", "data": {}})
    track.post("/api/v1/customers/1/events", json={"name": "/", "type": "page"})
    pipelines.post("/v1/track", json={"userId": "1", "event": "Left", "properties": {"a": 1}})

    found = observed(control)

    assert {name: each["count"] for name, each in found["events"].items()} == {"paid": 3, "Left": 1}
    assert found["events"]["paid"]["fields"]["total"] == {"present": 2, "types": {"number": 2}}
    assert list(found["person"]["fields"]) == ["plan"]


def test_texts_are_shown_only_where_asked_for(track: httpx2.Client, control: httpx2.Client) -> None:
    """Without values=true the document says how many texts differ, and never a personal one."""
    track.post("/api/v2/entity", json=EVENT)

    plain = control.get("/emulator/observed").text
    asked = control.get("/emulator/observed?values=true").text

    assert '"card"' not in plain
    assert '"values":{"card":1}' in asked
    assert "ann@" not in asked
    assert Observed.read(asked.encode()).events["paid"].count == 1


def test_it_is_forgotten_with_the_world(track: httpx2.Client, control: httpx2.Client) -> None:
    """A reset leaves nothing observed."""
    track.post("/api/v2/entity", json=EVENT)
    control.post("/emulator/reset", json={})

    assert observed(control) == {"observed": 1}


def test_it_comes_back_with_the_world(tmp_path: Any) -> None:
    """What a state file brings back was observed as well."""
    data = tmp_path / "state.db"
    with Emulator(data=data) as one, httpx2.Client(base_url=one.url, trust_env=False) as client:
        client.post("/api/v2/entity", json=EVENT, auth=TRACK).raise_for_status()
    with Emulator(data=data) as two, httpx2.Client(base_url=two.url, trust_env=False) as client:
        found = observed(client)

    assert found["events"]["paid"]["count"] == 1
