"""Which images may go, and why each of the others stays."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored_images import NOW, digest, names, repositories, stored

from versioned.errors import InvalidInputError
from versioned.images.graph import ImageGraph, own_tags
from versioned.images.planning import plan_images
from versioned.images.retention import DAY, ImageRetention, Rule
from versioned.images.users import ImageUsers

NOBODY = ImageUsers({})
PRUNE = ImageRetention()


def planned(images, rules=PRUNE, users=NOBODY, now=NOW):
    """The rule and the fate of each, by name: "-untagged" goes, "+young" stays."""
    plan = plan_images("app", images, users, rules, now=now)
    return {
        names([one.image.digest]).pop(): f"{'+' if one.keep else '-'}{one.rule}"
        for one in plan.decisions
    }


def used(*of, doubt=""):
    return ImageUsers({digest(name): ("someone",) for name in of}, doubt)


class TestUntagged:
    def test_go_once_they_are_older_than_30_days(self):
        images = [stored("a", age=31), stored("b", age=30), stored("c", age=-1), stored("d")]
        expected = {"a": "-untagged", "b": "+young", "c": "+young", "d": "+age-unknown"}
        assert planned(images) == expected

    def test_of_any_age_go_where_that_is_asked(self):
        images = [stored("a", age=31), stored("b", age=0), stored("c", age=-1), stored("d")]
        rules = ImageRetention(untagged_older_than_secs=0)
        assert set(planned(images, rules).values()) == {"-untagged"}

    def test_cleanup_spares_what_was_pushed_in_the_last_hour(self):
        images = [stored("a", age=0.03), stored("b", age=0.05), stored("c"), stored("d", age=-1)]
        expected = {"a": "+young", "b": "-untagged", "c": "-untagged", "d": "+young"}
        assert planned(images, ImageRetention.cleanup()) == expected

    def test_stay_where_no_age_is_asked(self):
        rules = ImageRetention(untagged_older_than_secs=None)
        assert planned([stored("a", age=900)], rules) == {"a": "+untagged-kept"}

    def test_the_age_that_the_image_says_counts_where_that_is_asked(self):
        images = [
            stored("a", age=1, created=40),
            stored("b", age=40, created=1),
            stored("c", age=40),
        ]
        rules = ImageRetention(go_by="created")
        assert planned(images, rules) == {"a": "-untagged", "b": "+young", "c": "+age-unknown"}

    def test_an_age_that_is_made_up_is_none(self):
        rules = ImageRetention(go_by="created")
        image = stored("a", created=(NOW - NOW.replace(year=1980, month=1, day=1)).days)
        assert planned([image], rules) == {"a": "+age-unknown"}


class TestWhatBelongsTogether:
    def test_children_of_an_index_that_stays_stay(self):
        images = [stored("index", "v1", age=90, children=["a", "b"]), stored("a", age=90)]
        assert planned(images, ImageRetention.cleanup()) == {"index": "+tagged", "a": "+child"}

    def test_children_of_an_index_that_goes_go_with_it_unless_another_needs_them(self):
        images = [
            stored("old", age=90, children=["a", "b"]),
            stored("new", "v2", age=1, children=["b"]),
            stored("a", age=1),
            stored("b", age=90),
        ]
        expected = {"old": "-untagged", "new": "+tagged", "a": "-child-of-removed", "b": "+child"}
        assert planned(images) == expected

    def test_signatures_live_as_long_as_what_they_are_about(self):
        tie = digest("gone").replace(":", "-")
        images = [
            stored("kept", "v1", age=90),
            stored("gone", age=90),
            stored("s1", age=90, subject="kept"),
            stored("s2", f"{tie}.sig", age=0, subject="gone"),
            stored("s3", age=0, subject="s2"),
        ]
        expected = {"kept": "+tagged", "gone": "-untagged", "s1": "+referrer"}
        following = {"s2": "-referrer-of-removed", "s3": "-referrer-of-removed"}
        assert planned(images) == expected | following

    def test_signatures_of_what_is_not_there_go_by_their_own_age(self):
        images = [stored("s1", age=90, subject="x"), stored("s2", age=1, subject="x")]
        assert planned(images) == {"s1": "-orphaned-referrer", "s2": "+young"}
        assert set(planned(images, users=used("s1", "s2")).values()) == {"+referenced"}

    def test_what_a_tagged_referrer_is_about_stays(self):
        images = [stored("x", age=90), stored("sbom", "sbom-1", age=90, subject="x")]
        assert planned(images) == {"x": "+subject", "sbom": "+tagged"}

    def test_a_circle_that_tags_tie_goes_by_its_age(self):
        circle = [stored("a", age=90, subject="b"), stored("b", age=90, subject="a")]
        assert set(planned(circle).values()) == {"-orphaned-referrer"}
        young = [stored("a", age=9, subject="b"), stored("b", age=90, subject="a")]
        assert planned(young) == {"a": "+young", "b": "+referrer"}


class TestTagged:
    def test_stay_unless_a_rule_asks_for_some(self):
        assert planned([stored("a", "v1", age=9999)]) == {"a": "+tagged"}

    def test_the_newest_stay_and_all_that_are_as_new(self):
        images = [
            stored(n, f"v{n}", age=age) for n, age in zip("abcde", (1, 2, 3, 3, 4), strict=True)
        ]
        kept = dict.fromkeys("abcd", "+newest")
        assert planned(images, ImageRetention(keep_last=3)) == {**kept, "e": "-not-newest"}
        assert set(planned(images, ImageRetention(keep_last=0)).values()) == {"-not-newest"}

    def test_children_and_referrers_are_not_counted(self):
        images = [
            stored("i1", "v1", age=3, children=["a1"]),
            stored("a1", "v1-amd", age=3),
            stored("sb", "sbom", age=1, subject="i3"),
            stored("i2", "v2", age=2, children=["a2"]),
            stored("a2", "v2-amd", age=2),
            stored("i3", "v3", age=4, children=["a3"]),
            stored("a3", "v3-amd", age=4),
        ]
        plan = planned(images, ImageRetention(keep_last=2))
        assert {name for name, rule in plan.items() if rule[0] == "-"} == {"i3", "a3", "sb"}

    def test_a_child_whose_index_has_no_name_is_counted(self):
        images = [
            stored("index", age=2, children=["a"]),
            stored("a", "v2-amd", age=2),
            stored("b", "v1", age=3),
        ]
        plan = planned(images, ImageRetention(keep_last=1, untagged_older_than_secs=0))
        assert plan == {"index": "-untagged", "a": "+newest", "b": "-not-newest"}

    def test_a_child_that_outlives_an_index_about_another_image_is_counted_once_that_is_gone(self):
        images = [
            stored("x", age=9),
            stored("sbom", "sbom", age=1, subject="x", children=["c"]),
            stored("c", "c", age=1),
            stored("a", "v1", age=2),
            stored("b", "v2", age=1),
        ]
        rules, users = ImageRetention(keep_last=2, untagged_older_than_secs=0), used("c")
        plan = planned(images, rules, users)
        staying = {"c": "+referenced", "a": "+newest", "b": "+newest"}
        assert plan == {"x": "-untagged", "sbom": "-not-newest", **staying}
        assert planned(images[2:], rules, users) == {**staying, "a": "-not-newest"}

    def test_go_only_if_all_that_is_asked_applies(self):
        rules = ImageRetention(
            keep_last=1, older_than_secs=30 * DAY, remove_tags=("pr-*", "tmp"), keep_tags=("*-lts",)
        )
        images = [
            stored("new", "pr-9", age=40),
            stored("young", "pr-8", age=30),
            stored("old", "pr-7", "tmp", age=50),
            stored("mixed", "pr-6", "v1", age=60),
            stored("lts", "pr-5", "pr-5-lts", age=60),
            stored("undated", "pr-4"),
        ]
        assert planned(images[:1] + images[2:], rules) == {
            "new": "+newest",
            "old": "-old",
            "mixed": "+tagged",
            "lts": "+tag-pattern",
            "undated": "+age-unknown",
        }
        assert planned(images, rules)["new"] == "-old"
        assert planned(images, rules)["young"] == "+newest"

    def test_by_their_tags_alone_they_go_at_any_age(self):
        images = [stored("a", "pr-1"), stored("b", "pr-2", age=-1), stored("c", "v1", age=1)]
        plan = planned(images, ImageRetention(remove_tags=("pr-*",)))
        assert plan == {"a": "-short-lived-tag", "b": "-short-lived-tag", "c": "+tagged"}

    def test_orphans_are_tagged_and_older_than_the_threshold(self):
        images = [stored("a", "v1", age=31), stored("b", "v2", age=30), stored("c", age=99)]
        rules = ImageRetention.orphans(30)
        assert planned(images, rules) == {"a": "-old", "b": "+young", "c": "+untagged-kept"}


class TestReferences:
    def test_what_is_referenced_stays_with_all_that_it_needs(self):
        images = [stored("i", age=90, children=["c"]), stored("c"), stored("s", subject="c")]
        expected = {"i": "+referenced", "c": "+child", "s": "+referrer"}
        assert planned(images, ImageRetention.cleanup(), used("i")) == expected

    def test_a_child_that_is_referenced_says_so_itself(self):
        images = [stored("i", age=90, children=["c"]), stored("c", age=90)]
        assert planned(images, users=used("c")) == {"i": "-untagged", "c": "+referenced"}

    def test_signatures_of_what_is_referenced_and_not_there_stay(self):
        assert planned([stored("s", age=90, subject="x")], users=used("x")) == {"s": "+referrer"}

    def test_where_they_are_not_known_nothing_goes_and_each_says_what_it_would_have_been(self):
        images = [stored("a", age=90), stored("b", "v1")]
        plan = plan_images("app", images, used(doubt="ecs did not answer"), PRUNE, now=NOW)
        assert plan.removed == ()
        first, second = plan.decisions
        assert (first.rule, second.rule) == (Rule.REFERENCES_UNKNOWN, Rule.TAGGED)
        assert first.reason == (
            "it would go (untagged, pushed 90 days ago), but ecs did not answer"
        )


class TestRules:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"untagged_older_than_secs": -1},
            {"untagged_older_than_secs": float("nan")},
            {"older_than_secs": "30d"},
            {"keep_last": -1},
            {"keep_last": True},
            {"keep_last": 2.0},
            {"remove_tags": "pr-*"},
            {"keep_tags": ("",)},
            {"go_by": "pulled"},
        ],
    )
    def test_what_makes_no_sense_is_refused(self, wrong):
        with pytest.raises(InvalidInputError):
            ImageRetention(**wrong)

    def test_a_threshold_that_makes_no_sense_is_refused(self):
        for days in (-1, float("inf"), 10**9, "30"):
            with pytest.raises(InvalidInputError):
                ImageRetention.orphans(days)

    def test_a_plan_is_ready_for_json(self):
        images = [stored("i", "v1", age=90, children=["gone"]), stored("a", age=90)]
        document = plan_images("app", images, NOBODY, PRUNE, now=NOW).to_dict()
        assert document["decisions"][1] == {
            "image": images[1].to_dict(),
            "keep": False,
            "rule": "untagged",
            "reason": "untagged, pushed 90 days ago; nothing refers to it",
        }
        assert (document["removed_bytes"], document["rules"]["keep_tags"]) == (100, [])
        assert document["missing_children"] == {digest("i"): [digest("gone")]}


RULES = st.builds(
    ImageRetention,
    untagged_older_than_secs=st.sampled_from([None, 0, 10 * DAY]),
    keep_last=st.sampled_from([None, 0, 1, 2]),
    older_than_secs=st.sampled_from([None, 0, 10 * DAY]),
    remove_tags=st.sampled_from([(), ("pr-*",)]),
    keep_tags=st.sampled_from([(), ("keep-*",)]),
)
USED = st.sets(st.sampled_from([f"i{n}" for n in range(12)] + ["m0"]), max_size=4)


def outliving(plan):
    """The tagged images that stay though an index of them goes that is not known to be as new, or
    is itself about another image: from then on they count among the newest."""
    graph, removed = ImageGraph([one.image for one in plan.decisions]), set(plan.removed)
    return [
        image
        for image in plan.kept
        for index in removed & {graph.images[one] for one in graph.indexes_of(image.digest)}
        if own_tags(image)
        and (index.subject or not index.pushed_at or (image.pushed_at or NOW) > index.pushed_at)
    ]


class TestAlways:
    @given(repositories(), RULES, USED)
    @settings(max_examples=50, deadline=None)
    def test_nothing_goes_that_is_needed_and_planning_again_removes_nothing_more(
        self, images, rules, users
    ):
        plan = plan_images("app", images, used(*users), rules, now=NOW)
        assert [one.image for one in plan.decisions] == images
        kept = {image.digest for image in plan.kept}
        stays = ImageGraph(images).what_stays(kept | {digest(one) for one in users})
        assert not set(stays) & {image.digest for image in plan.removed}
        for image in plan.removed:
            assert not any(image.digest in one.children for one in plan.kept)
            assert image.subject not in kept
        again = plan_images("app", plan.kept, used(*users), rules, now=NOW)
        assert again.removed == () or outliving(plan)

    @given(repositories(), RULES, USED, USED)
    @settings(max_examples=25, deadline=None)
    def test_more_references_never_remove_more(self, images, rules, some, others):
        few = plan_images("app", images, used(*some), rules, now=NOW)
        many = plan_images("app", images, used(*some, *others), rules, now=NOW)
        assert set(many.removed) <= set(few.removed)

    @given(repositories(), RULES, USED)
    @settings(max_examples=10, deadline=None)
    def test_where_references_are_not_known_nothing_goes(self, images, rules, users):
        doubtful = used(*users, doubt="ecs did not answer")
        later = NOW + timedelta(days=9999)
        assert plan_images("app", images, doubtful, rules, now=later).removed == ()
