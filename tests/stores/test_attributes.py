"""What may be said about an object, and how a mistake is told."""

import pytest

from versioned.content import Content
from versioned.errors import InvalidInputError
from versioned.stores.attributes import MAX_METADATA_BYTES, NONCE_KEY, validate_attributes
from versioned.stores.base import Attributes

GOOD = [
    Attributes(),
    Attributes(metadata={"artifact_name": "app", "Build.Number-1": "7"}),
    Attributes(metadata={"empty": "", "punctuation": 'a=b; c, (d) "e" \'~'}),
    Attributes(metadata={"k": "x" * (MAX_METADATA_BYTES - 1)}),
    Attributes(content_type="text/plain; charset=utf-8"),
    Attributes(tags={str(number): "v" for number in range(10)}),
    Attributes(tags={"k" * 128: "v" * 256}),
    Attributes(tags={"größe": "日本 ö", "a+b-c=d.e_f:g/h@i": ""}),
]

BAD = {
    "key with a space": Attributes(metadata={"a b": "x"}),
    "key that is empty": Attributes(metadata={"": "x"}),
    "key with a colon": Attributes(metadata={"a:b": "x"}),
    "key in another script": Attributes(metadata={"größe": "x"}),
    "key twice": Attributes(metadata={"a": "1", "A": "2"}),
    "key of the store": Attributes(metadata={NONCE_KEY.title(): "x"}),
    "value in another script": Attributes(metadata={"author": "Jürgen"}),
    "value with a newline": Attributes(metadata={"author": "a\nb"}),
    "value with a tab": Attributes(metadata={"author": "a\tb"}),
    "value that ends in a newline": Attributes(metadata={"author": "a\n"}),
    "value with a space before": Attributes(metadata={"author": " a"}),
    "value with a space behind": Attributes(metadata={"author": "a "}),
    "value that is a number": Attributes(metadata={"build": 7}),
    "too much metadata": Attributes(metadata={"k": "x" * MAX_METADATA_BYTES}),
    "content type that is empty": Attributes(content_type=""),
    "content type with a newline": Attributes(content_type="text/plain\r\nX-Evil: 1"),
    "too many tags": Attributes(tags={str(number): "v" for number in range(11)}),
    "tag key that is empty": Attributes(tags={"": "v"}),
    "tag key that is long": Attributes(tags={"k" * 129: "v"}),
    "tag key of AWS": Attributes(tags={"aws:x": "v"}),
    "tag value that is long": Attributes(tags={"k": "v" * 257}),
    "tag value with an ampersand": Attributes(tags={"k": "a&b"}),
    "tag value with a newline": Attributes(tags={"k": "a\n"}),
    "tag value that is a number": Attributes(tags={"k": 7}),
}


@pytest.mark.parametrize("attributes", GOOD)
def test_what_every_store_keeps_is_allowed(attributes):
    validate_attributes(attributes)


@pytest.mark.parametrize("name", BAD)
def test_what_some_store_would_lose_or_change_is_refused(name):
    with pytest.raises(InvalidInputError):
        validate_attributes(BAD[name])


def test_a_mistake_is_told_with_its_key_and_what_is_allowed():
    with pytest.raises(InvalidInputError, match="author") as raised:
        validate_attributes(Attributes(metadata={"author": "Jürgen"}))
    assert "ASCII" in raised.value.hint


def test_what_is_allowed_is_kept_by_the_store(store):
    for number, attributes in enumerate(GOOD):
        if all(text.isascii() for tag in attributes.tags.items() for text in tag):
            with Content.open(b"x") as content:
                store.put(f"k{number}", content, attributes=attributes)
            info = store.head(f"k{number}")
            assert dict(info.metadata) == {k.lower(): v for k, v in attributes.metadata.items()}
            assert store.tags(f"k{number}") == attributes.tags
