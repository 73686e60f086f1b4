"""Files of Kubernetes, Kustomize, Compose and Helm: every image that they may use, or an error."""

import json
import os
import time

import pytest

from versioned.errors import InvalidInputError, NotFoundError
from versioned.images.sources.base import SourceSkippedError
from versioned.images.sources.files import FilesSource

A = "sha256:" + "a" * 64


@pytest.fixture
def images_of(tmp_path):
    """What files of these contents use, as texts without who uses it."""

    def find(files, paths=(".",)):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("DIGEST", A))
        try:
            uses = FilesSource([tmp_path / path for path in paths]).uses()
        except SourceSkippedError:
            return set()
        return {words(use) for use in uses}

    return find


def words(use):
    host = f"{use.registry}/" if use.registry else ""
    tag = f":{use.tag}" if use.tag else ""
    digest = "@a" if use.digest == A else f"@{use.digest}" if use.digest else ""
    return f"{host}{use.repository or ''}{tag}{digest}"


class TestKubernetes:
    def test_images_of_every_kind_and_depth_count(self, images_of):
        text = """
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      initContainers: [{name: init, image: r.io/init:1}]
      containers:
        - image: r.io/app:1.4   # the one that serves
        - {"image": "r.io/side@DIGEST"}
---
kind: CronJob
spec: {jobTemplate: {spec: {template: {spec: {containers: [{image: team/cron}]}}}}}
---
kind: List
items:
  - kind: SomethingOfOurs
    spec: {worker: {image: localhost:5000/x:2}}
"""
        expected = {"r.io/init:1", "r.io/app:1.4", "r.io/side@a", "@a", "team/cron"}
        assert images_of({"all.yaml": text}) == {*expected, "localhost:5000/x:2"}

    def test_who_uses_it_is_the_file_and_the_line(self, tmp_path):
        (tmp_path / "web.yaml").write_text("kind: Pod\nspec:\n  containers:\n  - image: app:1\n")
        (use,) = FilesSource([tmp_path / "web.yaml"]).uses()
        assert use.user == f"{tmp_path / 'web.yaml'}:4"

    def test_json_counts_too(self, images_of):
        document = {"items": [{"spec": {"containers": [{"image": "r.io/app:1"}]}}]}
        assert images_of({"all.json": json.dumps(document, indent="\t")}) == {"r.io/app:1"}

    def test_no_image_is_nothing(self, images_of):
        text = "a: {image: ''}\nb: {image: null}\nc: {image: ~}\nd:\n  image:\ne: {image: [x]}\n"
        assert images_of({"a.yaml": text}) == set()

    def test_keys_that_repeat_aliases_and_merged_keys_all_count(self, images_of):
        text = "x: &x {image: app:1}\ny: {<<: *x, image: app:2, image: app:3}\nz: *x\n"
        assert images_of({"a.yaml": text}) == {"app:1", "app:2", "app:3"}

    def test_an_image_in_full_counts_wherever_it_stands(self, images_of):
        text = (
            "env: [{name: RELATED_IMAGE, value: r.io/operand:1}]\n"
            "args: ['--image=r.io/sidecar:2.']\n"
            "script: |\n  docker run -it r.io:5000/tool:3 sh\n"
            f"annotations: {{digest: '{A}', schema: json.schemastore.org/x, kind: apps.io/v1}}\n"
        )
        expected = {"r.io/operand:1", "r.io/sidecar", "r.io:5000/tool:3", "@a"}
        assert images_of({"a.yaml": text}) - {"json.schemastore.org/x"} == expected

    @pytest.mark.parametrize(
        "text",
        [
            "value: r.io/team/app:${TAG}",
            "value: r.io/team/app:$(params.TAG)",
            "value: r.io/team/app:{{ tag }}",
            "value: r.io/team/app:1.0-$X",
            "baseImage: r.io/team/app",
            "Image: !Sub 'r.io/team/app:${Tag}'",
            "arg: see r.io/team/app.",
        ],
    )
    def test_without_a_plain_tag_behind_it_that_is_the_whole_repository(self, images_of, text):
        assert images_of({"a.yaml": text}) == {"r.io/team/app"}

    def test_nothing_is_given_back_of_a_tag(self, images_of):
        assert images_of({"a.yaml": "args: ['--image=r.io/app:1.0-']"}) == {"r.io/app:1.0-"}

    def test_versions_of_apis_and_labels_are_no_images(self, images_of):
        text = "apiVersion: x.example.com/v1beta1\nkey: app.kubernetes.io/name\n"
        assert images_of({"a.yaml": text}) == set()

    def test_an_anchor_counts_in_every_place_where_it_is_used(self, images_of):
        text = "base: &b\n  repository: r.io/app\nweb: {image: *b}\nmeta: {source: *b}\n"
        assert images_of({"a.yaml": text}) == {"r.io/app"}

    def test_a_chart_in_a_registry_counts(self, images_of):
        text = "dependencies: [{name: app, version: 1.0.0, repository: 'oci://r.io/team'}]\n"
        assert "r.io/team/app" in images_of({"Chart.yaml": text})

    def test_a_value_with_a_tag_of_its_own_is_no_image(self, images_of):
        with pytest.raises(InvalidInputError, match=r"a\.yaml:1: .*!"):
            images_of({"a.yaml": "image: !Ref Image\n"})


