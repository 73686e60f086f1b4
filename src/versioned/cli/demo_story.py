"""The story of the demo, a function for each chapter. Nothing in it is made up: see the stage."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from versioned.cli.demo_stage import Stage
from versioned.cli.exits import Exit
from versioned.repository import Repository

_KEYS = [f"user-{n}" for n in range(10_000)]


def play(stage: Stage) -> None:
    """The whole story, in the current directory."""
    for chapter in (
        _repository,
        _versions,
        _bundle,
        _aliases,
        _switch,
        _canary,
        _rollback,
        _purge,
        _numbers,
        _damage,
    ):
        chapter(stage)
    stage.say("That was all of it. Next: versioned --help, or versioned init in your own project.")


def _repository(stage: Stage) -> None:
    stage.chapter("A repository")
    stage.say("""
        A repository is a prefix in a bucket or, as here, a directory. There is no server and no
        database to run: every guarantee comes from what the store itself enforces.
    """)
    stage.run("versioned init ./store")


def _versions(stage: Stage) -> None:
    stage.chapter("Versions of a database")
    stage.say("A real SQLite file is put as LATEST and published as version 1.")
    stage.sql("orders.db", "CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT)")
    stage.sql("orders.db", "INSERT INTO orders (item) VALUES ('lamp'), ('chair'), ('table')")
    stage.run("versioned put orders.db orders.db --metadata rows=3")
    stage.run("versioned publish orders.db")
    stage.say("The database changes; put and publish can be one step.")
    stage.sql("orders.db", "INSERT INTO orders (item) VALUES ('shelf')")
    stage.run("versioned put orders.db orders.db --metadata rows=4 --publish")
    before = stage.disk()
    stage.say("The same bytes again cost nothing: no upload and no new version.")
    stage.run("versioned put orders.db orders.db --publish")
    stage.say(f"On the disk before: {before}; after: {stage.disk()}.")


def _bundle(stage: Stage) -> None:
    stage.chapter("A bundle of code")
    stage.say("Any file will do. Here are two builds of this very package.")
    for build in (1, 2):
        stage.bundle("bundle.zip", f"build {build}")
        stage.run(f"versioned put bundle bundle.zip --metadata build={build} --publish")
    stage.run("versioned ls")


def _aliases(stage: Stage) -> None:
    stage.chapter("Aliases: staging and production")
    stage.say("An alias is a name for a version. Deploying is moving a name.")
    stage.run("versioned alias put orders.db@production 1 -m 'first release'")
    stage.run("versioned alias put orders.db@staging 2 -m 'to be tested'")
    stage.run("versioned ls orders.db")
    stage.say("Whoever downloads names the alias. The bytes are checked on their way.")
    stage.run("versioned get orders.db@staging -o tested.db")
    stage.sql("tested.db", "SELECT count(*) FROM orders")


def _switch(stage: Stage) -> None:
    stage.chapter("Blue/green: the switch is one write")
    stage.say("""
        Version 2 passed its tests in staging, so production moves from blue to green. --expect
        says what production must be now, so that two people can't overwrite each other.
    """)
    stage.run("versioned alias put orders.db@production 2 --expect 1 -m 'green passed'")
    stage.say("A colleague, a second later, who still believes that production is at 1:")
    stage.run("versioned alias put orders.db@production 2 --expect 1", ends_with=Exit.CONFLICT)


def _canary(stage: Stage) -> None:
    stage.chapter("A canary")
    stage.say("Version 3 is to prove itself with a tenth of the traffic.")
    stage.sql("orders.db", "INSERT INTO orders (item) VALUES ('clock')")
    stage.run("versioned put orders.db orders.db --metadata rows=5 --publish")
    at_ten = _weigh(stage, 10)
    stage.say("The same key gets the same version, on every machine, without asking anybody.")
    stage.run("versioned route orders.db@production user-17")
    stage.say("It looks good, so it gets half.")
    at_fifty = _weigh(stage, 50)
    back = sum(at_ten[key] == "3" and at_fifty[key] == "2" for key in _KEYS)
    forth = sum(at_ten[key] == "2" and at_fifty[key] == "3" for key in _KEYS)
    stage.say(f"From 10% to 50%, {forth:,} keys moved to version 3 and {back} moved back.")


def _weigh(stage: Stage, weight: int) -> dict[str, str]:
    stage.run(f"versioned alias put orders.db@production 2 --canary 3 --weight {weight}")
    stage.say('Measured, with alias.route("user-0") to alias.route("user-9999"):')
    alias = Repository.open("store").get_alias("orders.db", "production")
    routed = {key: alias.route(key) for key in _KEYS}
    stage.shares(Counter(routed.values()))
    return routed


def _rollback(stage: Stage) -> None:
    stage.chapter("Rollback in one word")
    stage.say("Errors! During a canary the way back is the stable version.")
    stage.run("versioned rollback orders.db@production -m 'errors since 12:40'")
    stage.say("What happened, when, by whom and why, is kept for every alias.")
    stage.run("versioned history orders.db@production")


def _purge(stage: Stage) -> None:
    stage.chapter("Purge: first the plan")
    stage.say("Three more versions, then keep the newest one and what is referenced.")
    for _ in range(3):
        stage.sql("orders.db", "INSERT INTO orders (item) VALUES ('vase')")
        stage.run("versioned put orders.db orders.db --publish")
    rule = "versioned purge orders.db --keep-last 1 --older-than 0"
    stage.run(rule, ends_with=Exit.NEEDS_YES)
    stage.say("Nothing was deleted. With --yes the plan is carried out, after a second look.")
    stage.run(f"{rule} --yes -m 'spring cleaning'")
    stage.run("versioned ls orders.db")
    stage.say("What an alias points at can't be deleted by accident.")
    stage.run("versioned rm orders.db@2 --yes", ends_with=Exit.CONFLICT)


def _numbers(stage: Stage) -> None:
    stage.chapter("A number is never used twice")
    stage.say("Version 6 is deleted, though it is the newest. The next one is 7.")
    stage.run("versioned rm orders.db@6 --yes")
    stage.sql("orders.db", "INSERT INTO orders (item) VALUES ('mirror')")
    stage.run("versioned put orders.db orders.db --publish")


def _damage(stage: Stage) -> None:
    stage.chapter("Verify, and what damage looks like")
    stage.run("versioned verify")
    sha256 = Repository.open("store").get_artifact_version("orders.db", 2).sha256
    blob = Path("store/blobs") / sha256[:2] / sha256
    stage.say("Now one bit of version 2 flips on the disk, behind everybody's back.")
    stage.flip(blob)
    stage.run("versioned verify orders.db", ends_with=Exit.INTEGRITY)
    stage.run("versioned get orders.db@production -o used.db", ends_with=Exit.INTEGRITY)
    stage.say(f"No damaged file was left behind: used.db exists: {Path('used.db').exists()}.")
    stage.say("The bit flips back, and all is well.")
    stage.flip(blob)
    stage.run("versioned verify")
    stage.run("versioned doctor")
