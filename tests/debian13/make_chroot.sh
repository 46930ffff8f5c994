#!/bin/sh
# Make a Debian 13 "trixie" chroot that holds FreeRADIUS 3.2.7, for tests that compare it with the host's FreeRADIUS.
#
#     tests/debian13/make_chroot.sh DIR
#
# Needs root, debootstrap, and a Debian host. A second run on a complete DIR ends at once. Nothing is started in the
# chroot, nothing is left mounted, and DIR appears only when it is complete: the work is done in DIR.part.
set -eu

SUITE=trixie
PACKAGES="freeradius freeradius-python3 freeradius-rest freeradius-utils ca-certificates"
STAMP=.mdm-chroot-complete

die() {
    printf 'make_chroot: %s\n' "$1" >&2
    printf 'make_chroot: next step: %s\n' "$2" >&2
    exit 1
}

[ $# -eq 1 ] || die "one argument is needed, the directory of the chroot" "$0 /var/tmp/mdm-trixie"
case $1 in
    /) die "the chroot cannot be /" "$0 /var/tmp/mdm-trixie" ;;
    /*) DIR=${1%/} ;;
    *) DIR=$PWD/${1%/} ;;
esac
PART=$DIR.part

if [ "$(cat "$DIR/$STAMP" 2>/dev/null || true)" = "$SUITE $PACKAGES" ]; then
    printf 'make_chroot: %s is complete\n' "$DIR"
    exit 0
fi
[ "$(id -u)" -eq 0 ] || die "debootstrap and chroot need root" "sudo $0 $DIR"
command -v debootstrap >/dev/null || die "debootstrap is not installed" "apt-get install debootstrap"
[ ! -e "$DIR" ] || die "$DIR exists and is not a complete chroot of this script" "remove it, or name another directory"

# Two runs at once would remove each other's DIR.part.
mkdir -p "$(dirname "$DIR")"
exec 9>"$DIR.lock"
flock -n 9 || die "another run is making $DIR" "wait for it, then run this again"

# The mirror is the one that this host uses for its own release: the first source whose suite is exactly the host's
# codename (so not -security, -updates or a third party's). Both of apt's formats are read.
host_mirror() {
    # shellcheck disable=SC1091
    codename=$(. /etc/os-release && printf %s "${VERSION_CODENAME:-}")
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -f "$file" ] && sed -n "s/#.*//; s/\[[^]]*\]//; s/^[[:space:]]*deb[[:space:]]\+\([^[:space:]]\+\)[[:space:]]\+${codename}[[:space:]].*/\1/p" "$file"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] || continue
        awk -v codename="$codename" '
            function flush(  words, i, n) {
                n = split(suites, words, /[ \t]+/)
                for (i = 1; i <= n; i++)
                    if (words[i] == codename && types ~ /(^|[ \t])deb([ \t]|$)/ && enabled != "no") {
                        split(uris, words, /[ \t]+/); print words[1]; break
                    }
                types = uris = suites = enabled = ""
            }
            function value() { sub(/^[^:]*:[ \t]*/, ""); return $0 }
            /^#/ { next }
            /^[ \t]*$/ { flush() }
            tolower($0) ~ /^types:/ { types = value() }
            tolower($0) ~ /^uris:/ { uris = value() }
            tolower($0) ~ /^suites:/ { suites = value() }
            tolower($0) ~ /^enabled:/ { enabled = tolower(value()) }
            END { flush() }' "$file"
    done
}
MIRROR=$(host_mirror | head -n 1)
[ -n "$MIRROR" ] || die "no apt source of this host serves its own release" \
    "add one to /etc/apt/sources.list.d, with the host's VERSION_CODENAME as its suite"

# A run that was cut short can have left debootstrap's mounts in DIR.part; rm must never walk into those.
clear_part() {
    awk -v under="$PART/" 'index($2, under) == 1 { print $2 }' /proc/self/mounts | sort -r | while read -r mount; do
        umount "$mount"
    done
    rm -rf --one-file-system "$PART"
}
clear_part
trap clear_part EXIT

debootstrap --variant=minbase "$SUITE" "$PART" "$MIRROR" >"$DIR.log" 2>&1 ||
    die "debootstrap failed, see the end of $DIR.log" "check that the host's mirror has the suite $SUITE, then run this again"

# What apt needs to get out from here is taken from the host: proxies, client certificates and trust, credentials. The
# rest of the host's settings (its hooks, its package choices) stays out.
apt-config dump | grep -Ei '^Acquire::(https?|ftp|Check-Valid-Until|Check-Date|Retries|ForceIPv[46])\b' \
    >"$PART/etc/apt/apt.conf.d/90host" || true
for file in /etc/apt/auth.conf /etc/apt/auth.conf.d/*.conf; do
    [ -f "$file" ] && install -D -m 600 "$file" "$PART$file"
done
for file in /usr/local/share/ca-certificates/*.crt; do
    [ -f "$file" ] && install -D -m 644 "$file" "$PART$file"
done
# ca-certificates writes this file anew when it is installed, the host's own authorities included.
[ -f /etc/ssl/certs/ca-certificates.crt ] &&
    install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$PART/etc/ssl/certs/ca-certificates.crt"
sed -n 's/.*::\(CaInfo\|CaPath\|SslCert\|SslKey\) "\(.*\)";/\2/p' "$PART/etc/apt/apt.conf.d/90host" |
    while read -r file; do
        [ -f "$file" ] && install -D -m 644 "$file" "$PART$file"
    done
install -m 644 /etc/resolv.conf "$PART/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$PART/usr/sbin/policy-rc.d"
chmod 755 "$PART/usr/sbin/policy-rc.d"

in_chroot() {
    chroot "$PART" env DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" >>"$DIR.log" 2>&1 ||
        die "'$1 $2' failed in the chroot, see the end of $DIR.log" "put right what it says, then run this again"
}
in_chroot apt-get update
# shellcheck disable=SC2086 # a list of words on purpose
in_chroot apt-get install -y --no-install-recommends $PACKAGES
in_chroot apt-get clean

printf '%s %s' "$SUITE" "$PACKAGES" >"$PART/$STAMP"
mv "$PART" "$DIR"
trap - EXIT
rm -f "$DIR.log" "$DIR.lock"
printf 'make_chroot: %s is ready: %s\n' "$DIR" "$(chroot "$DIR" freeradius -v | head -n 1)"