class TestKustomize:
    def test_new_names_tags_and_digests_count(self, images_of):
        text = f"""
kind: Kustomization
images:
  - {{name: app, newTag: "2"}}
  - {{name: PLACEHOLDER, newName: r.io/web, newTag: v3}}
  - {{name: r.io/db, digest: "{A}"}}
  - {{name: nothing-changes}}
"""
        expected = {"app:2", "r.io/web:v3", "r.io/db@a", "@a"}
        assert images_of({"kustomization.yaml": text}) == expected

    def test_without_a_new_tag_any_tag_of_the_base_may_be_meant(self, images_of):
        text = "images: [{name: app, newName: r.io/app}]"
        assert images_of({"Kustomization": text}) == {"r.io/app"}

    def test_a_number_as_a_tag_may_be_written_otherwise_in_the_end(self, images_of):
        text = "images: [{name: r.io/app, newTag: 1.10}]"
        assert images_of({"kustomization.yml": text}) == {"r.io/app:1.10", "r.io/app"}

    def test_a_patch_of_an_image_counts(self, images_of):
        text = "- {op: replace, path: /spec/template/spec/containers/0/image, value: app:7}\n"
        assert images_of({"patch.yaml": text}) == {"app:7"}


class TestCompose:
    def test_a_tag_that_depends_on_a_variable_may_be_any(self, images_of):
        text = """
services:
  a: {image: "r.io/a:${TAG}"}
  b: {image: "r.io/b:${TAG:-1.0}"}
  c: {image: "${REGISTRY:-r.io}/c:3"}
  e: {image: "${REGISTRY-${OTHER:-r.io}}/e@DIGEST"}
  f: {build: .}
"""
        assert images_of({"compose.yaml": text}) == {"r.io/a", "r.io/b", "c:3", "e@a", "@a"}

    @pytest.mark.parametrize("registry", ["${R:-docker.io}", "$R", "${R:+x}", "r.${R}.io"])
    def test_a_registry_that_depends_on_a_variable_may_be_any(self, images_of, registry):
        text = f"services: {{a: {{image: '{registry}/team/app:1'}}}}"
        assert images_of({"compose.yaml": text}) == {"team/app:1"}

    @pytest.mark.parametrize("image", ["$IMAGE", "r.io/${NAME}:1", "${IMAGE:-r.io/d:4}"])
    def test_a_repository_that_depends_on_a_variable_is_an_error(self, images_of, image):
        with pytest.raises(InvalidInputError, match=r"compose\.yaml:3: .*which repository"):
            images_of({"compose.yaml": f"services:\n  a:\n    image: {image}\n"})

    def test_the_file_env_beside_it_says_what_variables_are(self, images_of):
        settings = "# ours\nexport REGISTRY='r.io'\nTAG=3 # now\n"
        files = {"compose.prod.yml": "services: {a: {image: '${NAME}:$TAG'}}"}
        assert images_of(files | {".env": f"NAME=r.io/app\n{settings}"}) == {"r.io/app"}

    def test_no_other_file_takes_values_from_it(self, images_of):
        files = {"deploy.yaml": "image: r.io/${NAME}:1", ".env": "NAME=app\n"}
        with pytest.raises(InvalidInputError, match="which repository"):
            images_of(files)


CHART = {"chart/Chart.yaml": "name: web\nversion: 1.0.0\nappVersion: '9'\n"}
TEMPLATE = """
{{- if .Values.enabled }}
spec:
  - image: "{{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
{{- end }}
"""


