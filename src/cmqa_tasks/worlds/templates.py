"""The jinja2 environments of passages and pages: sandboxed, and strict about names that do not exist."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import PackageLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment


@cache
def _text_environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


@cache
def _page_environment() -> ImmutableSandboxedEnvironment:
    loader = PackageLoader("cmqa_tasks.worlds", "pages")
    return ImmutableSandboxedEnvironment(loader=loader, undefined=StrictUndefined, autoescape=True, trim_blocks=True)


@cache
def _compiled(source: str) -> Template:
    return _text_environment().from_string(source)


def render_text(source: str, view: Any) -> str:
    """Render a passage, question or entity template over a view.

    Raises:
        jinja2.UndefinedError: the template names a variable that the view lacks.
    """
    return _compiled(source).render(view)


def render_page(layout: str, view: Any) -> str:
    """Render the HTML of a page layout (``shopping_0``) over a view.

    Raises:
        jinja2.TemplateNotFound: no such layout.
        jinja2.UndefinedError: the layout names a variable that the view lacks.
    """
    return _page_environment().get_template(f"{layout}.html.j2").render(view)
