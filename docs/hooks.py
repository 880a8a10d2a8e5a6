"""Hooks of the documentation site: files that live elsewhere in the repository are part of it.

README.md is the first page. What a page links to outside ``docs/`` is copied into the site, and links follow.
"""

from __future__ import annotations

import os.path
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages of the site that lie at the repository's top level."""
_LINK = re.compile(r"(!?\[[^\]]*\])\((?!https?:|mailto:|#)([^)#\s]+)(#[^)]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages above and every file that a page links to."""
    for source, name in PAGES.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / source)))
    queue = list(files.documentation_pages())
    while queue:
        page = queue.pop()
        for _, target, _ in _LINK.findall(page.content_string):
            linked = _linked(page.src_uri, target)
            if _in_site(linked) in files.src_uris or not (ROOT / linked).is_file():
                continue
            added = File.generated(config, _in_site(linked), abs_src_path=str(ROOT / linked), inclusion=InclusionLevel.NOT_IN_NAV)
            files.append(added)
            queue += [added] if linked.endswith(".md") else []
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Let links lead to where files are in the site. A link to a directory becomes plain text."""

    def moved(match: re.Match[str]) -> str:
        text, target, anchor = match.groups()
        linked = _linked(page.file.src_uri, target)
        if (ROOT / linked).is_dir():
            return text[1:-1]
        here = os.path.relpath(_in_site(linked), PurePosixPath(page.file.src_uri).parent)
        return f"{text}({here}{anchor or ''})"

    return _LINK.sub(moved, markdown)


def _linked(page: str, target: str) -> str:
    """Where a link of a page of the site leads, from the repository's top."""
    homes = {name: source for source, name in PAGES.items()}
    inside = homes.get(page) or (page if not (ROOT / "docs" / page).exists() else f"docs/{page}")
    return os.path.normpath(PurePosixPath(inside).parent / target)


def _in_site(path: str) -> str:
    """Where a file of the repository is in the site."""
    return PAGES.get(path, path.removeprefix("docs/"))
