"""`versioned images`: looking at images, naming them, moving their tags, building them."""

import json

import pytest
from image_builders import push_image, push_index, push_referrer
from image_words import ago, short
from runtime_doubles import RuntimeDouble

pytest_plugins = ("images_fixtures",)

SBOM = "application/vnd.cyclonedx+json"


@pytest.fixture(scope="module")
def app(registry):
    """What nobody changes: two tagged images, an index under two tags, and what belongs to them."""
    one = push_image(registry, "app", "1.0", layers=(b"one", b"base"), created=ago(50))
    two = push_image(registry, "app", "1.1", layers=(b"two", b"base"), created=ago(20))
    parts = [
        push_image(registry, "app", None, layers=(f"{platform}".encode(),), platform=platform)
        for platform in ("linux/amd64", "linux/arm64")
    ]
    index = push_index(registry, "app", "2.0", parts)
    registry.put_manifest("app", index, tag="latest")
    sbom = push_referrer(registry, "app", one, SBOM, content=b"sbom")
    signature = push_image(registry, "app", two.digest.replace(":", "-") + ".sig", layers=(b"s",))
    return [one, two, index, *parts, sbom, signature]


class TestLooking:
    def test_tags(self, images, app):
        one, two, index, *_ = app
        images("tags app").said(
            f"""\
            TAG     DIGEST               KIND         SIZE  CREATED
            1.0     {short(one)}  image       295 B      50d
            1.1     {short(two)}  image       295 B      20d
            2.0     {short(index)}  index of 2  368 B        -
            latest  {short(index)}  index of 2  368 B        -
            """,
            "not shown: 2 index parts, 2 attachments; --all shows them\n",
        )

    def test_tags_with_all_that_belongs_to_them(self, images, app):
        _, two, _, amd64, arm64, sbom, signature = app
        ran = images("tags app --all")
        tie = f"sha256-{two.digest[7:19]}...sig"
        assert ran.stderr == ""
        assert ran.stdout.splitlines()[5:] == [
            f"{tie}  {short(signature)}  signature about 1.1  174 B        -",
            *sorted(
                f"-                          {short(image)}  {kind:<19}  {size:>5}        -"
                for image, kind, size in (
                    (amd64, "image of 2.0", "184 B"),
                    (arm64, "image of 2.0", "184 B"),
                    (sbom, "cyclonedx about 1.0", "6 B"),
                )
            ),
        ]

    def test_tags_for_programs(self, images, app):
        one, two, index, *_ = app
        images("tags app -q").said(
            f"""\
            app:1.0@{one.digest}
            app:1.1@{two.digest}
            app:2.0@{index.digest}
            app:latest@{index.digest}
            """
        )
        found = json.loads(images("tags app --json").stdout)
        assert found["ranks"] == {}
        assert {one["standing"] for one in found["images"]} == {"tagged", "part", "attached"}
        assert found["images"][0]["digest"] == one.digest

    def test_repositories(self, images, registry):
        push_image(registry, "list/web", "1.0")
        listed = images("list --prefix list")
        listed.said("NAME  IMAGES\nweb        1\n")
        images("--prefix list list -q").said("web\n")
        (web,) = json.loads(images("list --prefix list --json").stdout)
        assert (web["name"], web["repository"]) == ("web", "list/web")
        assert (web["uri"].rpartition("/")[2], web["image_count"]) == ("web", 1)
        images("list --prefix empty").said(
            "", "no images yet: versioned images build CONTEXT NAME\n"
        )

    def test_an_index(self, images, app):
        _, _, index, amd64, arm64, *_ = app
        images("describe app:latest").said(
            f"""\
            image  host/app:latest@{index.digest}
            tags   2.0, latest
            kind   index of 2 (application/vnd.oci.image.index.v1+json)
            size   368 B
            PLATFORM     DIGEST
            linux/amd64  {amd64.digest}
            linux/arm64  {arm64.digest}
            """
        )
        images("describe app:latest -q").said(f"host/app@{index.digest}\n")

    def test_an_image_with_what_is_attached_to_it(self, images, app):
        one, sbom = app[0], app[5]
        ran = images("describe app:1.0")
        assert ran.stdout.splitlines()[-2:] == [
            "ATTACHED   DIGEST",
            f"cyclonedx  {sbom.digest}",
        ]
        assert json.loads(images("describe app:1.0 --json").stdout)["digest"] == one.digest

    @pytest.mark.usefixtures("app")
    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("tags nope", "error: host has no repository nope, or no tag in it"),
            ("describe app:9", "error: host has no app:9"),
            ("delete-tag app 9", "error: app has no tag '9'"),
        ],
    )
    def test_what_is_not_there(self, images, line, message):
        ran = images(line)
        assert (ran.stdout, ran.code) == ("", 3)
        assert ran.stderr.splitlines()[0] == message


