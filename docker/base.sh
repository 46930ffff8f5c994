#!/bin/sh
# Have the base image debian:trixie-slim in the engine: base.sh
#
# One that is there is used as it is; else it is pulled; else, where no registry is in reach, it is made from this
# machine's own Debian mirror with debootstrap (root), as slim as the original: no documentation, no translations.
set -eu
image=debian:trixie-slim
suite=trixie

fail() {
    printf 'base: %s\n' "$1" >&2
    printf 'base: next step: %s\n' "$2" >&2
    exit 1
}

engine=$("$(dirname "$0")/engine.sh" find)
eval "$engine"
docker image inspect "$image" >/dev/null 2>&1 && exit 0
echo "base: pulling $image"
timeout 120 docker pull --quiet "$image" >/dev/null 2>&1 && exit 0

echo "base: no registry is in reach: making it with debootstrap"
[ "$(id -u)" -eq 0 ] || fail "debootstrap needs root" "run this as root, or load $image yourself"
command -v debootstrap >/dev/null || {
    apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
} || fail "debootstrap can't be installed" "apt-get install debootstrap"

# The mirror that this machine takes its own release from.
# shellcheck disable=SC1091
codename=$(. /etc/os-release && printf %s "$VERSION_CODENAME")
# shellcheck disable=SC2016 # apt's own form
mirror=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $codename" "Origin: Debian" "Created-By: Packages" 2>/dev/null | head -n 1)
# shellcheck disable=SC2016
mirror=${mirror:-$(apt-get indextargets --format '$(REPO_URI)' "Codename: $codename" "Created-By: Packages" | head -n 1)}
[ -n "$mirror" ] || fail "no apt source of this machine serves its own release" "add one to /etc/apt/sources.list.d"

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root
debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$work/log" 2>&1 || {
    tail -n 20 "$work/log" >&2
    fail "debootstrap failed" "look whether $mirror has the suite $suite"
}

# How apt gets out from here: proxies, trust, what is not checked. The rest of this machine's settings stays out.
apt-config dump | grep -Ei '^Acquire::(https?|ftp|Check-Valid-Until|Check-Date|Retries|ForceIPv[46])\b' \
    >"$root/etc/apt/apt.conf.d/90host" || true
cat >"$root/etc/dpkg/dpkg.cfg.d/slim" <<'END'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-include /usr/share/locale/locale.alias
path-exclude /usr/share/lintian/*
END
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
find "$root/usr/share/doc" ! -type d ! -name copyright -delete
find "$root/usr/share/doc" -depth -type d -empty -delete
find "$root/usr/share/locale" -mindepth 1 -maxdepth 1 ! -name locale.alias -exec rm -rf {} +
rm -rf "$root"/usr/share/man/* "$root"/usr/share/info/* "$root"/usr/share/lintian "$root"/var/lib/apt/lists/* \
    "$root"/var/cache/apt/* "$root"/var/log/* "$root/etc/resolv.conf" "$root/etc/hostname" "$root"/var/cache/debconf/*-old
tar -C "$root" --numeric-owner --one-file-system -c . | docker import --change 'CMD ["bash"]' - "$image" >/dev/null
echo "base: $image $(docker image inspect --format '{{.Size}}' "$image" | sed 's/......$//') MB"
