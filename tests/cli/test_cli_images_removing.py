"""`versioned images`: deleting, pruning, orphans; what is in use stays."""

import json

import pytest
from image_builders import push_image, push_referrer
from image_words import ago, short

pytest_plugins = ("images_fixtures",)

SBOM = "application/vnd.cyclonedx+json"
PLAN = """\
            not done: this is the plan, nothing was changed
            hint: repeat with --yes to carry it out
            """
SKIPPED = "aliases  skipped  there is no repository here, and --repo names none"


@pytest.fixture
def app(registry, team):
    """Images that were created 50, 20 and 3 days ago; an SBOM is about the first."""
    path = f"{team}/app"
    built = [
        push_image(registry, path, tag, layers=(tag.encode(),), created=ago(days))
        for tag, days in (("1", 50), ("2", 20), ("3", 3))
    ]
    return [*built, push_referrer(registry, path, built[0], SBOM, content=b"sbom")]


class TestDeletingTags:
    def test_the_image_goes_with_its_last_tag(self, ours, app, in_use, registry, team):
        line = f"delete-tag app 1 {in_use('app:2')}"
        ours(line).said(f"to delete: team/app:1 ({short(app[0])}, 214 B, goes with it)\n", PLAN, 8)
        ours(f"{line} -q").said("app:1\n", PLAN, 8)
        assert registry.list_tags(f"{team}/app") == ["1", "2", "3"]
        ours(f"{line} --yes").said(f"deleted team/app:1 ({short(app[0])}, 214 B, goes with it)\n")
        assert registry.list_tags(f"{team}/app") == ["2", "3"]

    def test_one_that_is_in_use_stays(self, ours, app, in_use):
        refused = """\
            error: team/app:2 is used by pod.yaml:1
            hint: let them use another image first, or add --force
            """
        ours(f"delete-tag app 2 --yes {in_use('app:2')}").said("", refused, 4)
        ours(f"delete-tag app 2 {in_use(f'app@{app[1].digest}')}").said("", refused, 4)
        ours(f"delete-tag app 2 --force {in_use('app:2')}").said(
            f"""\
            to delete: team/app:2 ({short(app[1])}, 214 B, goes with it)
              although it is used by pod.yaml:1
            """,
            PLAN,
            8,
        )

    def test_of_two_tags_only_the_one_that_is_named_counts(self, ours, app, in_use, registry, team):
        registry.put_manifest(f"{team}/app", app[0], tag="stable")
        assert ours(f"delete-tag app stable {in_use('app:stable')}").code == 4
        ours(f"delete-tag app stable {in_use('app:1')} --yes").said(
            f"deleted team/app:stable ({short(app[0])} stays as 1)\n"
        )

    def test_a_use_that_may_mean_any_tag_counts_for_each(self, ours, app, in_use, registry, team):
        registry.put_manifest(f"{team}/app", app[0], tag="stable")
        assert ours(f"delete-tag app stable {in_use('app')} --yes").code == 4

    def test_the_signature_of_what_is_in_use_stays(self, ours, app, in_use, registry, team):
        tag = f"{app[0].digest.replace(':', '-')}.sig"
        push_image(registry, f"{team}/app", tag, layers=(b"signature",))
        assert ours(f"delete-tag app {tag} {in_use('app:1')} --yes").code == 4

    @pytest.mark.usefixtures("app")
    def test_it_is_kept_where_nobody_can_tell(self, ours):
        ours("delete-tag app 1 --yes").said(
            "",
            """\
            error: team/app:1 may be in use: no source of references had anything to ask
            hint: say where to look: --files PATH, --repo URL, or add --force
            """,
            10,
        )
        ours("delete-tag app 1 --yes --files nowhere").said(
            "",
            """\
            error: team/app:1 may be in use: files: nowhere is not there
            hint: mend that, or leave it out: --skip SOURCE, or add --force
            """,
            10,
        )
        forced = json.loads(ours("delete-tag app 1 --yes --force --json").stdout)
        assert forced["deleted"]["tags"] == ["1"]
        assert [one["answer"] for one in forced["sources"]] == ["skipped", "skipped"]

    @pytest.mark.usefixtures("app")
    def test_a_source_that_is_left_out_has_to_be_there(self, ours):
        ran = ours("delete-tag app 1 --skip nobody")
        assert (ran.code, ran.stderr.splitlines()[0]) == (
            2,
            "error: no source of references is called 'nobody'",
        )


