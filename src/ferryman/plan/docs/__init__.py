"""A plan as a page for people: Markdown for a repository, HTML for a browser."""

from ferryman.plan.docs.html import html
from ferryman.plan.docs.markdown import markdown

__all__ = ["html", "markdown"]