class TestHelm:
    def test_the_parts_of_values_make_an_image(self, images_of):
        text = f"""
image: {{registry: r.io, repository: team/web, tag: "1.4"}}
worker: {{image: {{repository: r.io/worker, tag: v2, digest: "{A}"}}}}
sidecar: {{image: r.io/side:3}}
metricsImage: {{repository: r.io/metrics, tag: "4"}}
images: {{proxy: {{repository: r.io/proxy, tag: "5"}}}}
"""
        expected = {"r.io/team/web:1.4", "r.io/worker:v2@a", "@a", "r.io/side:3", "r.io/metrics:4"}
        assert images_of({"values.yaml": text}) == {*expected, "r.io/proxy:5"}

    def test_parts_that_are_merged_in_count(self, images_of):
        text = "base: &b {repository: r.io/web}\nimage: {<<: [*b, {tag: '1'}], digest: null}"
        assert images_of({"values.yaml": text}) == {"r.io/web:1"}

    @pytest.mark.parametrize("tag", ["", "tag: ''", "tag: null", "tag: '{{ .x }}'"])
    def test_without_a_tag_the_whole_repository_counts(self, images_of, tag):
        text = f"image:\n  repository: r.io/web\n  {tag}\n"
        assert images_of(CHART | {"chart/values.yaml": text}) == {"r.io/web"}

    def test_a_tag_that_is_a_number_may_be_written_otherwise_in_the_end(self, images_of):
        text = "image: {repository: r.io/web, tag: 1.10}"
        assert images_of({"values.yaml": text}) == {"r.io/web:1.10", "r.io/web"}

    def test_values_for_a_place_take_the_repository_from_the_chart(self, images_of):
        values = {"chart/values.yaml": "image: {repository: r.io/web, tag: '1'}"}
        other = {"envs/prod.yaml": "web: {image: {tag: '2'}}"}
        assert images_of(CHART | values | other) == {"r.io/web:1", "r.io/web:2"}

    def test_without_any_chart_that_is_an_error(self, images_of):
        with pytest.raises(InvalidInputError, match=r"prod\.yaml:2: .*no repository"):
            images_of({"prod.yaml": "image:\n  tag: '2'\n"})

    def test_parts_that_may_be_something_else_are_no_error(self, images_of):
        text = "source: {repository: 'https://git.example.com/x', tag: v1}"
        assert images_of({"a.yaml": text}) == set()
        with pytest.raises(InvalidInputError, match=r"b\.yaml:1: "):
            images_of({"b.yaml": "image: {repository: 'https://x', tag: v1}"})

    def test_a_registry_for_all_images_counts_beside_their_own(self, images_of):
        text = "global: {imageRegistry: corp.io}\nimage: {registry: r.io, repository: web, tag: a}"
        other = {"envs/values-prod.yaml": "global: {imageRegistry: prod.io}"}
        found = images_of(CHART | {"chart/values.yaml": text} | other)
        assert found == {"r.io/web:a", "corp.io/web:a", "prod.io/web:a"}

    def test_a_registry_alone_in_other_values_counts_beside_it(self, images_of):
        files = {
            "chart/values.yaml": "image: {registry: docker.io, repository: web, tag: a}",
            "chart/values-prod.yaml": "image: {registry: r.io}",
            "env/release.yaml": "spec: {values: {global: {imageRegistry: corp.io}}}",
        }
        assert {"r.io/web:a", "corp.io/web:a"} < images_of(CHART | files)

    def test_a_template_takes_its_image_from_the_values(self, images_of):
        values = {"chart/values.yaml": "image: {registry: r.io, repository: web, tag: '1'}"}
        files = CHART | values | {"chart/templates/deploy.yaml": TEMPLATE}
        assert images_of(files) == {"r.io/web:1"}

    def test_a_template_without_such_values_is_an_error(self, images_of):
        files = CHART | {
            "chart/values.yaml": "enabled: true",
            "chart/templates/deploy.yaml": TEMPLATE,
        }
        with pytest.raises(InvalidInputError, match=r"deploy\.yaml:4: .*which repository"):
            images_of(files)

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ("image: r.io/fixed:1 # pinned", {"r.io/fixed:1"}),
            ("image: 'r.io/fixed:{{ .Values.tag }}'", {"r.io/fixed"}),
            ("- image: {{ .Values.host }}/fixed:1", {"fixed:1"}),
            ('image: {{ include "web.image" . | quote }}', {"r.io/web"}),
            ("image: {{ .image }}:{{ .tag }}", {"r.io/web"}),
            ("image: {{ .Values.image.repository }}:v{{ .Values.image.tag }}", {"r.io/web"}),
            ("image: {{ .Values.image.repository }}:{{ .Values.image.tag }}-a", {"r.io/web"}),
            ("image: {{ .Values.image.repository }}:{{ .Values.other.tag }}", {"r.io/web"}),
            ("image: {{ .Values.image.repository }}:{{ .Chart.AppVersion }}", {"r.io/web"}),
            ("image: {{ .Values.image.repository }}:2", {"r.io/web"}),
            ("image: {{ .Values.image.repository }}", {"r.io/web"}),
            ("image: {{ .Values.image.repository }}:{{ .Values.image.tag | quote }}", set()),
            ("image: {{ .Values.global.registry }}/{{ .Values.image.repository }}:1", {"r.io/web"}),
            ("image: our.io/{{ .Values.image.repository }}:1", {"our.io/r.io/web:1"}),
            ("image:", set()),
            ("imagePullPolicy: Always", set()),
            ("value: r.io/anywhere:1", {"r.io/anywhere:1"}),
        ],
    )
    def test_lines_of_templates(self, images_of, line, expected):
        values = "host: h.io\nimage: {repository: r.io/web, tag: '1'}"
        files = {"chart/values.yaml": values, "chart/templates/sub/x.tpl": f"{{{{ x }}}}\n  {line}"}
        assert images_of(CHART | files) == {"r.io/web:1", *expected}

    @pytest.mark.parametrize(
        "line",
        [
            "image: our.io/team/{{ .Values.name }}:1",
            "image: {{ .Values.other.repository }}:1",
            "image: {{ .Values.prefix }}{{ .Values.image.repository }}",
            "image: >-",
            "image: NoImage:1",
        ],
    )
    def test_lines_whose_repository_nobody_knows_are_errors(self, images_of, line):
        values = "image: {repository: r.io/web, tag: '1'}"
        files = {"chart/values.yaml": values, "chart/templates/x.yaml": line}
        with pytest.raises(InvalidInputError, match=r"x\.yaml:1: "):
            images_of(CHART | files)

    def test_a_chart_inside_gets_values_from_the_one_above(self, images_of):
        files = {
            "chart/values.yaml": "db: {image: {repository: r.io/db, tag: '7'}}",
            "chart/charts/db/Chart.yaml": "name: db",
            "chart/charts/db/templates/x.yaml": "image: {{ .Values.image.repository }}:{{ .Values.image.tag }}",
        }
        assert images_of(CHART | files) == {"r.io/db:7"}

    def test_values_inside_a_manifest_of_argo_count(self, images_of):
        text = "spec:\n  source:\n    helm:\n      values: |\n        image:\n          repository: r.io/x\n          tag: '1'\n"
        assert images_of({"app.yaml": text}) == {"r.io/x:1"}


