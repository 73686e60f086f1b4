"""Images as the command line writes them."""

from datetime import UTC, datetime, timedelta


def ago(days):
    return (datetime.now(UTC) - timedelta(days=days, hours=1)).isoformat(timespec="seconds")


def short(image):
    return image.digest[:19]