class TestNames:
    """No registry is asked for the name of an image: none of these is there."""

    def test_the_options_come_before_the_config(self, run, home):
        (home / ".versioned.toml").write_text(
            '[images]\nregistry = "one.example.com"\nrepository_prefix = "team"\n'
        )
        run("images uri app").said("one.example.com/team/app:latest\n")
        run("images uri app:1 --registry two.example.com:5000 --prefix ''").said(
            "two.example.com:5000/app:1\n"
        )
        run("images --registry two.example.com uri app -q").said(
            "two.example.com/team/app:latest\n"
        )

    def test_the_table_of_the_config_is_checked(self, run, home):
        (home / ".versioned.toml").write_text("[images]\nregistrie = 'x'\n")
        ran = run("images uri app")
        assert (ran.code, ran.stdout) == (2, "")
        assert ran.stderr.startswith("error: [images] has registrie = 'x'")

    def test_an_alias_is_looked_up_in_the_repository(self, run, images, app):
        assert images("uri app@prod").stderr.startswith(
            "error: host/app has no ranks and no aliases: no repository is there for them\n"
        )
        run("init -q")
        images("record app:1.0").said(f"app@1 is {app[0].digest}\n")
        images("record app:1.0 -q").said("app@1\n")
        run("alias put app@prod 1")
        images("uri app@prod").said(f"host/app@{app[0].digest}\n")

    @pytest.mark.usefixtures("app")
    def test_recording_needs_a_repository(self, images):
        ran = images("record app:1.0")
        assert (ran.code, ran.stdout) == (3, "")
        assert "versioned init makes one" in ran.stderr

    @pytest.mark.parametrize("name", ["app:x y", "UPPER", "app\x1b[31m", "../app", "app@"])
    def test_what_is_no_name(self, images, name):
        ran = images(f"uri '{name}'")
        assert (ran.code, ran.stdout) == (2, "")
        assert "\x1b" not in ran.stderr