class TestDeletingRepositories:
    @pytest.mark.usefixtures("app")
    def test_images_go_only_if_that_is_said(self, ours, in_use, registry, team):
        ours("delete-repo app --yes").said(
            "",
            """\
            error: there are 4 images in team/app
            hint: add --with-images to delete them, too
            """,
            4,
        )
        assert ours(f"delete-repo app --with-images --yes {in_use('app:3')}").code == 4
        line = f"delete-repo app --with-images {in_use('other:3')}"
        ours(line).said("to delete: team/app: 4 images (648 B)\n", PLAN, 8)
        ours(f"{line} --yes").said(
            "deleted team/app: 4 images (648 B)\n",
            "the empty name may stay in the registry's list\n",
        )
        assert registry.list_images(f"{team}/app") == []

    @pytest.mark.usefixtures("app")
    def test_an_image_in_use_that_no_tag_leads_to_counts(self, ours, in_use, registry, team):
        lost = push_image(registry, f"{team}/app", None, layers=(b"lost",))
        line = f"delete-repo app --with-images {in_use(f'app@{lost.digest}')} --yes"
        assert ours(line).code == 4

    @pytest.mark.usefixtures("app")
    def test_what_the_registry_refuses_is_told(self, ours, in_use, server, registry, team):
        server.fail("DELETE", f"{team}/app/manifests", times=9, status=405)
        ran = ours(f"delete-repo app --with-images --yes {in_use('other:1')}")
        assert ran.stdout == "not deleted: team/app: 4 images (648 B)\n"
        assert ran.stderr.startswith("error: not deleted: team/app sha256:")
        assert (ran.stderr.splitlines()[0].endswith(": 405 and 3 others"), ran.code) == (True, 9)
        assert len(registry.list_images(f"{team}/app")) == 4


class TestPruning:
    def test_the_plan_says_why(self, ours, app, in_use):
        one, two, three, sbom = app
        line = f"prune app --keep-last 0 --older-than 10d --by-created {in_use('app:2')}"
        ours(line).said(
            f"""\
            DIGEST               TAGS   SIZE  RULE                 REASON
            {short(one)}  1     214 B  old                  it is not among the newest 0, created 50 days ago; nothing refers to it
            {short(sbom)}  -       6 B  referrer-of-removed  it is about {short(one)} (1), which goes; nothing refers to it
            remove 2 images (220 B), keep 2
              keep 1: in use
              keep 1: too young
            references: files 1; not asked: aliases
            """,
            PLAN,
            8,
        )
        ours(f"{line} --dry-run --all-decisions").said(
            f"""\
            DIGEST               TAGS  PLAN     SIZE  RULE                 REASON
            {short(one)}  1     remove  214 B  old                  it is not among the newest 0, created 50 days ago; nothing refers to it
            {short(sbom)}  -     remove    6 B  referrer-of-removed  it is about {short(one)} (1), which goes; nothing refers to it
            {short(two)}  2     keep    214 B  referenced           referenced by pod.yaml:1
            {short(three)}  3     keep    214 B  young                created 3 days ago, which is not more than 10 days
            remove 2 images (220 B), keep 2
            references: files 1; not asked: aliases
            """
        )
        ours(f"{line} -q").said(f"app@{one.digest}\napp@{sbom.digest}\n", PLAN, 8)

    def test_it_is_carried_out(self, ours, app, in_use, registry, team):
        one, _, _, sbom = app
        line = f"prune --keep-last 0 --older-than 10d --by-created --yes {in_use('app:2')}"
        ran = ours(line)
        assert (ran.code, ran.stdout.splitlines()[-1]) == (0, "deleted 2 images (220 B)")
        assert registry.list_tags(f"{team}/app") == ["2", "3"]
        again = json.loads(ours(f"{line} --json").stdout)
        assert (again["applied"], again["results"][0]["deleted"]) == (True, [])
        assert {one.digest, sbom.digest}.isdisjoint(
            decision["image"]["digest"] for decision in again["plans"][0]["decisions"]
        )

    @pytest.mark.usefixtures("app")
    def test_nothing_goes_where_nobody_can_tell(self, ours, registry, team):
        ours("prune app --keep-last 0 --yes --files nowhere").said(
            """\
            remove none, keep 4
              keep 4: may be in use
            SOURCE   ANSWER   WHAT IT SAID
            aliases  skipped  there is no repository here, and --repo names none
            files    failed   nowhere is not there
            """,
            """\
            error: 4 images would go, but may be in use: files: nowhere is not there
            hint: mend that, or leave it out: --skip SOURCE
            """,
            10,
        )
        assert len(registry.list_tags(f"{team}/app")) == 3

    @pytest.mark.usefixtures("app")
    def test_what_has_no_known_age_stays(self, ours, in_use):
        ours(f"prune app --older-than 1d {in_use('app:2')}").said(
            """\
            remove none, keep 4
              keep 2: of no known age
              keep 1: in use
              keep 1: about an image that stays
            references: files 1; not asked: aliases
            """,
            "the registry does not know how old 2 images may be: --by-created goes by what they "
            "say themselves\n",
        )

    def test_what_the_registry_keeps_is_told(self, ours, app, in_use, server):
        server.fail("DELETE", app[3].digest, times=9, status=403)
        ran = ours(f"prune app --remove-tag 1 --keep-last 0 --yes {in_use('app:2')}")
        lines = ran.stdout.splitlines()
        assert lines[-3] == "deleted 0 images (0 B)"
        assert lines[-2].startswith(f"  spared app@{short(app[0])}: ")
        assert lines[-1].startswith(f"  not deleted app@{short(app[3])}: ")
        assert (ran.code, ran.stderr.startswith("error: not deleted: team/app sha256:")) == (
            9,
            True,
        )

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("prune app --yes --dry-run", "--dry-run and --yes exclude each other."),
            ("prune --keep-untagged --untagged-older-than 1d", "--keep-untagged and --untagged"),
            ("prune app --older-than never", "Invalid value for '--older-than'"),
            ("prune app --keep-last -1", "Invalid value for '--keep-last'"),
            ("cleanup", "Say which repository: NAME, or --all."),
            ("cleanup app --all", "Say which repository: NAME, or --all."),
            ("prune app --lifecycle", "host is not ECR"),
        ],
    )
    def test_what_can_not_be_meant(self, ours, line, message):
        ran = ours(line)
        assert (ran.code, ran.stdout) == (2, "")
        assert ran.stderr.startswith(f"error: {message}")


