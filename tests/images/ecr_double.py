"""ECR for tests: moto's repositories, tags and policies, and images as AWS keeps them.

moto never pages, makes digests up, forgets an image whose last tag moves on, deletes children of
an index, and knows neither previews nor referrers; so all that is kept here. Codes and limits are
those of AWS's own description of ECR, by which every request is checked.
"""

import itertools
from base64 import b64encode
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from botocore.exceptions import ClientError, ParamValidationError
from botocore.validate import ParamValidator
from ecr_lifecycle_double import preview

from versioned.images.manifest import Manifest

ACCOUNT = "123456789012"
MAX_IDS = 100


def refusal(code, message="so the double says", *, status=400):
    """The error that botocore raises for an answer of AWS."""
    error = {"Code": code, "Message": message}
    return ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}, "X")


def raising(*errors):
    """What raises one error after the other, and then the last for ever; `None` is none."""
    left = list(errors)

    def answer(*_, **__):
        error = left.pop(0) if len(left) > 1 else left[0]
        if error:
            raise error

    return answer


@dataclass
class HeldImage:
    """A manifest with its tags, oldest tag first."""

    manifest: Manifest
    tags: list = field(default_factory=list)
    pushed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    pulled_at: datetime | None = None


class EcrDouble:
    """A client of boto3 for ECR, on moto's. `calls` has what was asked; an error in `faults` under
    an operation is raised by its next call; operations that it `lacks` are those of newer clients;
    a page holds at most `page` of anything.

    `blobs` is a `BlobsDouble` where layers have to be there before their manifest. With
    `tells_subjects` false images are described as servers do that know less than AWS.
    """

    def __init__(self, client, blobs=None):
        self._client = client
        self._blobs = blobs
        self.page = 2
        self.images = defaultdict(dict)
        self.calls = []
        self.faults = defaultdict(list)
        self.lacks = set()
        self.tells_subjects = True
        self.token_lifetime = timedelta(hours=12)
        self.replicas = {}
        self.scans = {}
        self.looks_before_preview = 1
        self.preview_ends_as = "COMPLETE"
        self._serial = itertools.count(1)
        self._rules = []
        self._preview = None

    def __getattr__(self, operation):
        if operation in self.lacks:
            raise AttributeError(operation)
        plain = getattr(self._client, operation)
        if operation == "meta":
            return plain

        def call(**asked):
            self._check(operation, asked)
            self.calls.append((operation, asked))
            if self.faults[operation]:
                raise self.faults[operation].pop(0)
            mended = getattr(type(self), f"_{operation}", None)
            return mended(self, asked) if mended else plain(**asked)

        return call

    def asked(self, operation):
        """What every call of an operation asked."""
        return [asked for name, asked in self.calls if name == operation]

    def _check(self, operation, asked):
        name = self._client.meta.method_to_api_mapping[operation]
        shape = self._client.meta.service_model.operation_model(name).input_shape
        report = ParamValidator().validate(asked, shape)
        if report.has_errors():
            raise ParamValidationError(report=report.generate_report())
        ids = asked.get("imageIds", ())
        if len(ids) > MAX_IDS or (ids and "maxResults" in asked):
            raise refusal("InvalidParameterException")
        if asked.get("registryId", ACCOUNT) != ACCOUNT:
            raise refusal("RepositoryNotFoundException")

    def _page(self, key, everything, asked, default=100):
        start = int(asked.get("nextToken", "token-0").removeprefix("token-"))
        end = start + min(self.page, asked.get("maxResults", default))
        more = {"nextToken": f"token-{end}"} if end < len(everything) else {}
        return {key: everything[start:end], **more}

    # what moto has, in pages

    def _describe_repositories(self, asked):
        if "repositoryNames" in asked:
            return self._client.describe_repositories(**asked)
        found = self._client.describe_repositories()["repositories"]
        return self._page("repositories", found, asked)

    def _get_authorization_token(self, _):
        token = b64encode(f"AWS:password-{next(self._serial)}".encode()).decode()
        expires_at = datetime.now(UTC) + self.token_lifetime
        return {"authorizationData": [{"authorizationToken": token, "expiresAt": expires_at}]}

    # images

    def _held(self, asked):
        self._client.describe_repositories(repositoryNames=[asked["repositoryName"]])
        return self.images[asked["repositoryName"]]

    def _put_image(self, asked):
        held, tag = self._held(asked), asked.get("imageTag")
        content = asked["imageManifest"].encode()
        manifest = Manifest.parse(content, media_type=asked.get("imageManifestMediaType"))
        self._refuse_incomplete(asked, held, manifest)
        image = held.get(manifest.digest)
        if image and (tag is None or tag in image.tags):
            raise refusal("ImageAlreadyExistsException")
        other = _find(held, {"imageTag": tag}) if tag else None
        if other and self._keeps(asked["repositoryName"], tag):
            raise refusal("ImageTagAlreadyExistsException")
        if other:
            other.tags.remove(tag)
        held.setdefault(manifest.digest, HeldImage(manifest)).tags += [tag] if tag else []
        return {"image": {"imageId": _identity(manifest.digest, tag)}}

    def _refuse_incomplete(self, asked, held, manifest):
        repository = asked["repositoryName"]
        if asked.get("imageDigest") not in {None, manifest.digest}:
            raise refusal("ImageDigestDoesNotMatchException")
        if self._blobs and not all(
            self._blobs.has_blob(repository, b.digest) for b in manifest.blobs
        ):
            raise refusal("LayersNotFoundException")
        if not {child.digest for child in manifest.children} <= set(held):
            raise refusal("ReferencedImagesNotFoundException")

    def _keeps(self, repository, tag):
        found = self._client.describe_repositories(repositoryNames=[repository])["repositories"][0]
        filters = found.get("imageTagMutabilityExclusionFilters") or ()
        is_excepted = any(fnmatchcase(tag, one["filter"]) for one in filters)
        return found["imageTagMutability"].startswith("IMMUTABLE") != is_excepted

    def _batch_get_image(self, asked):
        """To ECR this is a pull."""
        held, images, failures = self._held(asked), [], []
        for identity in asked["imageIds"]:
            image = _find(held, identity)
            if image is None:
                failures.append(_failure(identity, "ImageNotFound"))
                continue
            image.pulled_at = datetime.now(UTC)
            images.append(
                {
                    "imageId": {**identity, "imageDigest": image.manifest.digest},
                    "imageManifest": image.manifest.content.decode(),
                    "imageManifestMediaType": image.manifest.media_type,
                }
            )
        return {"images": images, "failures": failures}

    def _describe_images(self, asked):
        held = self._held(asked)
        if "imageIds" not in asked:
            details = [self._detail(held, image) for image in held.values()]
            return self._page("imageDetails", details, asked)
        found = [_find(held, identity) for identity in asked["imageIds"]]
        if None in found:
            raise refusal("ImageNotFoundException")
        return {"imageDetails": [self._detail(held, image) for image in found]}

    def _detail(self, held, image):
        manifest = image.manifest
        children = [held[child.digest] for child in manifest.children if child.digest in held]
        sizes = [child.manifest.size for child in children]
        detail = {
            "imageDigest": manifest.digest,
            "imageManifestMediaType": manifest.media_type,
            "imagePushedAt": image.pushed_at,
            "imageSizeInBytes": max(sizes, default=manifest.size),
            "lastRecordedPullTime": image.pulled_at,
            "imageTags": list(image.tags) or None,
        }
        if self.tells_subjects:
            detail["artifactMediaType"] = manifest.config.media_type if manifest.config else None
            detail["subjectManifestDigest"] = manifest.subject
        return {key: value for key, value in detail.items() if value is not None}

    def _list_images(self, asked):
        ids = [
            _identity(digest, tag)
            for digest, image in self._held(asked).items()
            for tag in image.tags or [None]
        ]
        return self._page("imageIds", ids, asked)

    def _batch_delete_image(self, asked):
        """An index protects its children until the request after the one that deletes it."""
        held = self._held(asked)
        children = {c.digest for image in held.values() for c in image.manifest.children}
        deleted, failures = [], []
        for identity in asked["imageIds"]:
            image, tag = _find(held, identity), identity.get("imageTag")
            goes = image and (tag is None or image.tags == [tag])
            if image is None:
                failures.append(_failure(identity, "ImageNotFound"))
            elif goes and image.manifest.digest in children:
                failures.append(_failure(identity, "ImageReferencedByManifestList"))
            else:
                digest, named = image.manifest.digest, [tag] if tag else image.tags or [None]
                deleted += [_identity(digest, one) for one in named]
                image.tags = [one for one in image.tags if one not in named]
                held.pop(digest) if goes else None
        return {"imageIds": deleted, "failures": failures}

    def _delete_repository(self, asked):
        if self._held(asked) and not asked.get("force"):
            raise refusal("RepositoryNotEmptyException")
        self.images.pop(asked["repositoryName"])
        return self._client.delete_repository(**asked)

    def _list_image_referrers(self, asked):
        found = [
            {
                "digest": one.manifest.digest,
                "mediaType": one.manifest.media_type,
                "artifactType": one.manifest.artifact_type,
                "size": len(one.manifest.content),
            }
            for one in self._held(asked).values()
            if one.manifest.subject == asked["subjectId"]["imageDigest"]
        ]
        return self._page("referrers", found, asked, 20)

    # scans, previews and replication

    def _describe_image_scan_findings(self, asked):
        image = _find(self._held(asked), asked["imageId"])
        if image is None:
            raise refusal("ImageNotFoundException")
        if image.manifest.digest not in self.scans:
            raise refusal("ScanNotFoundException")
        return self.scans[image.manifest.digest]

    def _start_lifecycle_policy_preview(self, asked):
        held = self._held(asked)
        text = asked.get("lifecyclePolicyText") or self._client.get_lifecycle_policy(
            repositoryName=asked["repositoryName"]
        )["lifecyclePolicyText"]  # fmt: skip
        self._preview = [self.looks_before_preview, preview(text, held.values())]
        return {"status": "IN_PROGRESS"}

    def _get_lifecycle_policy_preview(self, asked):
        self._preview[0] -= 1
        if self._preview[0] >= 0:
            return {"status": "IN_PROGRESS"}
        return {
            "status": self.preview_ends_as,
            **self._page("previewResults", self._preview[1], asked),
        }

    def _put_replication_configuration(self, asked):
        self._rules = asked["replicationConfiguration"]["rules"]
        here = {"region": self._client.meta.region_name, "registryId": ACCOUNT}
        if any(here in rule["destinations"] for rule in self._rules):
            raise refusal("InvalidParameterException")
        return asked

    def _describe_registry(self, _):
        return {"registryId": ACCOUNT, "replicationConfiguration": {"rules": self._rules}}

    def _describe_image_replication_status(self, asked):
        image = _find(self._held(asked), asked["imageId"])
        if image is None:
            raise refusal("ImageNotFoundException")
        return {"replicationStatuses": self.replicas.get(image.manifest.digest, [])}


def _find(held, identity):
    digest, tag = identity.get("imageDigest"), identity.get("imageTag")
    for image in held.values():
        if digest in {None, image.manifest.digest} and (tag is None or tag in image.tags):
            return image
    return None


def _identity(digest, tag=None):
    return {"imageDigest": digest} | ({"imageTag": tag} if tag else {})


def _failure(identity, code):
    return {"imageId": identity, "failureCode": code, "failureReason": "so the double says"}