class TestMoving:
    def test_a_tag_is_moved(self, images, registry):
        one = push_image(registry, "moving", "1", layers=(b"1",))
        two = push_image(registry, "moving", "2", layers=(b"2",))
        note = "no repository is named or found here: no tag counts as a rank\n"
        images("promote moving:1 --to stable").said(
            f"host/moving:stable is now {short(one)}\n", note
        )
        images("promote moving:2 --to stable").said(
            f"host/moving:stable is now {short(two)}, was {short(one)}\n", note
        )
        images("promote moving:2 --to stable").said(
            f"host/moving:stable is {short(two)} already\n", note
        )
        assert registry.resolve("moving", "stable").digest == two.digest

    def test_more_tags_at_once(self, images, registry):
        one = push_image(registry, "tags", "1")
        images("retag tags:1 a b -q").said(f"host/tags:a@{one.digest}\nhost/tags:b@{one.digest}\n")
        assert [p["moved"] for p in json.loads(images("retag tags:1 b c --json").stdout)] == [
            False,
            True,
        ]

    def test_what_was_done_before_a_failure_is_told(self, images, registry):
        one = push_image(registry, "half", "1")
        ran = images("retag half:1 good 'not good'")
        assert ran.stdout == f"host/half:good is now {short(one)}\n"
        assert (ran.stderr.splitlines()[0], ran.code) == ("error: 'not good' is not a tag", 2)

    def test_only_what_was_tested(self, images, registry):
        one = push_image(registry, "tested", "1")
        ran = images(f"promote tested:1 --to stable --expect sha256:{'0' * 64}")
        assert (ran.code, ran.stdout) == (4, "")
        assert ran.stderr.startswith(f"error: host/tested:1 was expected to be sha256:{'0' * 64}")
        assert images(f"promote tested:1 --to stable --expect {one.digest}").code == 0
        assert images(f"retag tested:1 other --expect {short(one)}").code == 2

    def test_a_copy_takes_along_what_belongs_to_it(self, images, app):
        index = app[2]
        images("copy app:2.0 copies/app:2.0").said(
            f"""\
            host/copies/app:2.0 is now {short(index)}
              copied 3 manifests: 4 blobs mounted
            """
        )
        one = app[0]
        images("copy app:1.0 copies/app:1.0").said(
            f"""\
            host/copies/app:1.0 is now {short(one)}
              copied 2 manifests: 5 blobs mounted, 1 attachment along
            """
        )

    def test_a_rank_lets_in_what_its_gates_let_in(self, run, images, registry):
        one = push_image(registry, "web", "1")
        run("init -q")
        run("pipeline set qa prod")
        run("pipeline gate prod --require smoke")
        images("promote web:1 --to qa").said(f"host/web:qa is now {short(one)} (web@1)\n")
        refused = images("promote web --to prod")
        assert refused.stdout.startswith("verdict:smoke  no verdict")
        assert (refused.stderr.splitlines()[0], refused.code) == (
            "error: web@1 may not go to prod, not met: verdict:smoke",
            10,
        )
        images("promote web --to prod --force -m hurry").said(
            f"host/web:prod is now {short(one)} (web@1); overridden: verdict:smoke\n"
        )
        assert images(f"retag web:1 prod --expect sha256:{'0' * 64}").code == 4
        other = push_image(registry, "web", "prod", layers=(b"by hand",))
        images("tags web").said(
            f"""\
            TAG   DIGEST               KIND    SIZE  RANK
            1     {short(one)}  image  178 B  -
            prod  {short(other)}  image  180 B  holds {short(one)}
            qa    {short(one)}  image  178 B  holds it
            """
        )
        images("retag web@prod prod").said(
            f"host/web:prod is now {short(one)}, was {short(other)}\n"
        )
        assert images("delete-tag web prod --yes").code == 10

    def test_a_rank_whose_tag_is_missing(self, run, images, registry):
        push_image(registry, "lost", "1")
        run("init -q")
        run("pipeline set qa")
        images("promote lost:1 --to qa")
        registry.delete_tag("lost", "qa")
        ran = images("tags lost")
        assert ran.stderr.startswith("warning: qa holds sha256:")
        assert ran.stderr.endswith("no such tag: versioned images retag lost@qa qa\n")


