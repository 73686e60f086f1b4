"""`versioned packages`: packages published, promoted by the asset that passed, cleaned up."""

from __future__ import annotations

import click

from versioned.cli.packages_options import PackagesGroup

_SECTIONS = {
    "Begin": {
        "init": "domain:init",
        "create": "domain:create",
        "tokens": "tokens:tokens",
    },
    "Publish and promote": {
        "publish": "publishing:publish",
        "verdict": "verdicts:verdict",
        "verdicts": "verdicts:verdicts",
        "promote": "promoting:promote",
    },
    "Look": {
        "ls": "listing:ls",
        "assets": "assets:assets",
        "sets": "assets:sets",
        "history": "history:history",
        "get": "getting:get",
    },
    "Change": {
        "status": "statuses:status",
        "yank": "statuses:yank",
        "deprecate": "statuses:deprecate",
        "dist-tag": "tags:dist_tag",
        "tags": "tags:tags",
        "rm": "removing:rm",
    },
    "Care": {
        "purge": "purging:purge",
        "reindex": "care:reindex",
        "doctor": "care:doctor",
    },
}
_LAZY = {
    name: f"versioned.cli.packages_{place}"
    for commands in _SECTIONS.values()
    for name, place in commands.items()
}


@click.group(
    "packages",
    cls=PackagesGroup,
    lazy=_LAZY,
    sections={title: list(commands) for title, commands in _SECTIONS.items()},
)
def packages() -> None:
    """Packages for pip, npm and others, promoted by what passed.

    A version is named REPOSITORY/FORMAT/PACKAGE@VERSION: AbcDev/pypi/pyabc@1.0.0,
    AbcDev/npm/@acme/widget@1.2.3, AbcDev/generic/team/scripts@7. Each has sets of assets, one of
    which is active: what installing gets. Repositories lie in a domain, which is a place of its
    own: --domain, else VERSIONED_PACKAGES, else `domain` in the table [packages] of
    .versioned.toml, else ./.versioned-packages.
    """
