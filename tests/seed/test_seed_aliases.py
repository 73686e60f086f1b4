"""What the first seed's document says of aliases, of its data, and of purging."""

import dataclasses
import pickle
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from versioned.api import exc
from versioned.errors import AliasConflictError, InvalidInputError
from versioned.s3_only_backend import Alias, Artifact
from versioned.targets import ABSENT

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


def numbers(artifacts):
    return [artifact.version for artifact in artifacts]


class TestAliases:
    def test_an_alias_points_at_one_version(self, repo, bsm, publish):
        (version,) = publish("app", b"one")
        alias = repo.put_alias(bsm, "app", "prod", version=1)
        assert alias == repo.get_alias(bsm, "app", "prod")
        assert alias.to_dict() == {
            "name": "app",
            "alias": "prod",
            "update_at": alias.update_at,
            "version": "1",
            "secondary_version": None,
            "secondary_version_weight": None,
            "version_s3uri": version.s3uri,
            "secondary_version_s3uri": None,
        }
        assert list(alias.to_dict()) == [field.name for field in dataclasses.fields(Alias)]
        assert alias.update_at == alias.update_datetime.isoformat(timespec="seconds")
        assert alias.s3path_version.uri == version.s3uri
        assert alias.get_version_content(bsm) == b"one"

    def test_without_a_version_it_points_at_latest(self, repo, bsm, publish):
        publish("app", b"one")
        assert repo.put_alias(bsm, "app", "dev").version == "LATEST"

    def test_without_a_secondary_version_there_is_nothing_to_read(self, repo, bsm, publish):
        publish("app", b"one")
        alias = repo.put_alias(bsm, "app", "prod", 1)
        assert not hasattr(alias, "s3path_secondary_version")
        with pytest.raises(AttributeError):
            alias.get_secondary_version_content(bsm)
        assert {alias.random_artifact() for _ in range(50)} == {alias.version_s3uri}

    def test_a_split_alias_has_both_versions(self, repo, bsm, publish):
        old, new = publish("app", b"one", b"two")
        alias = repo.put_alias(
            bsm, "app", "prod", version=1, secondary_version=2, secondary_version_weight=20
        )
        assert (alias.version, alias.secondary_version) == ("1", "2")
        assert alias.s3path_secondary_version.uri == alias.secondary_version_s3uri == new.s3uri
        assert alias.get_version_content(bsm) == b"one"
        assert alias.get_secondary_version_content(bsm=bsm) == b"two"
        drawn = [alias.random_artifact() for _ in range(2000)]
        assert set(drawn) == {old.s3uri, new.s3uri}
        assert abs(drawn.count(new.s3uri) - 400) < 5 * (2000 * 0.2 * 0.8) ** 0.5

    def test_a_weight_of_zero_draws_the_primary_version_only(self, repo, bsm, publish):
        old, _ = publish("app", b"one", b"two")
        alias = repo.put_alias(bsm, "app", "prod", 1, 2, 0)
        assert {alias.random_artifact() for _ in range(500)} == {old.s3uri}

    def test_a_key_is_always_routed_to_the_same_version(self, repo, bsm, publish):
        publish("app", b"one", b"two")
        alias = repo.put_alias(bsm, "app", "prod", 1, 2, 50)
        routes = [alias.route(f"user-{i}") for i in range(100)]
        assert set(routes) == {"1", "2"}
        assert routes == [alias.route(f"user-{i}") for i in range(100)]

    def test_content_that_is_gone_is_botocores_error(self, repo, bsm, publish):
        publish("app", b"one", b"two")
        alias = repo.put_alias(bsm, "app", "prod", 1, 2, 20)
        repo.purge_artifact(bsm, "app")
        for read in (alias.get_version_content, alias.get_secondary_version_content):
            with pytest.raises(ClientError):
                read(bsm)

    @pytest.mark.parametrize("versions", [(2,), (1, 2, 10)])
    def test_an_alias_of_a_missing_version_is_not_found(self, repo, bsm, publish, versions):
        publish("app", b"one")
        with pytest.raises(exc.ArtifactNotFoundError):
            repo.put_alias(bsm, "app", "prod", *versions)

    def test_a_missing_alias_is_not_found(self, repo, bsm, publish):
        publish("app", b"one")
        with pytest.raises(exc.AliasNotFoundError):
            repo.get_alias(bsm, "app", "prod")

    def test_aliases_are_listed_sorted_and_none_is_no_error(self, repo, bsm, publish):
        assert repo.list_aliases(bsm, "app") == []
        publish("app", b"one")
        made = [repo.put_alias(bsm, "app", alias) for alias in ("dev", "prod", "qa")]
        assert repo.list_aliases(bsm, "app") == made

    def test_a_deleted_alias_is_gone_and_may_be_deleted_again(self, repo, bsm, publish):
        publish("app", b"one")
        repo.put_alias(bsm, "app", "prod")
        repo.delete_alias(bsm, "app", "prod")
        repo.delete_alias(bsm, "app", "prod")
        with pytest.raises(exc.AliasNotFoundError):
            repo.get_alias(bsm, "app", "prod")

    def test_an_expectation_guards_a_write(self, repo, bsm, publish):
        publish("app", b"one", b"two")
        first = repo.put_alias(bsm, "app", "prod", 1, expect=ABSENT, message="launch")
        second = repo.put_alias(bsm, "app", "prod", 2, expect=first)
        for expect in (ABSENT, 1, first):
            with pytest.raises(AliasConflictError):
                repo.put_alias(bsm, "app", "prod", 1, expect=expect)
        assert repo.get_alias(bsm, "app", "prod") == second
        assert repo.put_alias(bsm, "app", "prod", 1, expect=2).version == "1"

    def test_an_alias_made_by_hand_can_not_be_expected(self, repo, bsm, publish):
        publish("app", b"one")
        alias = Alias.from_dict(repo.put_alias(bsm, "app", "prod").to_dict())
        with pytest.raises(InvalidInputError, match="not read from a repository"):
            repo.put_alias(bsm, "app", "prod", 1, expect=alias)


