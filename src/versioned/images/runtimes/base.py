"""What every container runtime does, and how it is run."""

from __future__ import annotations

import os
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from types import MappingProxyType
from typing import BinaryIO, ClassVar

from versioned.checks.base import clean_reason
from versioned.images.build_request import BuildRequest
from versioned.images.errors import InvalidImageError, RuntimeFailedError
from versioned.images.platforms import is_platform
from versioned.images.reference import ImageReference
from versioned.images.registry import Credentials
from versioned.processes import Ended, run_program

_SHORT = 120.0
"""Seconds for what neither builds nor pushes."""
_LONGEST_SECRET = 64 * 1024
"""Bytes."""
_SHORTEST_SECRET = 8
"""Characters of a build argument that is struck out of errors: a `1` is in every output."""
_OBEYED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|PWD|TERM|TZ|LANG|TMPDIR|TMP|TEMP|SOURCE_DATE_EPOCH|PROGRESS_NO_TRUNC|"
    r"NO_COLOR|REGISTRY_AUTH_FILE|STORAGE_.*|_?CONTAINERS?_.*|(?:DOCKER|BUILDX|BUILDKIT|BUILDAH|PODMAN|"
    r"XDG|LD|LC|SSL|SSH|DBUS|OTEL|GODEBUG|GOGC|GOMAXPROCS|GOMEMLIMIT|GOTRACEBACK)(?:_.*)?|"
    r"(?i:.*_proxy)"
)
"""Environment variables by which container runtimes, their libraries and Go itself are led."""
_LOCAL_IMAGE = re.compile(r"[A-Za-z0-9\[][A-Za-z0-9._:/@\[\]-]{0,1023}")
_LOOKED = re.compile(r"^(\S+) ([a-z0-9]+/[a-z0-9]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LocalImage:
    """What a runtime has for a reference: the ids of its images, one for each platform that was
    built by itself; none where the runtime doesn't tell. `request` is what it was built by."""

    reference: ImageReference
    ids: tuple[str, ...] = ()
    request: BuildRequest | None = None


@dataclass(frozen=True, slots=True)
class Runtime(ABC):
    """A container runtime of this machine: `program` is an absolute path.

    Runs without a shell and without input, in a process group of its own, which is killed when
    the call is interrupted. Every method raises RuntimeFailedError with the end of what the
    runtime wrote. What it writes while it builds and pushes goes to `output` at once. Builds and
    pushes take as long as they take.
    """

    program: str
    environ: Mapping[str, str] = field(repr=False, compare=False)

    name: ClassVar[str]
    probe: ClassVar[tuple[str, ...]]
    """The arguments that succeed only where it really runs."""
    passes_environment: ClassVar[bool] = True
    """Whether a build finds the environment that it was started with."""
    build_hint: ClassVar[str] = "nothing was pushed; what the build wrote says why"

    def joins_platforms(self) -> bool:
        """Whether one build and one push can be for several platforms. Else each platform is
        built and pushed under a tag of its own, and an index is made of them."""
        return True

    def login(self, host: str, credentials: Credentials) -> None:
        """Log in to a registry, until somebody logs out. The password is only ever written to the
        runtime's standard input."""
        with _piped(credentials.password) as password:
            ended = self._run(
                ("login", "-u", credentials.username, "--password-stdin", *self._tls(host), host),
                stdin=password,
            )
        self._check(
            ended,
            f"login to {host} as {credentials.username}",
            secrets=[credentials.password],
            hint="check user and password; a token may have expired",
        )

    def tag(self, name: str, reference: ImageReference) -> LocalImage:
        """Let the reference name an image that the runtime has by another name, or by its id.
        Raises InvalidImageError."""
        if not _LOCAL_IMAGE.fullmatch(name):
            raise InvalidImageError(
                f"{name[:80]!r} is no image of {self.name}",
                hint="name one that it has, such as app:1.4 or the start of its id",
            )
        image = LocalImage(reference, self._ids(name))
        self._check(
            self._run(("tag", name, str(reference))),
            f"tag of {name}",
            hint=f"{self.name} images shows which there are",
        )
        return image

    def build(
        self, request: BuildRequest, reference: ImageReference, *, output: BinaryIO | None
    ) -> LocalImage:
        """Build for every platform of the request, of which there is one where platforms can't be
        joined. What was built is looked at: an image for another platform is built anew without
        the runtime's cache, and never passes for the one that was asked for."""
        return LocalImage(reference, (self._build_one(request, reference, output),), request)

    @abstractmethod
    def push(self, image: LocalImage, *, output: BinaryIO | None) -> str | None:
        """Push it whole, and nothing that has got its name meanwhile. Returns the digest that the
        runtime says; `None` where it says none. May raise TagMovedError."""

    def _ids(self, name: str) -> tuple[str, ...]:
        return (self._look(name)[0],)

    def _untag(self, name: str) -> None:
        self._run(("rmi", name))

    def _build_one(
        self, request: BuildRequest, reference: ImageReference, output: BinaryIO | None
    ) -> str:
        """The id of what was built, whoever else builds for the same reference at the same time.

        The name that is ours alone comes first: podman finds by it what gets the other one.
        """
        (wanted,) = request.platforms
        ours = f"localhost/versioned-{token_hex(8)}"
        for options in ((), ("--no-cache",)):
            self._build(request, (*options, "-t", ours, "-t", str(reference)), output)
            try:
                identity, found = self._look(ours)
            finally:
                self._untag(ours)
            if is_platform(wanted, found):
                return identity
        raise RuntimeFailedError(
            f"{self.name} built {reference} for {found or 'no platform that it knows'}, "
            f"not for {wanted}; it was not pushed",
            output="",
            hint="the base image may have this platform only, or the builder can build no other",
        )

    def _build(
        self,
        request: BuildRequest,
        options: Sequence[str],
        output: BinaryIO | None,
        *,
        command: Sequence[str] = ("build",),
    ) -> None:
        told = self._words(request)
        ended = self._run(
            (*command, *options, *told.arguments),
            directory=request.context,
            timeout=None,
            output=output,
            added=told.environ,
        )
        self._check(
            ended,
            f"build for {','.join(request.platforms)}",
            secrets=_secrets(request),
            hint=self.build_hint,
        )

    def _look(self, name: str) -> tuple[str, str | None]:
        """The id and the platform of a local image."""
        shown = "{{.Id}} {{.Os}}/{{.Architecture}}"
        ended = self._run(("image", "inspect", "--format", shown, name))
        self._check(
            ended,
            f"look at {name}",
            hint=f"{self.name} images shows which there are; a build that was cut off leaves none, "
            "nor does a builder that BUILDX_BUILDER names and that keeps them to itself",
        )
        found = _LOOKED.findall(ended.output.decode(errors="replace"))
        return found[-1] if found else ("", None)

    def _push(
        self,
        arguments: Sequence[str],
        output: BinaryIO | None,
        *,
        request: BuildRequest | None = None,
    ) -> Ended:
        """`request` is the one whose build is part of the push; its arguments come last."""
        directory = request.context if request else None
        told = self._words(request) if request else _Words((), {})
        ended = self._run(
            (*arguments, *told.arguments),
            directory=directory,
            timeout=None,
            output=output,
            added=told.environ,
        )
        self._check(
            ended,
            "push",
            secrets=_secrets(request) if request else (),
            hint="repeat it: what is there already is not sent again; a token may have expired",
        )
        return ended

    def _words(self, request: BuildRequest) -> _Words:
        """Everybody on this machine can read a program's arguments: values of build arguments go
        by its environment, but for those that the runtime would obey itself."""
        arguments = ["--platform", ",".join(request.platforms), "-f", str(request.dockerfile)]
        environ = {}
        for name, value in request.build_args.items():
            if self.passes_environment and not _OBEYED.fullmatch(name):
                arguments += ["--build-arg", name]
                environ[name] = value
            else:
                arguments += ["--build-arg", f"{name}={value}"]
        return _Words((*arguments, str(request.context)), environ)

    def _tls(self, host: str) -> tuple[str, ...]:  # noqa: ARG002 - only some have an option
        """Options by which a registry on this machine may speak plain HTTP."""
        return ()

    def _run(
        self,
        arguments: Sequence[str],
        *,
        directory: Path | None = None,
        timeout: float | None = _SHORT,
        output: BinaryIO | None = None,
        stdin: BinaryIO | None = None,
        added: Mapping[str, str] = MappingProxyType({}),
    ) -> Ended:
        try:
            return run_program(
                (self.program, *arguments),
                directory=directory or Path(),
                environ={**self.environ, **added},
                timeout=timeout,
                stdin=stdin,
                sink=output,
            )
        except (OSError, ValueError) as error:
            raise RuntimeFailedError(
                f"{self.name} could not be started: {error}",
                output="",
                hint="CDK_DOCKER names another one",
            ) from error

    def _check(self, ended: Ended, what: str, *, hint: str, secrets: Iterable[str] = ()) -> None:
        if ended.code == 0:
            return
        said = ended.output.decode(errors="replace")
        for secret in secrets:
            said = said.replace(secret, "***") if secret else said
        how = f"ended with {ended.code}" if ended.code is not None else "took too long"
        last = clean_reason(said.strip().rpartition("\n")[2])
        raise RuntimeFailedError(
            f"{self.name}: {what} {how}" + (f": {last}" if last else ""), output=said, hint=hint
        )


def platform_tag(reference: ImageReference, platform: str) -> ImageReference:
    """Where the image of one platform is called by itself: `app:1.4-linux-arm64`."""
    return reference.by_tag(f"{reference.tag}-{platform.replace('/', '-')}")


@dataclass(frozen=True, slots=True)
class _Words:
    """Arguments of a build, and the variables that it has to find in its environment."""

    arguments: tuple[str, ...]
    environ: Mapping[str, str]


def _secrets(request: BuildRequest) -> list[str]:
    return [value for value in request.build_args.values() if len(value) >= _SHORTEST_SECRET]


@contextmanager
def _piped(secret: str) -> Iterator[BinaryIO]:
    """A file to read the secret from that is on no disk. What a pipe holds depends on how many its
    user has, so a thread fills it, which ends as soon as nobody can read any more."""
    content = secret.encode()
    if len(content) > _LONGEST_SECRET:
        raise RuntimeFailedError(
            f"a password of {len(content)} bytes is too long: at most {_LONGEST_SECRET} fit",
            output="",
            hint="log in with a token in its place",
        )
    reading, writing = os.pipe()

    def fill() -> None:
        with suppress(BrokenPipeError), os.fdopen(writing, "wb") as sink:
            sink.write(content)

    with os.fdopen(reading, "rb") as source:
        threading.Thread(target=fill, name="versioned-secret", daemon=True).start()
        yield source
