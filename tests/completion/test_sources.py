"""The sources file: every mistake is named with file and field, and no secret is quoted."""

import base64
from pathlib import Path

import pytest

from completion.domain import Target
from completion.sources import SourcesError, load_sources, target_of

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
GOOD = f"""
[sources.campus-lms]
secrets = ["{SECRET}"]
[sources.campus-lms.courses]
psh23-b = {{ cycle = "2023-24", option = "B" }}
[sources.other-lms]
secrets = ["{SECRET}"]
courses = {{}}
"""


def problems(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(SourcesError) as refused:
        load_sources(path)
    return refused.value.problems


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sources.toml"


def test_a_source_has_its_keys_and_what_its_courses_count_for(path: Path) -> None:
    path.write_text(GOOD)
    source = load_sources(path)["campus-lms"]
    assert source.secrets == (KEY,)
    assert source.courses == {"psh23-b": Target("2023-24", "B")}


def test_a_course_counts_only_for_the_source_that_lists_it(path: Path) -> None:
    path.write_text(GOOD)
    sources = load_sources(path)
    assert target_of(sources, "campus-lms", "psh23-b") == Target("2023-24", "B")
    assert target_of(sources, "other-lms", "psh23-b") is None
    assert target_of(sources, "nobody", "psh23-b") is None


def test_a_secret_file_is_found_beside_the_sources_file_and_may_hold_several(path: Path) -> None:
    other = "whsec_" + base64.b64encode(KEY[::-1]).decode()
    (path.parent / "lms.secret").write_text(f"{SECRET}\n{other}\n")
    path.write_text('[sources.lms]\nsecrets = ["file:lms.secret"]\ncourses = {}\n')
    assert load_sources(path)["lms"].secrets == (KEY, KEY[::-1])


def test_a_source_does_not_show_its_secrets(path: Path) -> None:
    path.write_text(GOOD)
    assert "secrets" not in repr(load_sources(path)["campus-lms"])


def test_every_mistake_is_reported_at_once_with_its_field(path: Path) -> None:
    found = problems(
        path,
        f"""
        colour = "blue"
        [sources.Campus]
        secrets = ["{SECRET}", 3, "hunter2", "file:nowhere"]
        [sources.Campus.courses]
        one = "B"
        two = {{ cycle = "2023-24", opton = "B" }}
        [sources.other]
        secrets = []
        """,
    )
    assert [line.removeprefix(f"{path}: ").split(":")[0] for line in found] == [
        "colour",
        "sources.Campus",
        "sources.Campus.secrets[1]",
        "sources.Campus.secrets[2]",
        "sources.Campus.secrets[3]",
        "sources.Campus.courses.one",
        "sources.Campus.courses.one.cycle",
        "sources.Campus.courses.one.option",
        "sources.Campus.courses.two.opton",
        "sources.Campus.courses.two.option",
        "sources.other.secrets",
        "sources.other.courses",
    ]
    assert "hunter2" not in "".join(found)


def test_a_syntax_error_is_named_with_its_line(path: Path) -> None:
    (problem,) = problems(path, "[sources.lms]\nsecrets = = 3\n")
    assert str(path) in problem
    assert "line" in problem


@pytest.mark.parametrize("secret", ["whsec_c2hvcnQ=", "whsec_!!!", base64.b64encode(KEY).decode()])
def test_a_secret_that_is_short_or_malformed_is_refused(path: Path, secret: str) -> None:
    (problem,) = problems(path, f'[sources.lms]\nsecrets = ["{secret}"]\ncourses = {{}}\n')
    assert "sources.lms.secrets[0]" in problem
    assert secret not in problem


@pytest.mark.parametrize("text", ["", "[sources]\n", "sources = 3\n"])
def test_a_file_without_sources_is_refused(path: Path, text: str) -> None:
    assert "must name at least one source" in problems(path, text)[-1]


def test_a_file_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(SourcesError, match="cannot be read"):
        load_sources(path)


def test_a_file_that_is_not_utf8_is_named(path: Path) -> None:
    path.write_bytes(b"\xff\xff")
    with pytest.raises(SourcesError, match="is not UTF-8"):
        load_sources(path)


@pytest.mark.parametrize("name", [".", "nowhere", "with\\u0000nul", "latin-1"])
def test_a_secret_file_that_cannot_be_read_is_named(path: Path, name: str) -> None:
    (path.parent / "latin-1").write_bytes(b"\xe9")
    (problem,) = problems(path, f'[sources.lms]\nsecrets = ["file:{name}"]\ncourses = {{}}\n')
    assert "sources.lms.secrets[0]" in problem
    assert "cannot be read" in problem


def test_an_empty_secret_file_is_named(path: Path) -> None:
    (path.parent / "empty").write_text("\n")
    (problem,) = problems(path, '[sources.lms]\nsecrets = ["file:empty"]\ncourses = {}\n')
    assert "is empty" in problem