class TestBuilding:
    @pytest.fixture
    def docker(self, home, tmp_path, registry, monkeypatch):
        """Makes something that passes for Docker, and has pushed what the registry has as
        built:1; gives that image."""
        image = push_image(registry, "built", "1")
        said = f"echo 1: digest: {image.digest} size: 1"
        (home / "Dockerfile").write_text("FROM scratch\n")

        def make(writes="", **answers):
            double = RuntimeDouble(
                tmp_path / "bin", "docker", answers={"push*": f"{writes}{said}", **answers}
            )
            double.keep("local:1")
            monkeypatch.setenv("CDK_DOCKER", str(double.program))
            return image

        return make

    def test_what_the_runtime_writes_is_shown_safely(self, images, docker):
        image = docker(r"printf '\033[31mred\033[0m \033]0;x\n5%%\r\r\n6\t7\377\n'; ")
        images("build . built --tag 1").said(
            f"pushed host/built:1@{image.digest} (178 B, linux/amd64, docker)\n",
            f"""\
            built
            red \\x1b]0;x
            5%
            6       7\N{REPLACEMENT CHARACTER}
            1: digest: {image.digest} size: 1
            """,
        )

    def test_for_programs_it_is_kept(self, images, docker):
        image = docker()
        images("build . built --tag 1 -q").said(f"host/built@{image.digest}\n")
        images("push built local:1 --tag 1 -q").said(f"host/built@{image.digest}\n")
        answer = json.loads(images("build . built --tag 1 --json").stdout)
        assert (answer["digest"], answer["platforms"]) == (image.digest, ["linux/amd64"])

    def test_and_its_end_is_shown_when_it_fails(self, images, docker):
        docker(**{"build*": "echo no space; echo 'disk full' >&2; exit 3"})
        for line in ("", "-q", "--json"):
            ran = images(f"build . built --tag 1 {line}")
            assert (ran.code, ran.stdout) == (1, "")
            assert ran.stderr.count("no space") == 1
        assert json.loads(ran.stderr)["output"] == "no space\ndisk full\n"

    @pytest.mark.parametrize(
        ("line", "code", "message"),
        [
            ("build .. app", 2, "error: the build context '..' is not taken"),
            ("build nope app", 3, "error: there is no build context 'nope'"),
            ("build . app --platform vax", 2, "error: 'vax' is no platform"),
            ("build . app --build-arg x", 2, "error: Invalid value for '--build-arg'"),
            ("build . app --build-arg x=1 --build-arg x=2", 2, "error: --build-arg x is given"),
            ("build . App", 2, "error: 'App' is not an image name"),
            ("push app --tag 1", 2, "error: Missing argument 'LOCAL_IMAGE'"),
        ],
    )
    def test_what_can_not_be_built(self, images, docker, line, code, message):
        docker()
        ran = images(line)
        assert (ran.code, ran.stdout) == (code, "")
        assert ran.stderr.startswith(message)

    def test_no_runtime(self, images, home, monkeypatch):
        (home / "Dockerfile").write_text("FROM scratch\n")
        monkeypatch.setenv("CDK_DOCKER", "/nowhere/docker")
        ran = images("build . app --json")
        assert (ran.code, json.loads(ran.stderr)["error"]) == (1, "container-runtime-not-found")


class TestWhereTheRanksAre:
    """The repository is found as far up as the table that says where images are."""

    @pytest.fixture
    def below(self, run, registry, home, monkeypatch):
        run("init -q")
        run("pipeline set qa prod -q")
        (home / ".versioned.toml").write_text(f'[images]\nregistry = "{registry.host}"\n')
        (home / "deep" / "er").mkdir(parents=True)
        monkeypatch.chdir(home / "deep" / "er")
        return run

    def test_a_rank_is_a_rank_in_every_directory_below(self, below, registry):
        push_image(registry, "ranked", "1")
        refused = below("images promote ranked:1 --to prod")
        assert (refused.code, "order" in refused.stderr) == (10, True)
        assert below("images retag ranked:1 qa").code in {3, 10}
        assert "prod" not in registry.list_tags("ranked")

    def test_a_plain_tag_beside_ranks_is_said_to_ask_no_gate(self, below, registry):
        push_image(registry, "typed", "1")
        assert below("images promote typed:1 --to prdo").stderr == (
            "prdo is none of the ranks qa, prod: no gate was asked\n"
        )

    def test_who_rolls_a_rank_back_is_told_how_its_tag_follows(self, below, registry):
        for tag in ("1", "2"):
            push_image(registry, "rolled", tag, layers=(tag.encode(),))
            below(f"images promote rolled:{tag} --to qa")
        told = below("--repo ../../.versioned rollback rolled@qa").stderr
        assert told == (
            "if rolled is an image, let its tag follow: versioned images retag rolled@qa qa\n"
        )

    def test_the_table_may_lie_elsewhere(self, run, registry, home):
        run("init -q")
        run("pipeline set qa prod -q")
        config = home.parent / "home" / ".config" / "versioned" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(f'[images]\nregistry = "{registry.host}"\n')
        push_image(registry, "elsewhere", "1")
        assert run("images promote elsewhere:1 --to prod").code == 10
