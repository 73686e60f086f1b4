"""Tokens: who may do what, until when, and that nobody learns them from what is stored."""

import json
from datetime import timedelta

import pytest
from package_making import contents, publish, wheel

from doubles import TappedStore
from versioned.errors import ContaminatedError, InvalidInputError
from versioned.packages import Packages
from versioned.packages.errors import (
    InvalidPackageError,
    PackageRepositoryNotFoundError,
    TokenNotFoundError,
)
from versioned.packages.tokens import Scope, parse_scopes

READ = {"AbcDev": [Scope.READ]}


class ClockStore(TappedStore):
    """A store whose clock is set by hand."""

    ahead = timedelta()

    def now(self):
        return self.inner.now() + self.ahead


@pytest.fixture
def clock(local_packages):
    return ClockStore(local_packages.context.store)


def ended(packages, made):
    return packages.find_token(made.secret) is None


class TestScopes:
    def test_a_token_may_what_its_scopes_say_and_nothing_else(self, local_packages):
        made = local_packages.create_token("ci", {"AbcDev": [Scope.READ, Scope.PUBLISH]})
        found = local_packages.find_token(made.secret)
        assert found == made.token
        allowed = {(r, s) for r in ("AbcDev", "AbcProd") for s in Scope if found.allows(r, s)}
        assert allowed == {("AbcDev", Scope.READ), ("AbcDev", Scope.PUBLISH)}

    def test_an_administrator_may_everything_there(self, local_packages):
        token = local_packages.create_token("ops", {"AbcDev": [Scope.ADMIN]}).token
        assert all(token.allows("AbcDev", one) for one in Scope)
        assert not any(token.allows("AbcProd", one) for one in Scope)

    def test_a_star_means_every_repository(self, local_packages):
        token = local_packages.create_token("all", {"*": [Scope.READ]}).token
        assert token.allows("AbcProd", Scope.READ)
        assert not token.allows("AbcProd", Scope.PUBLISH)

    def test_scopes_are_read_as_they_are_written(self):
        assert parse_scopes(["AbcDev:read,publish", "*:read", "AbcDev:read,promote"]) == {
            "AbcDev": (Scope.READ, Scope.PUBLISH, Scope.PROMOTE),
            "*": (Scope.READ,),
        }

    @pytest.mark.parametrize(
        "text", ["", "AbcDev", "AbcDev:", ":read", "AbcDev:write", "Abc Dev:read", "../x:read"]
    )
    def test_what_is_no_scope_is_refused(self, text):
        with pytest.raises(InvalidInputError):
            parse_scopes([text])

    @pytest.mark.parametrize("scopes", [{}, {"AbcDev": []}])
    def test_a_token_that_may_nothing_is_not_made(self, local_packages, scopes):
        with pytest.raises(InvalidInputError):
            local_packages.create_token("ci", scopes)

    def test_a_token_is_of_repositories_that_are_there(self, local_packages):
        with pytest.raises(PackageRepositoryNotFoundError):
            local_packages.create_token("ci", {"AbcQa": [Scope.READ]})
        with pytest.raises(InvalidPackageError):
            local_packages.create_token("ci", {"../AbcDev": [Scope.READ]})

    @pytest.mark.parametrize("name", ["", " ", "a\nb", "\x1b[2J", "x" * 2001])
    def test_a_token_needs_a_name_that_can_be_shown(self, local_packages, name):
        with pytest.raises(InvalidInputError):
            local_packages.create_token(name, READ)


