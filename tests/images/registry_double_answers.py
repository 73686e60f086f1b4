"""What `RegistryDouble` answers: one function a kind of path, each returns (status, headers,
body). They run one at a time."""

import base64
import hashlib
import json
import re
import secrets
from urllib.parse import quote, urlencode

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_JSON = {"Content-Type": "application/json"}


def error(status, code, message="", detail=None):
    """An answer as the specification has errors."""
    document = {"errors": [{"code": code, "message": message or code.lower(), "detail": detail}]}
    return status, dict(_JSON), json.dumps(document).encode()


def digest_of(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def catalog(request):
    names = sorted(request.double.repositories)
    return _page(request, "/v2/_catalog", names, lambda page: {"repositories": page})


def tags(request, name):
    if (contents := request.double.repositories.get(name)) is None:
        return _no_repository(name)
    path = f"/v2/{name}/tags/list"
    return _page(request, path, sorted(contents.tags), lambda page: {"name": name, "tags": page})


def _page(request, path, names, document):
    query = dict(request.query)
    asked = query.get("n", "")
    if asked and not asked.isdigit():
        return error(400, "PAGINATION_NUMBER_INVALID")
    count = min(int(asked) if asked else request.double.page_size, request.double.page_size)
    left = [name for name in names if name > query.get("last", "")]
    page, headers = left[:count], dict(_JSON)
    if page and len(left) > count:
        following = urlencode({"last": page[-1], "n": count})
        headers["Link"] = f'<{path}?{following}>; rel="next"'
    return 200, headers, json.dumps(document(page)).encode()


def manifests(request, name, reference):  # noqa: PLR0911 - one for each answer
    if not (_DIGEST.fullmatch(reference) or _TAG.fullmatch(reference)):
        return error(400, "TAG_INVALID" if ":" not in reference else "DIGEST_INVALID")
    if request.command == "PUT":
        return _put_manifest(request, name, reference)
    if (contents := request.double.repositories.get(name)) is None:
        return _no_repository(name)
    if request.command == "DELETE":
        return _delete_manifest(request, contents, reference)
    digest = contents.tags.get(reference, reference)
    if digest not in contents.manifests:
        return _no_manifest(reference)
    content, kind = contents.manifests[digest]
    accepted = {part.partition(";")[0].strip() for part in _accepts(request)}
    if accepted and not accepted & {kind, "*/*"}:
        return error(404, "MANIFEST_UNKNOWN", f"{kind} found, but it is not accepted")
    return 200, {"Content-Type": kind, "Docker-Content-Digest": digest}, content


def _accepts(request):
    return [part for line in request.headers.get_all("Accept", []) for part in line.split(",")]


def _put_manifest(request, name, reference):
    content, kind = request.body, request.headers.get("Content-Type", "")
    digest = digest_of(content)
    if ":" in reference and reference != digest:
        return error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
    try:
        data = json.loads(content)
        named = data.get("mediaType", kind)
    except (ValueError, AttributeError):
        return error(400, "MANIFEST_INVALID", "manifest invalid")
    if named != kind:
        return error(400, "MANIFEST_INVALID", f"mediaType is {named}, not {kind}")
    contents = request.double.contents(name)
    if kind in INDEXES:
        needed = [one["digest"] for one in data.get("manifests", [])]
        missing = [one for one in needed if one not in contents.manifests]
    else:
        blobs = [data["config"], *data.get("layers", [])]
        missing = [
            one["digest"]
            for one in blobs
            if one["digest"] not in contents.blobs and not one.get("urls")
        ]
    if missing:
        return error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", missing)
    contents.manifests[digest] = (content, kind)
    if ":" not in reference:
        contents.tags[reference] = digest
    headers = {"Location": f"/v2/{name}/manifests/{digest}", "Docker-Content-Digest": digest}
    if "subject" in data and request.double.referrers:
        headers["OCI-Subject"] = data["subject"]["digest"]
    return 201, headers, b""


def _delete_manifest(request, contents, reference):
    if not request.double.deletion:
        return error(405, "UNSUPPORTED", "The operation is unsupported.")
    if ":" not in reference:
        if not request.double.tag_deletion:
            return error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        if reference not in contents.tags:
            return _no_manifest(reference)
        del contents.tags[reference]
        return 202, {}, b""
    if contents.manifests.pop(reference, None) is None:
        return _no_manifest(reference)
    for tag in [tag for tag, digest in contents.tags.items() if digest == reference]:
        del contents.tags[tag]
    return 202, {}, b""


def blobs(request, name, digest):  # noqa: PLR0911 - one for each answer
    if not _DIGEST.fullmatch(digest):
        return error(400, "DIGEST_INVALID")
    contents = request.double.repositories.get(name)
    if contents is None or digest not in contents.blobs:
        return error(404, "BLOB_UNKNOWN", "blob unknown to registry")
    content = contents.blobs[digest]
    headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest}
    if request.command == "DELETE":
        if not request.double.deletion:
            return error(405, "UNSUPPORTED", "The operation is unsupported.")
        del contents.blobs[digest]
        return 202, {}, b""
    if request.command == "HEAD":
        return 200, {**headers, "Content-Length": str(len(content))}, b""
    if request.double.redirect_blobs:
        room = base64.urlsafe_b64encode(name.encode()).decode()
        elsewhere = request.double.url.replace("127.0.0.1", "localhost")
        return 307, {"Location": f"{elsewhere}/storage/{room}/{digest}"}, b""
    return 200, headers, content


