"""Programs that pass for Docker, Finch and Podman as far as they are asked here, and write down how
they were called. What they answer was taken from the real ones; Finch's from its source."""

import os
import stat
from pathlib import Path

DIGEST = f"sha256:{'d' * 64}"
VERSIONS = {
    "docker": "Docker version 28.2.2, build e6534b4",
    "finch": "finch version v1.8.2",
    "podman": "podman version 4.3.1",
}
SAID = {
    "docker": f"echo 1.4: digest: {DIGEST} size: 524",
    "finch": "echo manifest-sha256:0123: done",
    "podman": "echo Storing signatures >&2",
}
PROBES = {"docker": "version", "finch": "version", "podman": "info"}

_SCRIPT = """#!/bin/sh
PATH=/usr/bin:/bin here='{here}'
kept() {{ printf %s/ "$here"; printf %s "image.$1" | tr / _; }}
for one; do
  printf '%s\\0' "$one" >> "$here/calls"
  [ "$before" = --digestfile ] && digestfile=$one
  before=$one
done
printf '\\n\\0' >> "$here/calls"
case "$*" in *--no-cache*) stale=;; *) stale={stale};; esac
case "$*" in
--version) echo '{version}'; exit;;
{answers}
tag*) cp "$(kept "$2")" "$(kept "$3")";;
'{probe}'*) echo 20.10.24;;
'buildx inspect') echo "docker: unknown command: docker buildx" >&2; exit 1;;
'manifest exists'*) exit 1;;
login*) cat > "$here/stdin"; echo Login Succeeded;;
'image inspect'*) cat "$(kept "$before")" 2>/dev/null ||
  {{ echo "Error: No such image: $before" >&2; exit 1; }};;
push*|'manifest push'*)
  if [ "$digestfile" ]; then printf %s {digest} > "$digestfile"; else {said}; fi;;
build*) while [ $# -gt 0 ]; do
  case "$1" in -t) tags="$tags $2";; --platform) platform=$2;; esac; shift
done; for tag in $tags; do echo "id-$$ ${{stale:-$platform}}" > "$(kept "$tag")"; done; echo built;;
rmi*|untag*) rm "$(kept "$2")";;
esac
"""


class RuntimeDouble:
    """A program in `folder` that says it is a runtime of that kind. `answers` are shell commands
    by patterns of the arguments, tried first. With `stale` a build without --no-cache finds an
    image for that platform in its cache."""

    def __init__(self, folder, kind, *, name=None, version=None, answers=None, stale=""):
        self.kind = kind
        self.here = folder / f".{name or kind}"
        self.here.mkdir(parents=True)
        self.program = folder / (name or kind)
        self.program.write_text(
            _SCRIPT.format(
                here=self.here,
                version=version or VERSIONS[kind],
                probe=PROBES[kind],
                digest=DIGEST,
                said=SAID[kind],
                stale=stale,
                answers="".join(f"{case}) {what};;\n" for case, what in (answers or {}).items()),
            )
        )
        self.program.chmod(self.program.stat().st_mode | stat.S_IXUSR)

    def keep(self, name, identity="0a1b", platform="linux/amd64"):
        """Let it have a local image."""
        self._kept(name).write_text(f"{identity} {platform}\n")

    def identity(self, name):
        """The id of its local image."""
        return self._kept(name).read_text().split()[0]

    def _kept(self, name):
        return self.here / f"image.{str(name).replace('/', '_')}"

    @property
    def calls(self):
        """The arguments of each call, in order."""
        file = self.here / "calls"
        words = file.read_text().split("\0")[:-1] if file.exists() else []
        calls, call = [], []
        for word in words:
            if word == "\n":
                calls.append(tuple(call))
                call = []
            else:
                call.append(word)
        return calls

    @property
    def commands(self):
        """The first word of each call."""
        return [call[0] for call in self.calls]

    @property
    def stdin(self):
        return (self.here / "stdin").read_bytes()


def search_path(*folders):
    """An environment with these folders on the PATH, and no real runtime."""
    return {"PATH": os.pathsep.join(map(str, folders))}


def is_running(process):
    """A zombie that nobody waited for yet is not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
