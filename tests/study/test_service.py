"""The service over real HTTP: what it shows, what it takes, what it refuses."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from sequence_tutor.study.analysis import analyse
from sequence_tutor.study.folder import load_study
from sequence_tutor.study.requests import Signer
from sequence_tutor.study.store import Store

from .conftest import MODELS, Browser, Clock, serving


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(study_folder: Path, clock: Clock) -> Iterator[tuple[str, Store]]:
    with serving(study_folder, load_study(study_folder), clock) as (address, store):
        yield address, store


@pytest.fixture
def browser(served: tuple[str, Store], clock: Clock) -> Iterator[Browser]:
    one = Browser(served[0], clock)
    yield one
    one.client.close()


def saved(store: Store) -> list[tuple[object, ...]]:
    """Everything the database holds of listeners."""
    tables = ("listeners", "plays", "answers")
    return [row for name in tables for row in store._db.execute(f"SELECT * FROM {name}").fetchall()]


def test_a_whole_study(browser: Browser, served: tuple[str, Store]) -> None:
    assert browser.state() == {"stage": "consent"}
    state = browser.join()
    assert (state["stage"], state["number"], state["of"]) == ("listen", 1, 5)
    for _ in range(5):
        state = browser.answer("right", 4)
    assert state["stage"] == "done"
    (listener,) = served[1].listeners()
    assert {(one.choice, one.preference) for one in listener.answers} == {("right", 4)}


def test_models_are_never_named(browser: Browser) -> None:
    pages = ["/", "/page.css", "/page.js", "/served.js", "/api/state"]
    browser.join()
    seen = [browser.get(path) for path in pages]
    for _ in range(5):
        state = browser.state()
        seen += [browser.get(str(state[side])) for side in ("left", "right")]
        seen += [browser.hear("left"), browser.hear("right")]
        seen.append(browser.post("choice", ticket=browser.state()["ticket"], choice="left"))
        seen.append(browser.post("preference", ticket=browser.state()["ticket"], preference=1))
    assert {reply.status_code for reply in seen} == {200}
    for reply in seen:
        for told in (reply.content, str(reply.headers).encode()):
            assert not any(model.encode() in told for model in (*MODELS, "broken", "identical"))


def test_every_reply_is_strict_about_what_a_page_may_do(browser: Browser) -> None:
    browser.join()
    for path in ("/", "/page.js", "/api/state", "/nowhere", str(browser.state()["left"])):
        headers = browser.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers


def test_the_only_cookie_is_the_sessions_and_is_signed(browser: Browser) -> None:
    cookie = browser.post("join", consent=True).headers.get_list("set-cookie")
    assert len(cookie) == 1
    assert {"httponly", "samesite=strict"} <= set(cookie[0].lower().split("; "))
    assert "max-age" not in cookie[0].lower()
    listener = cookie[0].partition("=")[2].partition(";")[0]
    browser.get("/")
    assert list(browser.client.cookies) == ["listener"]
    foreign = Signer(b"another secret").session(0)
    for forged in (foreign, listener[:-1] + "z", f"1{listener[1:]}", "0", "0.", "", "\x80", "½.x"):
        browser.client.cookies.clear()
        browser.client.headers["cookie"] = f"listener={forged}"
        assert browser.state() == {"stage": "consent"}
        assert browser.post("choice", ticket="x", choice="left").status_code == 403
    browser.client.headers["cookie"] = f"listener={listener}"
    assert browser.state()["stage"] == "listen"


def test_answers_that_are_replayed_forged_foreign_or_out_of_range(
    browser: Browser, served: tuple[str, Store], clock: Clock
) -> None:
    address, store = served
    other = Browser(address, clock)
    other.join()
    browser.join()
    first = browser.state()["ticket"]
    browser.hear("left")
    browser.hear("right")
    foreign = other.state()["ticket"]
    before = saved(store)
    attempts: list[tuple[int, str, dict[str, object]]] = [
        (403, "choice", {"ticket": foreign, "choice": "left"}),
        (403, "choice", {"ticket": "0" * 64, "choice": "left"}),
        (403, "choice", {"ticket": "é", "choice": "left"}),
        (403, "preference", {"ticket": foreign, "preference": 3}),
        (409, "preference", {"ticket": first, "preference": 3}),
        (422, "choice", {"ticket": first, "choice": "both"}),
        (422, "choice", {"ticket": first, "choice": None}),
        (422, "choice", {"ticket": first}),
        (422, "choice", {"ticket": first, "choice": "left", "listener": 0}),
        (422, "play", {"ticket": first, "side": "left", "event": "middle"}),
        (422, "join", {"consent": False}),
        (422, "join", {}),
        (413, "choice", {"ticket": "x" * 2000, "choice": "left"}),
    ]
    for status, action, message in attempts:
        assert browser.post(action, **message).status_code == status, message
    assert saved(store) == before
    assert browser.post("choice", ticket=first, choice="left").status_code == 200
    second = browser.state()["ticket"]
    before = saved(store)
    for points in (0, 6, -1, 2.5, "3", True, None, 10**30):
        assert browser.post("preference", ticket=second, preference=points).status_code == 422
    assert browser.post("choice", ticket=first, choice="right").status_code == 409
    assert browser.post("choice", ticket=second, choice="right").status_code == 409
    assert saved(store) == before
    assert browser.post("preference", ticket=second, preference=5).status_code == 200
    before = saved(store)
    for ticket in (first, second):
        assert browser.post("preference", ticket=ticket, preference=1).status_code == 409
    assert saved(store) == before
    other.client.close()


def test_both_clips_must_have_been_heard_to_the_end(browser: Browser) -> None:
    ticket = browser.join()["ticket"]
    ended = {"ticket": ticket, "side": "left", "event": "end"}
    assert browser.post("play", **ended).status_code == 409  # it was never started
    assert browser.hear("left", 0.1).status_code == 409  # too soon
    assert browser.post("choice", ticket=ticket, choice="left").status_code == 409
    assert browser.hear("left", 0.3).json()["played"] == ["left"]
    assert browser.post("choice", ticket=ticket, choice="left").status_code == 409
    assert browser.hear("right").json()["played"] == ["left", "right"]
    assert browser.post("choice", ticket=ticket, choice="left").json()["stage"] == "preference"


def test_clips_are_for_whom_they_are_due(browser: Browser, study_folder: Path) -> None:
    state = browser.join()
    due = {str(state["left"]), str(state["right"])}
    for name in load_study(study_folder).clips:
        path = f"/clips/{name}.wav"
        assert browser.get(path).status_code == (200 if path in due else 404)
    for path in ("/clips/../study.json", "/clips/%2e%2e%2fstudy.wav", "/study.json"):
        assert browser.get(path).status_code == 404
    part = browser.get(due.pop(), range="bytes=0-3")
    assert (part.status_code, part.content) == (206, b"RIFF")
    browser.client.cookies.clear()
    assert browser.get(due.pop()).status_code == 403


def test_a_code_goes_on_elsewhere(
    browser: Browser, served: tuple[str, Store], clock: Clock
) -> None:
    code = str(browser.join()["code"])
    browser.answer()
    elsewhere = Browser(served[0], clock)
    assert elsewhere.post("join", consent=True, code="NOSUCHCODE").status_code == 404
    assert elsewhere.state() == {"stage": "consent"}
    assert elsewhere.join(code.lower())["number"] == 2
    elsewhere.client.close()


def test_another_site_cannot_answer(browser: Browser, served: tuple[str, Store]) -> None:
    post = browser.client.post
    body = {"consent": True}
    for foreign in ("http://evil", "null", "", "http://[::1", f"{served[0]}.evil"):
        assert post("/api/join", json=body, headers={"origin": foreign}).status_code == 403
    assert post("/api/join", data={"consent": "true"}).status_code == 415
    assert saved(served[1]) == []
    assert post("/api/join", json=body, headers={"origin": served[0]}).status_code == 200
    assert browser.get("/api/join").status_code == 405


def test_too_many_requests_are_refused_for_a_while(browser: Browser, clock: Clock) -> None:
    browser.join()
    assert {browser.get("/api/state").status_code for _ in range(60)} == {200}
    refused = browser.get("/api/state")
    assert (refused.status_code, refused.json()["error"][:17]) == (429, "too many requests")
    clock.now += 1
    assert browser.get("/api/state").status_code == 200


def test_results_are_behind_the_token(browser: Browser, served: tuple[str, Store]) -> None:
    token = served[1].token
    for wrong in ("/results", "/results?token=", f"/results?token={token}x"):
        refused = browser.get(wrong)
        assert refused.status_code == 403
        assert MODELS[0] not in refused.text
    assert browser.get(f"/results?token={token}").json() == {"models": list(MODELS)}
    assert browser.get("/results", authorization=f"Bearer {token}").status_code == 200


def test_results_before_there_is_an_answer_are_a_sentence(study_folder: Path, clock: Clock) -> None:
    study = load_study(study_folder)

    def results() -> dict[str, object]:
        return analyse(study, store.listeners(), permutations=9).to_json()

    with serving(study_folder, study, clock, results) as (address, store):
        one = Browser(address, clock)
        none = one.get("/results", authorization=f"Bearer {store.token}")
        assert (none.status_code, none.json()["error"][:19]) == (409, "no answers that cou")
        one.join()
        one.answer()
        first = one.get("/results", authorization=f"Bearer {store.token}")
        assert (first.status_code, first.json()["ratings"]) == (200, 1)
        one.client.close()


def test_a_clip_that_vanished_is_told(browser: Browser, study_folder: Path) -> None:
    state = browser.join()
    shutil.rmtree(study_folder / "clips")
    refused = browser.get(str(state["left"]))
    assert (refused.status_code, refused.json()["error"]) == (
        503,
        "this melody is not there just now",
    )


def test_a_full_disk_is_told_and_costs_nothing(browser: Browser, served: tuple[str, Store]) -> None:
    store = served[1]
    browser.join()
    browser.answer()
    browser.hear("left")
    browser.hear("right")
    ticket, before = browser.state()["ticket"], saved(store)
    store._db.execute("PRAGMA query_only = ON")  # every write fails, as on a full disk
    with pytest.raises(sqlite3.OperationalError):
        store.join()
    refused = browser.post("choice", ticket=ticket, choice="left")
    assert refused.status_code == 507
    assert "nothing before it is lost" in refused.json()["error"]
    assert saved(store) == before
    store._db.execute("PRAGMA query_only = OFF")
    assert browser.post("choice", ticket=ticket, choice="left").status_code == 200
