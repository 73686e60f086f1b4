"""That a person approves the bytes of a version for a rank: `docs/formats/pipeline.md`. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from versioned import layout, naming
from versioned.alias_fields import read_version
from versioned.documents import dump, parse
from versioned.errors import ContaminatedError, InvalidInputError
from versioned.pipelines.fields import FORMAT, check_format, check_place, read_link


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person says of the bytes with this sha256 on their way into a rank.

    `revoked` takes an earlier approval back; `position` counts what this person said of these
    bytes and this rank, and the newest is what counts. Else as in `Verdict`.
    """

    artifact: str
    sha256: str
    version: str
    rank: str
    person: str
    revoked: bool
    position: int
    at: str
    message: str | None
    identity: str
    previous: str

    @property
    def word(self) -> str:
        """What the person did: `approved` or `revoked`."""
        return "revoked" if self.revoked else "approved"

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)


def encode_approval(approval: Approval) -> bytes:
    """The document of an approval."""
    return dump({"format": FORMAT} | approval.to_dict())


def decode_approval(key: str, raw: bytes) -> Approval:
    """Read an approval, which has to say what its key says. Raises ContaminatedError."""
    document = parse(key, raw)
    check_format(document)
    try:
        approval = Approval(
            artifact=document.text("artifact"),
            sha256=naming.validate_sha256(key, document.text("sha256")),
            version=read_version(document, "version"),
            rank=document.text("rank"),
            person=document.text("person"),
            revoked=document.flag("revoked"),
            position=document.integer("position"),
            at=document.time("at"),
            message=document.text_or_none("message"),
            identity=document.text("identity"),
            previous=read_link(document),
        )
        folder = layout.approval_folder(
            approval.artifact, approval.sha256, approval.rank, approval.person
        )
    except InvalidInputError as error:
        raise ContaminatedError(f"{key!r}: {error.message}", hint="approve it again") from error
    check_place(document, folder, approval.position)
    return approval