class TestWhatCanNotBeRead:
    @pytest.mark.parametrize(
        ("name", "text", "line"),
        [
            ("a.yaml", "a: 1\nb: [\n", 3),
            ("a.yaml", "a: 1\nb: {{ x }}: {{ y }}\n", 2),
            ("a.yaml", "a: *nobody\n", 1),
            ("a.json", '{"a": 1,\n "b": }', 2),
            ("a.yaml", "a: 1\nimage: Not An Image\n", 2),
            ("a.yaml", "image: https://example.com/logo.png\n", 1),
            ("a.json", '{"a": 1,\n"image": "UPPER"}', 2),
            ("a.yaml", "[" * 1000, 1),
            ("a.json", "[" * 200 + "]" * 200, 1),
            ("a.yaml", "".join(f"{' ' * i}a:\n" for i in range(200)), 101),
        ],
    )
    def test_names_the_file_and_the_line(self, images_of, name, text, line):
        with pytest.raises(InvalidInputError, match=rf"{name}:{line}\b"):
            images_of({name: text})

    def test_a_path_that_is_not_there(self, images_of):
        with pytest.raises(NotFoundError, match="nowhere is not there"):
            images_of({}, ["nowhere"])

    def test_a_directory_without_any_manifest(self, images_of):
        with pytest.raises(InvalidInputError, match="no file of YAML or JSON"):
            images_of({"README.md": "image: app:1"})

    @pytest.mark.parametrize("text", ["", "# nothing\n", "Error no template\n", "--- \n"])
    def test_a_file_that_says_nothing(self, images_of, text):
        with pytest.raises(InvalidInputError, match="no mapping"):
            images_of({"all.yaml": text})

    @pytest.mark.parametrize("name", ["d.yaml.j2", "v.yaml.gotmpl", "d.yml.tftpl", "charts/x.tgz"])
    def test_what_only_others_can_read(self, images_of, name):
        with pytest.raises(InvalidInputError, match=rf"{name} is a"):
            images_of({"Chart.yaml": "name: x", "values.yaml": "image: r.io/x:1", name: "x"})

    def test_a_link_to_nothing(self, images_of, tmp_path):
        (tmp_path / "prod").symlink_to(tmp_path / "not-mounted")
        with pytest.raises(InvalidInputError, match="prod is a link to nothing"):
            images_of({"a.yaml": "image: r.io/x:1"})

    def test_names_in_capitals_are_read_too(self, images_of):
        assert images_of({"d.YAML": "image: r.io/x:1", "e.JSON": "{}"}) == {"r.io/x:1"}

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("kustomization.yaml", "resources: [../base, 'https://example.com/x?ref=1']"),
            ("kustomization.yaml", "components: [../base/compose.yaml, 'git@example.com:x/y']"),
            ("compose.yaml", "services: {a: {extends: {file: ../base/compose.yaml, service: a}}}"),
            ("compose.yaml", "include: [../base/compose.yaml]"),
            ("compose.yaml", "include: [{path: ../base/compose.yaml}]"),
        ],
    )
    def test_files_that_a_file_adds_are_read(self, images_of, name, text):
        base = {"base/compose.yaml": "services: {a: {image: 'r.io/x:1'}}"}
        assert images_of(base | {f"prod/{name}": text}, ["prod"]) == {"r.io/x:1"}
        with pytest.raises(InvalidInputError, match="is not there"):
            images_of({f"prod/{name}": text.replace("base", "nowhere")}, ["prod"])

    def test_what_is_no_text_or_too_large_or_no_file(self, tmp_path):
        (tmp_path / "a.yaml").write_bytes(b"a: 1\nb: \xff\n")
        (tmp_path / "b.yaml").write_bytes(b"#" * (8 * 1024 * 1024 + 1))
        os.mkfifo(tmp_path / "c.yaml")
        (tmp_path / "d.yaml").symlink_to("nowhere")
        for name, problem in (("a", "line 2"), ("b", "bytes"), ("c", "no file"), ("d", "not")):
            path = tmp_path / f"{name}.yaml"
            with pytest.raises((InvalidInputError, NotFoundError), match=problem):
                FilesSource([path]).uses()
        with pytest.raises(InvalidInputError):
            FilesSource([tmp_path]).uses()

    def test_nothing_named_is_nothing_to_ask(self):
        with pytest.raises(SourceSkippedError):
            FilesSource([]).uses()


