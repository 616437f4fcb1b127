"""Progress on a terminal, in a log, and in silence; the clock is moved by hand."""

import io

import pytest

from sequence_tutor.progress import LOG_INTERVAL, counted, progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_log_gets_a_line_every_ten_seconds_and_a_last_one() -> None:
    stream, clock = io.StringIO(), Clock()
    with progress("tuning", 35, stream=stream, clock=clock) as advance:
        for step in range(35):
            clock.now += 1
            advance(1, reward=step / 2, kl=0.25)
        clock.now += 0.5
    assert stream.getvalue().splitlines() == [
        "tuning: 10/35, 1/s, 25 s left, reward 4.5  kl 0.25",
        "tuning: 20/35, 1/s, 15 s left, reward 9.5  kl 0.25",
        "tuning: 30/35, 1/s, 5 s left, reward 14.5  kl 0.25",
        "tuning: 35/35, 0.986/s, 0 s left, reward 17  kl 0.25",
    ]


def test_a_line_that_says_that_all_is_done_is_the_last() -> None:
    stream, clock = io.StringIO(), Clock()
    with progress("sampling", 2, stream=stream, clock=clock) as advance:
        clock.now += LOG_INTERVAL
        advance(2)
        clock.now += 1
    assert stream.getvalue().splitlines() == ["sampling: 2/2, 0.2/s, 0 s left"]


def test_work_shorter_than_the_interval_leaves_no_line() -> None:
    stream, clock = io.StringIO(), Clock()
    with progress("sampling", 2, stream=stream, clock=clock) as advance:
        clock.now += LOG_INTERVAL - 1
        advance(2)
    assert stream.getvalue() == ""


def test_values_from_a_thousand_on_keep_all_their_digits() -> None:
    stream, clock = io.StringIO(), Clock()
    with progress("reading", 100_000, stream=stream, clock=clock) as advance:
        clock.now += 10
        advance(50_000, tunes=1_234_567, share=0.123456)
    assert "5,000/s, 10 s left, tunes 1,234,567  share 0.123" in stream.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_quiet_is_silent_everywhere(stream: io.StringIO) -> None:
    clock = Clock()
    with progress("tuning", 10, quiet=True, stream=stream, clock=clock) as advance:
        clock.now += 100
        advance(10, reward=1)
    assert stream.getvalue() == ""


def test_a_terminal_shows_the_bar_and_the_live_values() -> None:
    stream = Terminal()
    with progress("tuning", 4, stream=stream) as advance:
        for _ in range(4):
            advance(1, reward=3.25, distinct=0.999)
    shown = stream.getvalue()
    assert "tuning" in shown
    assert "4/4" in shown
    assert "reward 3.25" in shown
    assert "distinct 0.999" in shown


def test_the_default_stream_is_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with progress("tuning", 2, clock=clock) as advance:
        clock.now += 10
        advance(1)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("tuning: 1/2, 0.1/s, 10 s left")


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_an_exception_passes_through(stream: io.StringIO) -> None:
    def work() -> None:
        with progress("tuning", 2, stream=stream) as advance:
            advance(1)
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        work()


def test_work_of_unknown_size_is_counted_from_its_first_report(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with counted("reading") as report:
        report(1, 40)
        report(3, 40)
    with counted("nothing"):
        pass
    assert capsys.readouterr().err == ""  # too short for a line


def test_work_of_unknown_size_has_a_rate_and_no_end() -> None:
    stream, clock = io.StringIO(), Clock()
    with progress("scoring", None, stream=stream, clock=clock) as advance:
        clock.now += 10
        advance(500)
    assert set(stream.getvalue().splitlines()) == {"scoring: 500, 50/s"}
    terminal = Terminal()
    with progress("scoring", None, stream=terminal) as advance:
        advance(500)
    assert "500/?" in terminal.getvalue()