class TestData:
    ARTIFACT = Artifact("app", "3", "2024-01-01T12:00:00Z", "s3://b/app", "abc")
    ALIAS = Alias("app", "prod", "2024-01-01T12:00:00+02:00", "5", "6", 20, "s3://b/5", "s3://b/6")

    @pytest.mark.parametrize("data", [ARTIFACT, ALIAS], ids=["artifact", "alias"])
    def test_it_survives_a_dictionary_and_a_pickle(self, data):
        assert type(data).from_dict(data.to_dict()) == data
        assert pickle.loads(pickle.dumps(data)) == data  # noqa: S301 - our own bytes

    def test_times_are_aware_and_in_utc(self):
        assert self.ARTIFACT.update_datetime == datetime(2024, 1, 1, 12, tzinfo=UTC)
        assert self.ALIAS.update_datetime == datetime(2024, 1, 1, 10, tzinfo=UTC)
        assert self.ALIAS.update_datetime.tzinfo is UTC
        naive = dataclasses.replace(self.ARTIFACT, update_at="2024-01-01T12:00:00")
        assert naive.update_datetime == self.ARTIFACT.update_datetime

    @pytest.mark.parametrize("field", ["name", "update_at"])
    def test_a_missing_field_is_a_type_error(self, field):
        fields = self.ALIAS.to_dict()
        del fields[field]
        with pytest.raises(TypeError):
            Alias.from_dict(fields)


class TestPurging:
    @pytest.fixture
    def five(self, publish):
        return publish("app", b"1", b"2", b"3", b"4", b"5")

    def test_what_is_neither_recent_nor_young_goes(self, repo, bsm, five):
        before = datetime.now(UTC)
        at, deleted = repo.purge_artifact_versions(bsm, "app", 2, 0)
        assert before - timedelta(seconds=2) < at < datetime.now(UTC) + timedelta(seconds=2)
        assert [a.s3uri for a in deleted] == [a.s3uri for a in five[2::-1]]
        assert numbers(repo.list_artifact_versions(bsm, "app")) == ["LATEST", "5", "4"]

    @pytest.mark.usefixtures("five")
    def test_by_default_nothing_young_goes(self, repo, bsm):
        assert repo.purge_artifact_versions(bsm, "app")[1] == []
        assert repo.purge_artifact_versions(bsm, "app", keep_last_n=0)[1] == []

    @pytest.mark.usefixtures("five")
    def test_what_an_alias_points_at_stays_on_both_sides_of_a_split(self, repo, bsm):
        repo.put_alias(bsm, "app", "prod", 1, 3, 10)
        deleted = repo.purge_artifact_versions(
            bsm, name="app", keep_last_n=0, purge_older_than_secs=0
        )[1]
        assert numbers(deleted) == ["5", "4", "2"]

    @pytest.mark.usefixtures("five")
    def test_a_dry_run_tells_the_same_and_deletes_nothing(self, repo, bsm):
        would = repo.purge_artifact_versions(bsm, "app", 2, 0, dry_run=True)[1]
        assert len(repo.list_artifact_versions(bsm, "app")) == 6
        assert repo.purge_artifact_versions(bsm, "app", 2, 0)[1] == would

    def test_purging_versions_of_a_missing_artifact_is_not_found(self, repo, bsm):
        with pytest.raises(exc.ArtifactNotFoundError):
            repo.purge_artifact_versions(bsm, "app")

    @pytest.mark.usefixtures("five")
    def test_a_purged_artifact_is_forgotten_whole(self, repo, bsm, publish):
        publish("app2", b"one")
        repo.put_alias(bsm, "app", "prod", 1)
        for _ in range(2):
            repo.purge_artifact(bsm, "app")
        assert repo.list_artifact_names(bsm) == ["app2"]
        assert repo.list_aliases(bsm, "app") == []
        assert publish("app", b"new")[0].version == "1"

    def test_after_purging_all_the_repository_can_be_used_again(self, repo, bsm, raw, publish):
        publish("one", b"1")
        publish("two", b"2")
        raw.put_object(Bucket=repo.s3_bucket, Key="elsewhere/file", Body=b"not ours")
        repo.purge_all(bsm)
        assert repo.list_artifact_names(bsm) == []
        repo.bootstrap(bsm)
        assert publish("one", b"new")[0].version == "1"
        assert (
            raw.get_object(Bucket=repo.s3_bucket, Key="elsewhere/file")["Body"].read()
            == b"not ours"
        )
