"""S3Pipeline and S3Release act like boto3's Bucket and Object, and are made to be extended."""

import copy
import pydoc

import boto3
import pytest

from s3pipeline.errors import PromotionConflictError, ReleaseNotFoundError, UnexpectedReleaseError
from s3pipeline.pipeline import S3Pipeline
from s3pipeline.release import S3Release
from versioned.errors import InvalidInputError, InvalidNameError

pytestmark = pytest.mark.only_stores("moto", "ceph")


class TestAPipelineActsLikeABucket:
    def test_what_it_does_not_define_is_asked_of_the_bucket(self, pipeline, bucket, upload):
        upload(b"one", "1")
        assert pipeline.name == bucket.name
        assert [line.key for line in pipeline.objects.filter(Prefix="qa/")] == ["qa/my.tar.gz"]
        assert pipeline.Object("qa/my.tar.gz").get()["Body"].read() == b"one"

    def test_what_neither_has_is_an_attribute_error(self, pipeline):
        with pytest.raises(AttributeError, match="no_such_thing"):
            _ = pipeline.no_such_thing
        assert not hasattr(pipeline, "_private")

    def test_dir_names_both(self, pipeline):
        assert {"promote", "upload_file", "objects"} <= set(dir(pipeline))

    def test_it_can_be_copied(self, pipeline):
        assert copy.copy(pipeline).name == pipeline.name

    def test_it_says_what_it_is(self, pipeline, bucket):
        assert repr(pipeline) == f"S3Pipeline({bucket.name!r}, 'qa, staging, production')"


class TestAReleaseActsLikeAnObject:
    def test_what_it_does_not_define_is_asked_of_the_object(self, upload):
        release = upload(b"one", "1")
        assert release.key == "qa/my.tar.gz"
        assert release.content_length == 3
        assert release.get()["Body"].read() == b"one"

    def test_what_neither_has_is_an_attribute_error(self, upload):
        with pytest.raises(AttributeError, match="no_such_thing"):
            _ = upload(b"one").no_such_thing

    def test_dir_names_both(self, upload):
        assert {"promote", "version", "e_tag"} <= set(dir(upload(b"one")))

    def test_it_says_what_it_is(self, upload, bucket):
        assert repr(upload(b"one")) == f"S3Release('s3://{bucket.name}/qa/my.tar.gz')"

    def test_a_key_that_is_no_release_is_an_error(self, pipeline):
        for key in ("", "qa", "qa/", "qa/folder/a.zip", "archive/a.zip", "archive//a.zip"):
            with pytest.raises(InvalidNameError, match="is no release"):
                S3Release(pipeline, key)


class TestRanks:
    def test_a_pipeline_knows_their_order(self, pipeline):
        assert [pipeline.previous_rank(rank) for rank in pipeline.ranks] == [None, "qa", "staging"]
        assert [pipeline.next_rank(rank) for rank in pipeline.ranks] == [
            "staging",
            "production",
            None,
        ]

    def test_a_release_knows_its_neighbours(self, upload):
        release = upload(b"one")
        assert (release.previous_rank, release.rank, release.next_rank) == (None, "qa", "staging")

    def test_an_archived_one_has_none(self, upload):
        archived = upload(b"one").archive()
        assert (archived.rank, archived.previous_rank, archived.next_rank) == (
            "archive",
            None,
            None,
        )

    def test_releases_are_listed_by_rank(self, pipeline, upload):
        upload(b"one", "1", name="b.zip")
        upload(b"one", "1", name="a.zip")
        pipeline.promote("b.zip", "staging")
        assert [r.filename for r in pipeline.releases("qa")] == ["a.zip", "b.zip"]
        assert [(r.rank, r.filename) for r in pipeline.releases()] == [
            ("qa", "a.zip"),
            ("qa", "b.zip"),
            ("staging", "b.zip"),
        ]

    def test_listing_costs_one_request(self, pipeline, upload, wire):
        for name in ("a.zip", "b.zip", "c.zip"):
            upload(b"one", "1", name=name)
        wire.reset()
        assert len(list(pipeline.releases("qa"))) == 3
        assert wire.operations == {"ListObjectsV2": 1}


