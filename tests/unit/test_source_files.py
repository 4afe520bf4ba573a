"""Which cartridges are made of which files."""

from pathlib import Path

import pytest

from kitbash.errors import KnowledgeError
from kitbash.knowledge.layout import Faction, faction_of, name_of, parse_name, slug
from kitbash.knowledge.source.files import MAX_BYTES, Recipe, read_text, recipes, statements

OWN = "---\ndomain: {domain}\nfaction: {faction}\nlevel: L0\nconfidence: 0.9\n---\n- A fact of {domain}.\n"


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_text(text, encoding="utf-8")
    return folder


def named(found: list[Recipe]) -> dict[str, list[str]]:
    return {str(recipe.name): [file.name for file in recipe.files] for recipe in found}


def test_a_folder_becomes_one_cartridge_of_its_name(tmp_path: Path) -> None:
    folder = write(tmp_path / "My Notes", a_md="- a", b_csv="text\nb", c_json="[]", d_txt="d", e_pdf="no")
    assert named(recipes([folder])) == {"my_notes_general": ["a.md", "b.csv", "c.json", "d.txt"]}


def test_a_single_file_becomes_a_cartridge_of_its_name(tmp_path: Path) -> None:
    folder = write(tmp_path, Ice_md="- a")
    assert named(recipes([folder / "Ice.md"])) == {"ice_general": ["Ice.md"]}


def test_a_markdown_file_that_names_a_domain_is_a_cartridge_of_its_own(tmp_path: Path) -> None:
    folder = write(tmp_path / "kb", a_md=OWN.format(domain="Deep Sea", faction="fiction"), b_txt="b")
    assert named(recipes([folder])) == {"deep_sea_fiction": ["a.md"], "kb_general": ["b.txt"]}


def test_files_of_one_domain_are_put_together(tmp_path: Path) -> None:
    text = OWN.format(domain="sea", faction="general")
    assert named(recipes([write(tmp_path, a_md=text, b_md=text)])) == {"sea_general": ["a.md", "b.md"]}


def test_a_given_name_and_faction_put_everything_into_one(tmp_path: Path) -> None:
    folder = write(tmp_path, a_md=OWN.format(domain="sea", faction="fiction"), b_txt="b")
    assert named(recipes([folder], name="all", faction="self")) == {"all_self": ["a.md", "b.txt"]}


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "kb" / ".git", x_md="- x")
    write(tmp_path / "kb" / "sub", y_md="- y")
    (tmp_path / "kb" / ".z.md").write_text("- z")
    assert named(recipes([tmp_path / "kb"])) == {"kb_general": ["y.md"]}


@pytest.mark.parametrize(
    ("path", "said"),
    [("gone", "gone does not exist"), ("empty", "nothing to build in .*empty"), ("x.pdf", "is not a source")],
)
def test_what_cannot_be_built_from_is_named(tmp_path: Path, path: str, said: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.pdf").write_bytes(b"%PDF")
    with pytest.raises(KnowledgeError, match=said):
        recipes([tmp_path / path])


def test_a_bad_faction_or_domain_in_a_file_is_refused(tmp_path: Path) -> None:
    for domain, faction in (("sea", "pirates"), ("???", "general")):
        folder = write(tmp_path, a_md=OWN.format(domain=f"'{domain}'", faction=faction))
        with pytest.raises(KnowledgeError, match=r"pirates|cannot name a cartridge"):
            recipes([folder])


def test_a_bad_faction_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match=r"a\.md"):
        recipes([write(tmp_path, a_md=OWN.format(domain="sea", faction="pirates"))])


def test_plain_text_is_less_sure_and_a_source_is_named_from_the_folder_given(tmp_path: Path) -> None:
    write(tmp_path / "kb" / "sub", y_txt="\nIce floats on water.\n")
    (recipe,) = recipes([tmp_path / "kb"])
    (fact,) = statements(recipe)
    assert (fact.confidence, fact.sources) == (0.7, ("sub/y.txt:2",))


def test_text_that_is_not_utf8_or_too_large_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    with pytest.raises(KnowledgeError, match=r"a\.txt cannot be read as UTF-8"):
        read_text(tmp_path / "a.txt")
    with (tmp_path / "b.txt").open("wb") as sparse:
        sparse.truncate(MAX_BYTES + 1)
    with pytest.raises(KnowledgeError, match=r"b\.txt is larger than 64,000,000 bytes"):
        read_text(tmp_path / "b.txt")


def test_a_byte_order_mark_and_nul_bytes_are_dropped(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfIce\x00 floats.\r\n")
    assert read_text(tmp_path / "a.txt") == "Ice floats.\n"


@pytest.mark.parametrize(
    ("text", "domain"),
    [("Deep Sea!", "deep_sea"), ("--a--b--", "a_b"), ("A" * 99, "a" * 48), ("\u00c9t\u00e9 2020", "t_2020"), ("?", "")],
)
def test_a_domain_is_lower_case_letters_digits_and_underscores(text: str, domain: str) -> None:
    assert slug(text) == domain


@pytest.mark.parametrize("domain", ["", "???", "../..", "\ud800", "\n"])
def test_a_name_that_could_not_be_a_folder_is_refused(domain: str) -> None:
    with pytest.raises(KnowledgeError, match="cannot name a cartridge"):
        name_of(domain)


def test_an_older_cartridge_without_a_faction_is_general() -> None:
    assert str(parse_name("formal_logic")) == "formal_logic_general"
    assert str(parse_name("sea_fiction")) == "sea_fiction"
    assert str(parse_name("fiction")) == "fiction_general"
    assert faction_of("physics") is Faction.GENERAL
    assert faction_of("kitbash_self") is Faction.SELF
