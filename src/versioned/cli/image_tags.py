"""What commands that move a rank say to those who have images."""

from __future__ import annotations

from versioned.cli import config
from versioned.cli.session import Session


def note_image_tag(session: Session, name: str, alias: str) -> None:
    """The tag of an image does not follow by itself where its rank is moved as an alias."""
    _, table = config.table("images", session.environ, session.cwd)
    if table:
        ref = f"{name}@{alias}"
        session.out.note(
            f"if {name} is an image, let its tag follow: versioned images retag {ref} {alias}"
        )
