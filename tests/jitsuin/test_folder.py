"""Which files a batch is about: nothing outside what was named, and every name survives."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from jitsuin.errors import InputError
from jitsuin.folder import Found, find_files, is_many, is_pattern, refused_targets, target_of


def names(*paths: Path, recursive: bool = True, leave_out: tuple[Path, ...] = ()) -> list[str]:
    return [found.name for found in find_files(paths, recursive=recursive, leave_out=leave_out)]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "b/c").mkdir(parents=True)
    for name in ("z.pdf", "a.pdf", "b/2.xml", "b/c/1.xml", "b0.pdf"):
        (folder / name).write_text("x")
    return folder


def test_a_folder_alone_and_with_those_inside(tree: Path) -> None:
    assert names(tree, recursive=False) == ["a.pdf", "b0.pdf", "z.pdf"]
    assert names(tree) == ["a.pdf", "b/2.xml", "b/c/1.xml", "b0.pdf", "z.pdf"]
    assert all(found.source == tree / found.name for found in find_files([tree], recursive=True))


def test_hidden_files_are_none(tree: Path) -> None:
    (tree / ".jitsuin-journal.jsonl").write_text("{}")
    (tree / ".git").mkdir()
    (tree / ".git/x.pdf").write_text("x")
    assert names(tree) == ["a.pdf", "b/2.xml", "b/c/1.xml", "b0.pdf", "z.pdf"]
    assert names(tree / "*") == ["a.pdf", "b0.pdf", "z.pdf"]


def test_links_are_told_and_not_followed(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.pdf").write_text("x")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/x.pdf").write_text("x")
    (tree / "out.pdf").symlink_to(tmp_path / "secret.pdf")
    (tree / "outside").symlink_to(tmp_path / "elsewhere")
    (tree / "inside.pdf").symlink_to(tree / "a.pdf")
    (tree / "loop").symlink_to(tree)
    told = {found.name: found.passed_over for found in find_files([tree], recursive=True)}
    links = {name for name, why in told.items() if why == "symlink"}
    assert links == {"out.pdf", "outside", "inside.pdf", "loop"}
    assert set(told) - links == {"a.pdf", "b/2.xml", "b/c/1.xml", "b0.pdf", "z.pdf"}
    matched = {found.name: found.passed_over for found in find_files([tree / "**/*.pdf"], recursive=True)}
    assert {name for name, why in matched.items() if why is None} == {"a.pdf", "b0.pdf", "z.pdf"}
    assert matched["outside/x.pdf"] == "symlink"


def test_what_is_no_regular_file_is_told(tree: Path) -> None:
    os.mkfifo(tree / "pipe.pdf")
    assert {found.name for found in find_files([tree], recursive=True) if found.passed_over} == {"pipe.pdf"}


def test_a_link_that_a_person_names_is_meant(tree: Path, tmp_path: Path) -> None:
    link, folder = tmp_path / "link.pdf", tmp_path / "folder"
    link.symlink_to(tree / "a.pdf")
    folder.symlink_to(tree)
    assert find_files([link], recursive=False) == [Found("link.pdf", link)]
    assert names(folder, recursive=False) == ["a.pdf", "b0.pdf", "z.pdf"]


NAMES = [
    "with  two spaces.pdf",
    "line\nbreak.pdf",
    "tab\tand \x1b[31mred.pdf",
    unicodedata.normalize("NFD", "が行の申告書.pdf"),
    unicodedata.normalize("NFC", "が行の申告書.pdf"),
    os.fsdecode(b"\xff\xfe shift-jis \x83\x65.pdf"),
    "-o.pdf",
    "[a]*.pdf",
    "x" * 251 + ".pdf",
    "申" * 83 + "xx.pdf",
    "no suffix",
    "two.dots.pdf",
]


def test_every_name_survives(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_text("x")
    found = find_files([tmp_path], recursive=True)
    assert {os.fsencode(one.name) for one in found} == {os.fsencode(name) for name in NAMES}
    targets = [target_of(one.name, tmp_path / "out") for one in found]
    assert len(set(targets)) == len(NAMES)
    assert all(len(os.fsencode(target.name)) <= 255 for target in targets)


def test_outputs_bear_signed_in_their_name_where_it_fits(tmp_path: Path) -> None:
    assert target_of("sub/x.pdf", tmp_path) == tmp_path / "sub/x.signed.pdf"
    assert target_of("plain", tmp_path) == tmp_path / "plain.signed"
    longest = "x" * 244 + ".pdf"
    assert target_of(longest, tmp_path).name == "x" * 244 + ".signed.pdf"
    assert target_of("x" + longest, tmp_path).name == "x" + longest


def test_a_pattern(tree: Path) -> None:
    assert is_pattern(tree / "*.pdf")
    assert names(tree / "*.pdf", recursive=False) == ["a.pdf", "b0.pdf", "z.pdf"]
    assert names(tree / "b*/*.xml") == ["b/2.xml"]
    assert names(tree / "**/*.xml") == ["b/2.xml", "b/c/1.xml"]
    (tree / "[x].pdf").write_text("x")
    assert not is_many(tree / "[x].pdf")
    assert names(tree / "[x].pdf") == ["[x].pdf"]


def test_a_pattern_leads_up_nowhere(tree: Path) -> None:
    """Else an output would lie outside the folder of outputs."""
    with pytest.raises(InputError):
        find_files([tree / "*" / ".." / ".." / tree.name / "*.pdf"], recursive=True)


def test_the_folders_name_goes_before_where_there_are_several(tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.pdf").write_text("x")
    (tmp_path / "single.pdf").write_text("x")
    found = names(tree / "b", other, tmp_path / "single.pdf", recursive=False)
    assert found == ["b/2.xml", "other/a.pdf", "single.pdf"]


def test_the_outputs_are_no_input(tree: Path) -> None:
    (tree / "b/out").mkdir()
    (tree / "b/out/x.pdf").write_text("x")
    (tree / "b/alias").symlink_to(tree / "b/out")
    assert "b/out/x.pdf" not in names(tree, leave_out=(tree / "b/../b/out",))
    assert "b/out/x.pdf" not in names(tree / "**/*.pdf", leave_out=(tree / "b/out",))
    assert "a.pdf" not in names(tree, leave_out=(tree / "a.pdf",))
    assert "b/2.xml" in names(tree, leave_out=(tree,))


def test_what_means_nothing_is_an_error(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        find_files([tree / "*.xtx"], recursive=False)
    assert error.value.facts["reason"] == "no-match"
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as error:
        find_files([tmp_path / "empty"], recursive=True)
    assert error.value.facts["reason"] == "empty-below"
    with pytest.raises(InputError) as error:
        find_files([tmp_path / "empty"], recursive=False)
    assert error.value.facts["reason"] == "empty"


def test_a_folder_that_cannot_be_read_is_told(tree: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from jitsuin.folder import find_files\n"
        "print([one.name for one in find_files([Path(sys.argv[1])], recursive=True) if one.error])"
    )
    # root may read everything, unless it gives that up
    as_others = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    call = [*as_others, sys.executable, "-c", code, str(tree)]
    assert subprocess.run(call, check=True, capture_output=True, text=True).stdout == "[]\n"
    (tree / "b/c").chmod(0)
    told = subprocess.run(call, check=True, capture_output=True, text=True).stdout
    (tree / "b/c").chmod(0o755)
    assert told == "['b/c']\n"


def refused(tree: Path, out: Path, *, overwrite: bool = False, protected: tuple[Path, ...] = ()) -> dict[str, str]:
    jobs = [(found, target_of(found.name, out)) for found in find_files([tree], recursive=True, leave_out=[out])]
    errors = refused_targets(jobs, out, protected, overwrite=overwrite)
    return {found.name: str(error.facts["reason"]) for found, error in errors.items()}


def test_what_is_in_the_way_is_refused_beforehand(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert refused(tree, out) == {}
    (out / "b").mkdir(parents=True)
    (out / "a.signed.pdf").write_text("there before")
    (out / "b/2.signed.xml").mkdir()
    (out / "b/c").symlink_to(tmp_path)
    (out / "z.signed.pdf").symlink_to("nowhere")
    (out / "b0.signed.pdf").hardlink_to(tree / "a.pdf")
    expected = {"b/2.xml": "not-a-file", "b/c/1.xml": "leaves-folder", "z.pdf": "not-a-file", "b0.pdf": "is-input"}
    assert refused(tree, out) == {**expected, "a.pdf": "exists"}
    assert refused(tree, out, overwrite=True) == expected
    protected = (out / "a.signed.pdf",)
    assert refused(tree, out, overwrite=True, protected=protected) == {**expected, "a.pdf": "is-input"}


def test_two_files_for_one_output_are_refused(tree: Path, tmp_path: Path) -> None:
    one, two = Found("a.pdf", tree / "a.pdf"), Found("a.pdf", tree / "b0.pdf")
    out = tmp_path / "out"
    errors = refused_targets([(found, target_of(found.name, out)) for found in (one, two)], out, (), overwrite=False)
    assert {found: error.facts["reason"] for found, error in errors.items()} == {one: "collision", two: "collision"}


def test_outputs_beside_their_inputs(tree: Path) -> None:
    assert refused(tree, tree) == {}
    longest = tree / ("x" * 251 + ".pdf")
    longest.write_text("x")
    assert refused(tree, tree, overwrite=True) == {longest.name: "is-input"}
