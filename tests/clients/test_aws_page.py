"""Pages that need our server and real clients, run as they stand."""

import os
import sys
from contextlib import closing
from pathlib import Path

import pytest
from package_making import open_packages

from serving import domain_url, served
from versioned.stores.local import LocalStore

sys.path.append(str(Path(__file__).parents[1] / "docs"))
from shown import ON_A_SERVER, PAGES, SERVER, Step, is_shown, run, steps


@pytest.mark.parametrize("page", [p for p in PAGES if p.name in ON_A_SERVER], ids=lambda p: p.stem)
def test_what_the_page_shows_is_what_happens(page, clients, tmp_path):
    with closing(LocalStore(tmp_path / "domain", settle=0)) as store:
        store.create()
        open_packages(store)
        domain = domain_url(store, "local")
        with served(domain, log=tmp_path / "log") as server:
            wanted = steps(page.read_text("utf-8").replace(SERVER, server.url))
            folders = [str(Path(one).parent) for one in (clients.twine, clients.aws)]
            path = Step(f"export PATH=$PATH:{os.pathsep.join(folders)}", (), 0)
            hidden = {"PIP_CONFIG_FILE", "NPM_CONFIG_USERCONFIG", "AWS_CONFIG_FILE", "HOME"}
            kept = {k: v for k, v in clients.environment.items() if k not in hidden}
            _, *outputs = run([path, *wanted], tmp_path, kept | {"VERSIONED_PACKAGES": domain})
    for step, printed in zip(wanted, outputs, strict=True):
        assert is_shown(step.output, printed), (
            f"{page.name}:{step.line}: {step.source}\nprints\n" + "\n".join(printed)
        )