def open_upload(request, name):
    query = dict(request.query)
    double, mounted = request.double, query.get("mount")
    if mounted and double.mounting:
        source = double.repositories.get(query.get("from"))
        if source and mounted in source.blobs:
            double.contents(name).blobs[mounted] = source.blobs[mounted]
            return 201, {"Location": f"/v2/{name}/blobs/{mounted}"}, b""
    upload_id = secrets.token_hex(8)
    double.contents(name).uploads[upload_id] = bytearray()
    if "digest" in query and not mounted:
        return _finish(request, name, upload_id, query["digest"])
    return 202, _session(name, upload_id, 0), b""


def upload(request, name, upload):
    uploads = request.double.contents(name).uploads
    if upload not in uploads:
        return error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
    held = uploads[upload]
    if request.command == "DELETE":
        del uploads[upload]
        return 204, {}, b""
    if request.command == "GET":
        return 204, _session(name, upload, len(held)), b""
    if request.command == "PUT":
        return _finish(request, name, upload, dict(request.query).get("digest", ""))
    start = re.fullmatch(r"(\d+)-\d+", request.headers.get("Content-Range", "0-0"))
    if "Content-Range" in request.headers and (not start or int(start[1]) != len(held)):
        return 416, _session(name, upload, len(held)), b""
    held += request.body
    return 202, _session(name, upload, len(held)), b""


def _session(name, upload_id, size):
    """Where an upload goes on. The state in the query must come back, as from real ones."""
    return {
        "Location": f"/v2/{name}/blobs/uploads/{upload_id}?_state={quote(f'{size}=')}",
        "Range": f"0-{max(size - 1, 0)}",
        "Docker-Upload-UUID": upload_id,
    }


def _finish(request, name, upload_id, digest):
    contents = request.double.contents(name)
    held = bytes(contents.uploads[upload_id]) + request.body
    if digest != digest_of(held):
        return error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
    if not request.query or dict(request.query).get("_state") is None:
        return error(400, "BLOB_UPLOAD_INVALID", "the state is missing")
    del contents.uploads[upload_id]
    contents.blobs[digest] = held
    headers = {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest}
    return 201, headers, b""


def referrers(request, name, digest):
    if not request.double.referrers:
        return 404, {"Content-Type": "text/plain"}, b"404 page not found\n"
    if not _DIGEST.fullmatch(digest):
        return error(400, "DIGEST_INVALID")
    contents = request.double.contents(name) if name in request.double.repositories else None
    wanted, found = dict(request.query).get("artifactType"), []
    for own, (content, kind) in sorted(contents.manifests.items()) if contents else ():
        data = json.loads(content)
        if (data.get("subject") or {}).get("digest") != digest:
            continue
        artifact = data.get("artifactType") or data.get("config", {}).get("mediaType")
        if wanted in {None, artifact}:
            one = {"mediaType": kind, "digest": own, "size": len(content)}
            found.append({**one, "artifactType": artifact, **_annotations(data)})
    headers = {"Content-Type": INDEXES[0]}
    if wanted:
        headers["OCI-Filters-Applied"] = "artifactType"
    document = {"schemaVersion": 2, "mediaType": INDEXES[0], "manifests": found}
    return 200, headers, json.dumps(document).encode()


def _annotations(data):
    return {"annotations": data["annotations"]} if data.get("annotations") else {}


def _no_repository(name):
    return error(404, "NAME_UNKNOWN", "repository name not known to registry", {"name": name})


def _no_manifest(reference):
    return error(404, "MANIFEST_UNKNOWN", "manifest unknown", {"reference": reference})