class TestOrphans:
    def test_those_to_which_nothing_refers(self, ours, app, in_use):
        ours(f"orphans --older-than 0 {in_use('app:2')}").said(
            f"""\
            IMAGE  DIGEST
            app:1  {short(app[0])}
            app:3  {short(app[2])}
            2 orphans among 4 images
              besides 1: in use
            SOURCE   ANSWER   WHAT IT SAID
            {SKIPPED}
            files    ok       1 use
            """
        )
        ours(f"orphans app --older-than 0 -q {in_use('app:2')}").said("app:1\napp:3\n")

    @pytest.mark.usefixtures("app")
    def test_a_registry_that_keeps_no_time_of_a_push(self, ours, in_use):
        ours(f"orphans {in_use('app:2')}").said(
            f"""\
            0 orphans among 4 images
              besides 2: of no known age
              besides 1: in use
              besides 1: about an image that stays
            SOURCE   ANSWER   WHAT IT SAID
            {SKIPPED}
            files    ok       1 use
            """,
            "the registry does not know how old 2 images may be: --older-than 0 leaves the age "
            "aside\n",
        )

    @pytest.mark.usefixtures("app")
    def test_the_files_of_the_config_lie_beside_it(self, ours, home, in_use, monkeypatch):
        in_use("app:2")
        (home / ".versioned.toml").write_text('[images]\nfiles = ["pod.yaml"]\n')
        (home / "below").mkdir()
        plan = "prune app --dry-run --all-decisions"
        assert "referenced by pod.yaml:1\n" in ours(plan).stdout
        monkeypatch.chdir(home / "below")
        assert "referenced by /work/pod.yaml:1\n" in ours(plan).stdout

    @pytest.mark.usefixtures("app")
    def test_it_is_no_answer_that_nobody_could_look(self, ours):
        ours("orphans app --older-than 0").said(
            f"""\
            SOURCE   ANSWER   WHAT IT SAID
            {SKIPPED}
            files    skipped  no files were named
            """,
            """\
            error: which images are orphans is not known: no source of references had anything to ask
            hint: say where to look: --files PATH, --repo URL
            """,
            10,
        )
        answer = json.loads(ours("orphans app --json --files nowhere").stdout)
        assert (answer["are_known"], answer["orphans"]) == (False, [])
        assert answer["sources"][1]["answer"] == "failed"
