#!/bin/sh
# Build the images: build.sh [TARGET ...]     by default freeradius, mdmd, redis and lab
#
#   IMAGES=freeradius-mdm    what their names begin with          TAG=latest
#   CA_BUNDLE=FILE           authorities that apt and pip have to trust, and the images afterwards; else SSL_CERT_FILE's
#   INDEX_URL=URL            package index instead of PyPI, else PIP_INDEX_URL's
#   APT_MIRROR=URL           Debian mirror instead of the base image's
#   VERSION=, REVISION=, SOURCE=, LICENSES=   labels; the first two are read from pyproject.toml and git
set -eu
here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")

fail() {
    printf 'build: %s\n' "$*" >&2
    exit 1
}

engine=$("$here/engine.sh" find)
eval "$engine"
images=${IMAGES:-freeradius-mdm}
tag=${TAG:-latest}
version=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' "$repository/pyproject.toml")}
revision=${REVISION:-$(git -C "$repository" rev-parse HEAD 2>/dev/null || echo unknown)}
bundle=${CA_BUNDLE:-${SSL_CERT_FILE:-}}
[ -z "$bundle" ] || [ -r "$bundle" ] || fail "$bundle can't be read. Next: set CA_BUNDLE to a file of authorities in PEM form"
[ -z "$bundle" ] || bundle=$(readlink -f "$bundle")

# The context is packed here, so that the bundle can be added without a copy in the checkout.
context() {
    set -- -c -C "$repository" --exclude=__pycache__ --exclude='*.egg-info' --exclude=docker/ca/.gitignore docker freeradius lock module
    if [ -n "$bundle" ]; then
        name=$(basename "$bundle")
        set -- "$@" -C "$(dirname "$bundle")" --transform="flags=r;s,^$name\$,docker/ca/bundle.crt," "$name"
    fi
    tar "$@"
}

# An engine's client without buildx can do without it: the classic builder knows all that the Dockerfile asks for.
docker buildx version >/dev/null 2>&1 || export DOCKER_BUILDKIT=0

log=$(mktemp)
trap 'rm -f "$log"' EXIT
[ $# -gt 0 ] || set -- freeradius mdmd redis lab
for target in "$@"; do
    context | docker build --quiet --file docker/Dockerfile --target "$target" --tag "$images/$target:$tag" \
        --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
        --build-arg "SOURCE=${SOURCE:-unknown}" --build-arg "LICENSES=${LICENSES:-unknown}" \
        --build-arg "PIP_INDEX_URL=${INDEX_URL:-${PIP_INDEX_URL:-}}" --build-arg "APT_MIRROR=${APT_MIRROR:-}" \
        - >"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        fail "the image $target can't be built"
    }
    printf 'build: %s %s MB\n' "$images/$target:$tag" \
        "$(docker image inspect --format '{{.Size}}' "$images/$target:$tag" | sed 's/......$//')"
done
