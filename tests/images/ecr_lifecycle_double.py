"""What AWS documents that a lifecycle policy of ECR does, for previews in tests."""

import json
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase


def preview(text, images):
    """What a policy acts on: rules in the order of their priority, each image by one rule at
    most; children of an index by none."""
    children = {child.digest for image in images for child in image.manifest.children}
    left = [image for image in images if image.manifest.digest not in children]
    results = []
    for rule in sorted(json.loads(text)["rules"], key=lambda rule: rule["rulePriority"]):
        selection = rule["selection"]
        chosen = [image for image in left if _is_selected(image, selection)]
        results += [_result(image, rule) for image in _exceeding(chosen, selection)]
        left = [image for image in left if image not in chosen]
    return results


def _result(image, rule):
    return {
        "imageDigest": image.manifest.digest,
        "imageTags": list(image.tags),
        "imagePushedAt": image.pushed_at,
        "action": {"type": rule["action"]["type"].upper()},
        "appliedRulePriority": rule["rulePriority"],
    }


def _is_selected(image, selection):
    status = selection["tagStatus"]
    if status == "untagged":
        return not image.tags
    patterns = selection.get("tagPatternList", ["*"])
    return status == "any" or any(fnmatchcase(t, p) for t in image.tags for p in patterns)


def _exceeding(images, selection):
    newest_first = sorted(images, key=lambda image: image.pushed_at, reverse=True)
    if selection["countType"] == "imageCountMoreThan":
        return newest_first[selection["countNumber"] :]
    oldest = datetime.now(UTC) - timedelta(days=selection["countNumber"])
    return [image for image in newest_first if image.pushed_at < oldest]
