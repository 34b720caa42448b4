"""What the site shows besides the pages of `docs/`: the notebook, and each file that pages link to.

Pages link to files of the repository, such as `../../prefect.yaml`. In the site each of these is a
page too, so that every link leads somewhere without a network. MkDocs calls `on_files`.
"""

import json
import os
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from pygments.lexers import find_lexer_class_for_filename

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TARGET = re.compile(r"(?<=\]\()[^)#\s]+")
"""Where a link or an image leads, without an anchor."""


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Adds the notebooks as pages, and every file that a page links to, directly or not."""
    pages = {DOCS / page.src_uri: page for page in files.documentation_pages()}
    for notebook in sorted(DOCS.rglob("*.ipynb")):
        page = File.generated(config, uri_of(notebook), content=notebook_page(notebook))
        files.append(page)
    while pages:
        path, page = pages.popitem()
        text = page.content_string
        for target in linked(path, text):
            if files.get_file_from_path(uri_of(target)) is None:
                pages[target] = File.generated(
                    config,
                    uri_of(target),
                    content=page_of(target),
                    inclusion=InclusionLevel.NOT_IN_NAV,
                )
                files.append(pages[target])
        page.content_string = with_links_of_the_site(path, text)


def linked(path: Path, text: str) -> list[Path]:
    """The files and folders of the repository that a page links to."""
    return [found for target in TARGET.findall(text) if (found := target_of(path, target))]


def target_of(path: Path, target: str) -> Path | None:
    """The file or folder that a page's link leads to; None if it is none of the repository."""
    found = Path(os.path.normpath(path.parent / target))
    if "://" in target or not found.exists() or not found.is_relative_to(ROOT):
        return None
    readme = found / "README.md"
    return readme if readme.exists() else found


def uri_of(path: Path) -> str:
    """The place in the site of a file or folder of the repository."""
    if path.suffix == ".ipynb":
        path = path.with_suffix(".md")
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    uri = f"repository/{path.relative_to(ROOT).as_posix()}"
    return uri if path.suffix == ".md" else f"{uri}.md"


def with_links_of_the_site(path: Path, text: str) -> str:
    """Leads a page's links to where their targets are in the site.

    A link to nothing stays as it is: MkDocs reports it.
    """

    def in_the_site(match: re.Match[str]) -> str:
        target = target_of(path, match[0])
        folder = Path(uri_of(path)).parent
        return (
            match[0] if target is None else Path(os.path.relpath(uri_of(target), folder)).as_posix()
        )

    return TARGET.sub(in_the_site, text)


def page_of(path: Path) -> str:
    """The page of a file or folder outside `docs/`. Only pages of text are found by the search."""
    if path.suffix == ".md":
        return path.read_text("utf-8")
    if path.is_dir():
        # Its files alone: folders in it may hold what running the examples has made.
        names = sorted(entry.name for entry in path.iterdir() if entry.is_file())
        content = "\n".join(f"- [{name}]({path.name}/{name})" for name in names)
    else:
        content = fenced(path.read_text("utf-8"), lexer_of(path))
    title = path.relative_to(ROOT).as_posix()
    return f"---\ntitle: {path.name}\nsearch:\n  exclude: true\n---\n# {title}\n\n{content}\n"


def notebook_page(path: Path) -> str:
    """The page of a notebook: its cells, and where to download it."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    title, *rest = [
        "".join(cell["source"])
        if cell["cell_type"] == "markdown"
        else fenced("".join(cell["source"]), "python")
        for cell in cells
    ]
    return "\n\n".join([title, f"[Download the notebook]({path.name})", *rest])


def fenced(text: str, language: str) -> str:
    """A block of code; its fence is longer than any inside."""
    return f"``````{language}\n{text.rstrip()}\n``````"


def lexer_of(path: Path) -> str:
    """The name under which Pygments highlights a file; `text` if it does not know it."""
    lexer = find_lexer_class_for_filename(path.name)
    return lexer.aliases[0] if lexer else "text"
