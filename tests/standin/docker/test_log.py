"""What of buildx's output is shown, and what is kept of a failure."""

from launcher.standin.docker.log import LINES_OF_FAILURE, BuildLog
from tests.standin.docker.messages import failed, output, vertex


def shown(log: BuildLog, *lines: str) -> list[str]:
    return [text for line in lines for text in log.read(line)]


def test_steps_and_what_they_print_are_shown_in_their_order() -> None:
    found = shown(BuildLog(), vertex("[1/2] COPY . /"), output("compiling\ndone\n"), vertex("[2/2] RUN x", cached=True))
    assert found == ["[1/2] COPY . /", "compiling", "done", "[2/2] RUN x (cached)"]


def test_a_step_is_shown_once_though_it_is_reported_often() -> None:
    assert shown(BuildLog(), vertex("[1/1] RUN x"), vertex("[1/1] RUN x")) == ["[1/1] RUN x"]


def test_buildkits_own_errands_are_not_shown() -> None:
    assert shown(BuildLog(), vertex("[internal] load .dockerignore")) == []


def test_the_last_lines_are_kept() -> None:
    log = BuildLog()
    shown(log, *(output(f"line {number}\n") for number in range(100)))
    assert list(log.last) == [f"line {number}" for number in range(100 - LINES_OF_FAILURE, 100)]


def test_the_step_that_failed_is_told_from_those_that_were_cancelled_for_it() -> None:
    log = BuildLog()
    shown(
        log,
        vertex("[a 1/1] RUN slow", error="context canceled: context canceled"),
        vertex("[b 1/1] RUN make", error="executor failed running [/bin/sh -c make]: exit code: 2"),
        failed("failed to solve: executor failed running [/bin/sh -c make]: exit code: 2"),
    )
    assert log.failed is not None
    assert log.failed.name == "[b 1/1] RUN make"


def test_an_error_without_a_step_loses_what_each_layer_put_before_it() -> None:
    log = BuildLog()
    said = (
        "failed to solve: rpc error: code = Unknown desc = failed to solve with frontend dockerfile.v0: "
        "failed to create LLB definition: dockerfile parse error line 2: unknown instruction: COPIE"
    )
    shown(log, "WARNING: something else", failed(said))
    assert log.error == "dockerfile parse error line 2: unknown instruction: COPIE"


def test_output_that_is_no_report_breaks_nothing() -> None:
    log = BuildLog()
    assert shown(log, "", "{not json", output("\n\n"), '{"statuses": []}', "{}") == []
    assert log.error == "{not json"