class TestPromotingARelease:
    def test_it_goes_to_the_next_rank(self, upload):
        release = upload(b"one", "1").promote()
        assert (release.rank, release.version) == ("staging", "1")
        assert release.promote().rank == "production"

    def test_not_beyond_the_last(self, upload):
        with pytest.raises(InvalidInputError, match="there is no rank after production"):
            upload(b"one").promote().promote().promote()

    def test_not_out_of_the_archive(self, upload):
        with pytest.raises(InvalidInputError, match="there is no rank after archive"):
            upload(b"one").archive().promote()

    def test_another_version_that_took_its_place_is_not_promoted(self, upload, held):
        release = upload(b"one", "1")
        upload(b"two", "2")
        before = held()
        with pytest.raises(UnexpectedReleaseError):
            release.promote()
        assert held() == before

    def test_nor_another_version_of_its_bytes(self, upload, held):
        release = upload(b"one", "1")
        upload(b"one", "2")
        with pytest.raises(UnexpectedReleaseError):
            release.promote()
        assert "staging/my.tar.gz" not in held()

    def test_nor_other_bytes_under_its_version(self, pipeline, put, held):
        put("qa/a.zip", b"one", version="1")
        release = pipeline.release("a.zip", "qa")
        assert release.version == "1"
        put("qa/a.zip", b"two", version="1")
        with pytest.raises(PromotionConflictError):
            release.promote()
        assert "staging/a.zip" not in held()

    def test_after_reload_it_is_what_is_there(self, upload):
        release = upload(b"one", "1")
        upload(b"two!", "2")
        assert (release.version, release.content_length) == ("1", 4)
        release.reload()
        assert (release.version, release.content_length, release.size) == ("2", 4, 4)

    def test_a_release_that_is_gone_says_so(self, pipeline, upload):
        release = upload(b"one")
        assert release.exists()
        release.delete()
        assert not release.exists()
        with pytest.raises(ReleaseNotFoundError):
            release.reload()
        with pytest.raises(ReleaseNotFoundError):
            pipeline.release("my.tar.gz", "qa")


class Signed(S3Release):
    @property
    def signature(self):
        return f"signed {self.version}"


class Guarded(S3Pipeline):
    release_class = Signed

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.told = []

    def new_version(self, uploaded_timestamp):
        return f"build-{uploaded_timestamp}"

    def before_promotion(self, candidate):
        if candidate.rank == "production" and candidate.version != "approved":
            raise PermissionError(f"{candidate.version} is not approved")
        self.told.append(candidate)

    def after_promotion(self, release, *, changed):
        self.told.append((release.rank, release.version, changed))


class TestASubclass:
    @pytest.fixture
    def pipeline(self, bucket):
        return Guarded(bucket, "qa, staging, production")

    def test_says_which_releases_it_makes(self, pipeline, upload):
        upload(b"one", "1")
        upload(b"two", "2")
        made = [
            upload(b"three", "3"),
            pipeline.promote("my.tar.gz", "staging"),
            pipeline.release("my.tar.gz", "qa"),
            pipeline.archive("my.tar.gz", "qa"),
            pipeline.archived_release("my.tar.gz", "1"),
            *pipeline.releases(),
            *pipeline.archived(),
        ]
        assert {type(release) for release in made} == {Signed}
        assert made[0].signature == "signed 3"

    def test_names_uploads_that_have_no_version(self, upload):
        assert upload(b"one").version.startswith("build-1")

    def test_may_refuse_with_every_rank_as_it_was(self, pipeline, upload, held, wire):
        upload(b"one", "1").promote()
        before = held()
        wire.reset()
        with pytest.raises(PermissionError, match="1 is not approved"):
            pipeline.promote("my.tar.gz", "production")
        assert wire.count("PutObject") == 0
        assert held() == before

    def test_learns_what_is_about_to_happen_and_what_happened(self, pipeline, upload):
        upload(b"one", "1", name="dist/a.zip")
        upload(b"two", "2", name="dist/a.zip")
        upload(b"two", "2", name="dist/a.zip")
        first, done, second, *rest = pipeline.told
        assert (first.version, first.replaces, first.path) == ("1", None, "dist/a.zip")
        assert (second.version, second.replaces, second.size) == ("2", "1", 3)
        assert second.sha256 == pipeline.release("a.zip", "qa").sha256
        assert [done, *rest] == [("qa", "1", True), ("qa", "2", True), ("qa", "2", False)]

    def test_is_told_of_the_rank_before(self, pipeline, upload):
        upload(b"one", "1").promote()
        assert pipeline.told[-2].previous_rank == "qa"


def test_a_pipeline_is_made_from_names_and_options(bucket, store_kind, connection_of, write):
    connection = connection_of(store_kind)
    endpoint = connection.pop("endpoint_url")
    session = boto3.Session(**connection)
    made = S3Pipeline(bucket.name, ["qa"], session=session, endpoint_url=endpoint)
    assert made.promote(write("a.zip"), "qa", "1").version == "1"
    options = {**connection, "endpoint_url": endpoint}
    assert S3Pipeline(bucket.name, ["qa"], client_options=options).release("a.zip", "qa").size == 3


def test_help_tells_what_it_is_for():
    for kind in (S3Pipeline, S3Release):
        text = pydoc.plain(pydoc.render_doc(kind))
        assert f"class {kind.__name__}" in text
        for name in ("promote", "archive", "download"):
            assert f" |  {name}(" in text
        public = {n: v for n, v in vars(kind).items() if callable(v) and not n.startswith("_")}
        assert [name for name, value in public.items() if not value.__doc__] == []
