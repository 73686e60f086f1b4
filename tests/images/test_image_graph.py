"""What belongs together in a repository, and in which order it can go."""

from hypothesis import given, settings
from stored_images import digest, names, repositories, stored

from versioned.images.graph import ImageGraph, Kinship, Tie, own_tags

INDEX = [
    stored("index", "v1", children=["amd", "arm"]),
    stored("amd"),
    stored("arm"),
    stored("sbom", subject="amd"),
    stored("sig", f"{digest('index').replace(':', '-')}.sig", subject="index"),
    stored("proof", subject="sig"),
    stored("other", "v2"),
]


class TestWhatStays:
    def test_an_index_keeps_its_children_and_all_that_is_about_any_of_them(self):
        stays = ImageGraph(INDEX).what_stays([digest("index")])
        assert names(stays) == {"index", "amd", "arm", "sbom", "sig", "proof"}
        assert stays[digest("index")] is None
        assert stays[digest("amd")] == Tie(Kinship.CHILD, digest("index"))
        assert stays[digest("proof")] == Tie(Kinship.REFERRER, digest("sig"))

    def test_a_child_keeps_its_own_and_no_index(self):
        assert names(ImageGraph(INDEX).what_stays([digest("amd")])) == {"amd", "sbom"}

    def test_a_referrer_keeps_its_subject(self):
        stays = ImageGraph(INDEX).what_stays([digest("sbom")])
        assert stays[digest("amd")] == Tie(Kinship.SUBJECT, digest("sbom"))

    def test_an_image_that_is_not_there_keeps_what_is_about_it(self):
        graph = ImageGraph([stored("sig", subject="gone"), stored("other")])
        assert names(graph.what_stays([digest("gone")])) == {"gone", "sig"}

    def test_indexes_of_indexes_are_found(self):
        graph = ImageGraph([*INDEX, stored("top", children=["index"])])
        assert names(graph.indexes_of(digest("arm"))) == {"index", "top"}
        assert graph.indexes_of(digest("top")) == set()


class TestOrder:
    def test_an_index_goes_before_its_children_and_a_referrer_before_its_subject(self):
        waves = ImageGraph(INDEX).removal_waves([digest(n) for n in ("amd", "sbom", "index", "sig", "proof", "arm", "other")])  # fmt: skip
        expected = [{"sbom", "proof", "other"}, {"sig"}, {"index"}, {"amd", "arm"}]
        assert [names(wave) for wave in waves] == expected

    def test_what_does_not_go_is_not_waited_for(self):
        graph = ImageGraph(INDEX)
        assert graph.removal_waves([digest("amd"), digest("index")]) == [
            [digest("index")],
            [digest("amd")],
        ]
        assert graph.removal_waves([]) == []

    def test_a_circle_that_tags_tie_ends(self):
        circle = [stored("a", subject="b"), stored("b", subject="a"), stored("c", subject="c")]
        waves = ImageGraph(circle).removal_waves([digest("a"), digest("b"), digest("c")])
        assert sorted(one for wave in waves for one in wave) == sorted(map(digest, "abc"))

    @given(repositories())
    @settings(max_examples=25, deadline=None)
    def test_each_goes_once_and_nothing_before_what_needs_it(self, images):
        graph = ImageGraph(images)
        waves = graph.removal_waves([image.digest for image in images])
        place = {one: number for number, wave in enumerate(waves) for one in wave}
        assert sum(map(len, waves)) == len(place) == len(images)
        for image in images:
            for child in image.children:
                assert child not in place or place[image.digest] < place[child]
            if image.subject in place:
                assert place[image.digest] < place[image.subject]


def test_an_index_that_can_not_be_pulled_whole_is_found():
    graph = ImageGraph([stored("index", children=["there", "gone"]), stored("there")])
    assert graph.missing_children() == {digest("index"): (digest("gone"),)}


def test_only_tags_that_people_gave_are_its_own():
    tie = digest("x").replace(":", "-")
    tags = (tie, f"{tie}.sig", f"{tie}.att.1", "v1", f"{tie}x")
    own = (tie, f"{tie}.att.1", "v1", f"{tie}x")
    assert own_tags(stored("s", *tags, subject="x")) == own
    assert own_tags(stored("s", *tags, subject="x", children=["c"])) == own[1:]
    assert own_tags(stored("x", *tags, subject="x")) == tags
    assert own_tags(stored("s", f"{tie}.sig")) == (f"{tie}.sig",)


def test_who_follows_others_has_no_name_of_its_own():
    graph = ImageGraph([*INDEX, stored("lost", subject="gone")])
    following = {one.digest for one in graph.images.values() if graph.follows(one)}
    assert names(following) == {"amd", "arm", "sbom", "sig", "proof"}
