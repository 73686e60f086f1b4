"""Images as a registry lists them, made up: small ones by hand, whole repositories by chance."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from versioned.images.manifest import OCI_INDEX, OCI_MANIFEST
from versioned.images.registry import StoredImage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def digest(name):
    """A digest that a person can tell from others: of "a1" it begins with a1."""
    return f"sha256:{name.encode().hex():0<64}"


def stored(name, *tags, age=None, created=None, children=(), subject=None, size=100):
    """`age` and `created` are days before NOW, None for a time that is not known."""
    return StoredImage(
        digest(name),
        tags,
        OCI_INDEX if children else OCI_MANIFEST,
        size=size,
        pushed_at=None if age is None else NOW - timedelta(days=age),
        created_at=None if created is None else NOW - timedelta(days=created),
        children=tuple(digest(child) for child in children),
        subject=digest(subject) if subject else None,
    )


def names(digests):
    """Back from digests to the names that they were made of."""
    return {bytes.fromhex(one.removeprefix("sha256:")).rstrip(b"\0").decode() for one in digests}


@st.composite
def repositories(draw):
    """Up to twelve images that need each other in any way that digests allow: an index is made
    after its children and not pushed before them, a referrer after its subject."""
    images = []
    for number in range(draw(st.integers(1, 12))):
        known = [f"i{other}" for other in range(number)]
        missing = [f"m{other}" for other in range(2)]
        some = st.lists(st.sampled_from(known + missing[:1]), max_size=3, unique=True)
        children = draw(some) if known and draw(st.booleans()) else []
        ages = [one.pushed_at for one in images if one.digest in {digest(c) for c in children}]
        newest = min([(NOW - at).days for at in ages if at], default=60)
        age = draw(st.one_of(st.none(), st.integers(-1, newest)))
        subject = draw(st.one_of(st.none(), st.sampled_from(known + missing)))
        tags = draw(st.lists(st.sampled_from(["keep", "pr", "v"]), max_size=2, unique=True))
        tags = [f"{tag}-{number}" for tag in tags]
        signed = {one.subject for one in images}
        if subject and digest(subject) not in signed and draw(st.booleans()):
            tags.append(f"{digest(subject).replace(':', '-')}.sig")
        images.append(stored(f"i{number}", *tags, age=age, children=children, subject=subject))
    return draw(st.permutations(images))
