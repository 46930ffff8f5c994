#!/bin/sh
# The container engine of the lab and the tests.
#
#   eval "$(docker/engine.sh find)"     an engine that answers: yours, or the one started here. Status 1: none does
#   docker/engine.sh start              the same, but where none answers install Debian's packages and start one (root)
#   docker/engine.sh stop [--remove]    end the one that was started here, never anybody else's; --remove: with all it has
#
# MDM_ENGINE  directory of the engine that is started here, /var/tmp/freeradius-mdm-engine by default
set -eu
engine=${MDM_ENGINE:-/var/tmp/freeradius-mdm-engine}
socket=unix:///run/freeradius-mdm-engine.sock

fail() {
    printf 'engine: %s\n' "$1" >&2
    printf 'engine: next step: %s\n' "$2" >&2
    exit 1
}

answers() {
    command -v docker >/dev/null && timeout 20 docker "$@" version >/dev/null 2>&1
}

find_engine() {
    if answers; then
        echo ":"
    elif answers --host "$socket"; then
        echo "export DOCKER_HOST=$socket"
    else
        return 1
    fi
}

has_compose() {
    docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null
}

# Two at once would start two engines, or remove what the other has just started.
alone() {
    exec 9>/run/freeradius-mdm-engine.lock
    flock -w 120 9 || fail "another engine.sh is at work" "wait for it"
}

install() {
    missing=
    command -v docker >/dev/null && command -v dockerd >/dev/null || missing="docker.io"
    has_compose || missing="$missing docker-compose"
    [ -n "$missing" ] || return 0
    apt-get update -qq >/dev/null 2>&1 || true
    # Debian 13 has the client in a package of its own.
    command -v docker >/dev/null || [ -z "$(apt-cache madison docker-cli 2>/dev/null)" ] || missing="$missing docker-cli"
    echo "engine: installing $missing" >&2
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 ||
        fail "apt-get could not install $missing" "run it by hand to see why"
}

start() {
    if find_engine >/dev/null; then
        has_compose || [ "$(id -u)" -ne 0 ] || install
        return 0
    fi
    [ "$(id -u)" -eq 0 ] || fail "no container engine answers" "start yours, or run this as root"
    alone
    find_engine >/dev/null && return 0
    command -v apt-get >/dev/null || fail "no container engine answers, and this is no Debian" "install and start Docker"
    install
    # The packages may just have started one.
    find_engine >/dev/null && return 0
    mkdir -p "$engine"
    # In a process group of its own, so that a Ctrl-C here does not end it.
    setsid dockerd --host "$socket" --data-root "$engine/data" --exec-root /run/freeradius-mdm-engine \
        --pidfile "$engine/pid" >"$engine/log" 2>&1 </dev/null 9>&- &
    for _ in $(seq 100); do
        answers --host "$socket" && return 0
        [ -d "/proc/$!" ] || break
        sleep 0.3
    done
    tail -n 15 "$engine/log" >&2
    fail "dockerd does not start here" "see $engine/log"
}

stop() {
    [ -e "$engine/pid" ] || return 0
    alone
    process=$(cat "$engine/pid")
    # Somebody else may be at work in it.
    if [ "${1:-}" != --remove ] && [ -n "$(docker --host "$socket" ps --quiet 2>/dev/null)" ]; then
        echo "engine: it still has containers, so it goes on; docker/engine.sh stop --remove ends it" >&2
        return 0
    fi
    if [ "$(cat "/proc/$process/comm" 2>/dev/null)" = dockerd ]; then
        kill "$process"
        for _ in $(seq 100); do
            [ -d "/proc/$process" ] || break
            sleep 0.3
        done
        [ ! -d "/proc/$process" ] || fail "dockerd ($process) does not end" "look at $engine/log"
    fi
    [ "${1:-}" != --remove ] || rm -rf --one-file-system "$engine"
}

case ${1:-} in
find) find_engine || fail "no container engine answers" "start yours, or \`docker/engine.sh start\` as root" ;;
start) start && find_engine ;;
stop) stop "${2:-}" ;;
*) fail "unknown command '${1:-}'" "find, start or stop" ;;
esac