class TestTheEndOfTokens:
    def test_a_token_ends_by_the_clock_of_the_store(self, local_packages, clock):
        made = local_packages.create_token("ci", READ, seconds=3600)
        packages = Packages(clock)
        clock.ahead = timedelta(seconds=3500)
        assert not ended(packages, made)
        clock.ahead = timedelta(seconds=3601)
        assert ended(packages, made)

    def test_a_token_without_an_end_goes_on(self, local_packages, clock):
        made = local_packages.create_token("ci", READ)
        clock.ahead = timedelta(days=3650)
        assert not ended(Packages(clock), made)

    @pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), 10**12])
    def test_an_end_that_can_not_be_meant_is_refused(self, local_packages, seconds):
        with pytest.raises(InvalidInputError):
            local_packages.create_token("ci", READ, seconds=seconds)

    def test_a_revoked_token_ends_at_once_and_its_record_stays(self, packages):
        made = packages.create_token("ci", READ)
        revoked = packages.revoke_token(made.token.identity)
        assert revoked.revoked_at is not None
        assert ended(packages, made)
        assert packages.list_tokens() == [revoked]
        assert packages.revoke_token(made.token.identity) == revoked

    @pytest.mark.parametrize("identity", ["0123456789abcdef", "x"])
    def test_a_token_that_is_not_there_is_not_revoked(self, local_packages, identity):
        with pytest.raises(TokenNotFoundError):
            local_packages.revoke_token(identity)

    @pytest.mark.parametrize("identity", ["../AbcDev", "a/b", ""])
    def test_what_names_no_token_is_refused(self, local_packages, identity):
        with pytest.raises(InvalidInputError):
            local_packages.revoke_token(identity)

    @pytest.mark.parametrize("revoked", [0, 1, 2])
    def test_a_token_ends_with_every_one_that_it_was_made_from(self, local_packages, revoked):
        line = [local_packages.create_token("first", {"*": [Scope.ADMIN]})]
        for name in ("second", "third"):
            line.append(local_packages.create_token(name, READ, parent=line[-1].token))
        assert not ended(local_packages, line[-1])
        local_packages.revoke_token(line[revoked].token.identity)
        assert [ended(local_packages, one) for one in line] == [n >= revoked for n in range(3)]

    def test_a_token_ends_where_the_record_of_its_parent_is_missing(self, local_packages):
        parent = local_packages.create_token("first", READ)
        made = local_packages.create_token("second", READ, parent=parent.token)
        local_packages.context.store.delete_many([f".tokens/{parent.token.identity}.json"])
        assert ended(local_packages, made)

    def test_the_record_of_a_token_goes_with_that_of_its_parent(self, local_packages):
        parent = local_packages.create_token("first", READ)
        made = local_packages.create_token("second", READ, parent=parent.token)
        local_packages.revoke_token(parent.token.identity)
        gone = {one.identity for one in local_packages.prune_tokens()}
        assert gone == {parent.token.identity, made.token.identity}

    @pytest.mark.parametrize(
        "scopes", [{"AbcDev": [Scope.PUBLISH]}, {"AbcProd": [Scope.READ]}, {"*": [Scope.READ]}]
    )
    def test_a_token_that_is_made_from_another_may_no_more_than_that(self, local_packages, scopes):
        parent = local_packages.create_token("first", READ).token
        with pytest.raises(InvalidInputError, match="from one that may not"):
            local_packages.create_token("second", scopes, parent=parent)

    def test_records_of_tokens_that_ended_are_removed_and_no_others(self, packages):
        made = [packages.create_token(name, READ) for name in ("a", "b")]
        packages.revoke_token(made[0].token.identity)
        assert [one.name for one in packages.prune_tokens()] == ["a"]
        assert [one.name for one in packages.list_tokens()] == ["b"]


class TestSecrets:
    def test_a_token_is_told_once_and_kept_nowhere(self, packages, store):
        made = packages.create_token("ci", READ)
        publish(packages, wheel())
        secret = made.secret.rpartition("-")[2]
        for text in (repr(made), str(made), repr(made.token), json.dumps(made.token.to_dict())):
            assert secret not in text
        assert not [key for key, raw in contents(store).items() if secret.encode() in raw]
        assert "sha256" not in made.token.to_dict()

    def test_another_secret_under_the_same_identity_is_no_token(self, local_packages):
        made = local_packages.create_token("ci", READ)
        assert (
            local_packages.find_token(made.secret[:-1] + ("0" if made.secret[-1] != "0" else "1"))
            is None
        )

    @pytest.mark.parametrize(
        "secret",
        ["", "vt-", "vt-../../x-" + "a" * 64, "vt-" + "a" * 16 + "-" + "g" * 64, "x" * 10**6,
         "vt-" + "a" * 16 + "-" + "a" * 64 + "\n", "٤" * 20],
    )  # fmt: skip
    def test_what_can_be_no_token_asks_the_store_for_nothing(self, local_packages, secret):
        store = TappedStore(local_packages.context.store)
        assert Packages(store).find_token(secret) is None
        assert store.requests == []

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("sha256", "größer"),
            ("sha256", ""),
            ("scopes", {"AbcDev": ["write"]}),
            ("scopes", None),
            ("expires_at", ""),
            ("expires_at", "tomorrow"),
            ("revoked_at", 5),
            ("identity", "0123456789abcdef"),
            ("parent", 7),
            ("format", 2),
        ],
    )
    def test_a_record_that_is_damaged_lets_nobody_in(self, local_packages, field, value):
        made = local_packages.create_token("ci", READ, seconds=60)
        key = f".tokens/{made.token.identity}.json"
        document = json.loads(local_packages.context.read(key)[1]) | {field: value}
        local_packages.context.write(key, json.dumps(document).encode())
        with pytest.raises(ContaminatedError):
            local_packages.find_token(made.secret)

    def test_a_record_of_a_token_that_is_its_own_parent_lets_nobody_in(self, local_packages):
        made = local_packages.create_token("ci", READ)
        key = f".tokens/{made.token.identity}.json"
        document = json.loads(local_packages.context.read(key)[1])
        document["parent"] = made.token.identity
        local_packages.context.write(key, json.dumps(document).encode())
        assert ended(local_packages, made)
