"""What only npm's packages have: tags, and publishers who describe what they publish."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from versioned.content import Content, Source
from versioned.documents import Document
from versioned.packages.committing import Change
from versioned.packages.coordinates import Package, PackageFormat
from versioned.packages.dist_tags import LATEST, DistTags, validate_tag
from versioned.packages.distributions.npm_tarball import with_description
from versioned.packages.errors import PackageNotFoundError
from versioned.packages.packuments import read_packument
from versioned.packages.publishing import Upload, publish_distributions
from versioned.packages.room import Room
from versioned.packages.tagging import change_tags


class NpmPackages:
    """The npm packages of a domain, beside what `Packages` does with all formats."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def publish(
        self,
        repository: str,
        name: str,
        source: Source,
        *,
        described: Mapping[str, Any] | None = None,
        tags: Collection[str] = (),
        asset_set: str | None = None,
        message: str | None = None,
        by: str | None = None,
    ) -> Change:
        """Publish a tarball, then let tags name its version. `name` is that of the file;
        `described` is what the publisher says of the version, which has to fit the bytes. With
        other tags only, `latest` stays what it is; in a package that is new it names the version.

        Two moments: a crash in between leaves a published version without its new tags, and
        publishing it again sets them. Else as `Packages.publish_files`.
        """
        wanted = {validate_tag(tag) for tag in tags}
        latest: str | None = None
        with Content.open(source) as content:
            upload = Upload.checked(PackageFormat.NPM, name, content)
            if described is not None and upload.found is not None:
                found = with_description(upload.found, described)
                upload = Upload(upload.name, content, found)
            if wanted and LATEST not in wanted and upload.found is not None:
                latest = self._latest(repository, upload.found.package)
            done = publish_distributions(
                self._room,
                repository,
                [upload],
                asset_set=asset_set,
                by=by,
                message=message,
                progress=None,
            )
        if wanted:
            place = done.revision.place
            change_tags(
                self._room,
                repository,
                place.package,
                dict.fromkeys(wanted, place.version),
                defaults={LATEST: latest or place.version},
                by=by,
                message=message,
            )
        return done

    def _latest(self, repository: str, package: Package) -> str | None:
        try:
            return self.dist_tags(repository, package)[LATEST]
        except PackageNotFoundError:
            return None

    def dist_tags(self, repository: str, package: Package) -> dict[str, str]:
        """The tags as npm sees them: of listed versions only. Where nobody says which version is
        `latest`, it is the highest release. Raises PackageNotFoundError."""
        found = self.packument(repository, package).mapping("dist-tags")
        return {tag: found.text(tag) for tag in found.data}

    def change_dist_tags(
        self,
        repository: str,
        package: Package,
        changes: Mapping[str, str | None],
        *,
        message: str | None = None,
        by: str | None = None,
    ) -> DistTags | None:
        """Let tags name versions, or with `None` nothing any more, in one moment. Idempotent.
        Returns the newest state of the tags, `None` where there never was one.

        Raises PackageNotFoundError, PackageVersionNotFoundError, InvalidInputError,
        PackageConflictError.
        """
        return change_tags(
            self._room, repository, package, changes, defaults={}, by=by, message=message
        )

    def packument(self, repository: str, package: Package) -> Document:
        """What npm reads of a package; addresses are relative to the registry. One request.
        Raises PackageNotFoundError."""
        self._room.repository(repository)
        return read_packument(self._room.context, repository, package)