class TestHostileFiles:
    def test_links_in_a_circle_end(self, tmp_path):
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / "up").symlink_to(tmp_path)
        (tmp_path / "sub" / "a.yaml").write_text("image: app:1")
        assert len(list(FilesSource([tmp_path]).uses())) == 1

    def test_aliases_of_aliases_do_not_multiply(self, images_of):
        lines = ["a0: &a0 [{image: app:1}]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
        started = time.process_time()
        assert images_of({"a.yaml": "\n".join(lines)}) == {"app:1"}
        assert time.process_time() - started < 5

    @pytest.mark.parametrize(
        "lines",
        [
            ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: *a{n - 1}}}" for n in range(1, 2000))],
            [f"all: &all [{', '.join(['{a: 1}'] * 2000)}]", *(f"a{n}: {{<<: *all}}" for n in range(9))],
        ],
        ids=["one after the other", "all at once"],
    )  # fmt: skip
    def test_mappings_that_merge_each_other_by_the_thousand_are_refused(self, images_of, lines):
        with pytest.raises(InvalidInputError, match=r"a\.yaml:\d+.* merges"):
            images_of({"a.yaml": "\n".join(lines)})

    def test_an_alias_to_what_is_around_it_ends(self, images_of):
        text = "a: &a {image: app:1, b: *a, <<: *a, image: {repository: x, tag: '1', <<: *a}}"
        assert images_of({"a.yaml": text}) == {"app:1", "x:1"}

    def test_parts_that_repeat_do_not_multiply_for_ever(self, images_of):
        many = ", ".join(f"repository: r{n}, tag: 't{n}'" for n in range(50))
        with pytest.raises(InvalidInputError, match="more than 100"):
            images_of({"a.yaml": f"image: {{{many}}}"})

    def test_no_tag_of_yaml_makes_an_object(self, images_of):
        text = "a: !!python/object/apply:os.system ['exit 1']\nimage: app:1\n"
        assert images_of({"a.yaml": text}) == {"app:1"}
