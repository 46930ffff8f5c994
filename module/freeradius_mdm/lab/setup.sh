#!/bin/sh
# Everything a fresh Debian 12 or 13 needs for the lab and the tests: setup.sh STATE_DIRECTORY VENV_DIRECTORY [PACKAGE ...]
#
# Installs Debian packages, the named ones too (through sudo when not root), makes the virtual environment, and copies the packaged
# FreeRADIUS configuration to STATE_DIRECTORY/stock-raddb, because only root can read the original. Quick when all of
# it is there. Outside the two directories it writes nothing but those packages.
set -eu

state=$1
venv=$2
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
shift 2
packages="freeradius freeradius-python3 freeradius-rest freeradius-utils eapoltest python3-venv patch openssl iproute2 $*"

fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "needs root for: $*. Run it as root, or install sudo"
    fi
}

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

enabled_services() {
    find /etc/systemd/system/multi-user.target.wants -name '*.service' -printf '%f ' 2>/dev/null || true
}

command -v dpkg-query >/dev/null || fail "this is no Debian. Use Debian 12 or 13"

missing=
for package in $packages; do
    installed "$package" || missing="$missing $package"
done
if [ -n "$missing" ]; then
    echo "setup: installing$missing"
    # Debian starts the packaged FreeRADIUS on 1812; the lab leaves it alone and takes other ports.
    as_root apt-get update -qq || fail "apt-get update failed. Is a Debian mirror within reach?"
    services=$(enabled_services)
    # shellcheck disable=SC2086 # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
        fail "apt-get could not install$missing. Run it by hand to see why"
    # The tests start hostapd, wpa_supplicant, Redis and the like themselves: what came along just now as a
    # service of the machine is turned off, what somebody had before stays as it is.
    for service in $(enabled_services); do
        case " $services freeradius.service " in
        *" $service "*) ;;
        *)
            as_root systemctl --quiet disable "$service" || true
            # Without systemd Debian has started it by its init script.
            if [ -d /run/systemd/system ]; then
                as_root systemctl --quiet stop "$service" || true
            else
                as_root service "${service%.service}" stop >/dev/null 2>&1 || true
            fi
            ;;
        esac
    done
fi

mkdir -p "$state"
if [ ! -e "$state/stock-raddb/radiusd.conf" ]; then
    as_root cp -rP /etc/freeradius/3.0 "$state/stock-raddb.new"
    as_root chown -R "$(id -u):$(id -g)" "$state/stock-raddb.new"
    mv "$state/stock-raddb.new" "$state/stock-raddb"
fi

# Debian's own Python, since radiusd embeds that one; whatever `python3` on PATH is does not matter.
if [ ! -x "$venv/bin/python" ]; then
    echo "setup: making the virtual environment $venv"
    /usr/bin/python3 -m venv "$venv" || fail "python3 -m venv $venv failed"
fi
if [ ! -e "$venv/.complete" ] || [ "$repository/pyproject.toml" -nt "$venv/.complete" ] ||
    [ "$repository/lock/dev.txt" -nt "$venv/.complete" ]; then
    # The dependencies only: an editable install would write into the checkout.
    "$venv/bin/python" - "$repository" <<'END'
import pathlib, sys, sysconfig, tomllib
repository = pathlib.Path(sys.argv[1])
project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
(pathlib.Path(sysconfig.get_path("purelib")) / "freeradius_mdm.pth").write_text(f"{repository / 'module'}\n")
for name, target in project["scripts"].items():
    program = pathlib.Path(sys.prefix) / "bin" / name
    module = target.partition(":")[0]
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
    program.chmod(0o755)
END
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$repository/lock/dev.txt" ||
        fail "pip could not install the packages of lock/dev.txt. Is a package index within reach that has them?"
    touch "$venv/.complete"
fi
