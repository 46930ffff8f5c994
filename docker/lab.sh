#!/bin/sh
# The lab in containers: lab.sh up|down|compose ARGUMENT ...
#
#   up        build the images, start everything, wait until it is healthy, let the cast sign in, print what each got
#   down      remove containers, networks, volumes and the lab's files; with REMOVE_IMAGES=1 the images as well
#   compose   `docker compose` for that lab, for example: lab.sh compose logs --follow mdmd1
#
#   MDM_SITE      where the lab's files are written          MDM_PROJECT   the composition's name, freeradius-mdm-lab
#   and the variables of compose.yaml and build.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
engine=$("$here/engine.sh" find)
eval "$engine"
export MDM_SITE="${MDM_SITE:?lab.sh: set MDM_SITE to a directory that the lab may write}"
export MDM_IMAGES="${MDM_IMAGES:-freeradius-mdm}" MDM_TAG="${MDM_TAG:-latest}" MDM_NETWORK="${MDM_NETWORK:-10.213.97}"
project=${MDM_PROJECT:-freeradius-mdm-lab}
patience=${MDM_PATIENCE:-120}

fail() {
    printf 'lab: %s\n' "$1" >&2
    printf 'lab: next step: %s\n' "$2" >&2
    exit 1
}

compose() {
    "$here/compose.sh" --project-name "$project" --profile lab "$@"
}

# The lab's files belong to the containers' users, so a container of root's writes and removes them.
as_root_in_lab() {
    entrypoint=$1
    shift
    docker run --rm --user 0:0 --network none --read-only --tmpfs /tmp --cap-drop ALL --cap-add CHOWN --cap-add DAC_OVERRIDE \
        --cap-add FOWNER --security-opt no-new-privileges --volume "$MDM_SITE:/site" --entrypoint "$entrypoint" \
        "$MDM_IMAGES/lab:$MDM_TAG" "$@"
}

wait_until() {
    what=$1
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$deadline" ] || {
            compose ps >&2
            compose logs --tail 15 >&2
            fail "$what: not within $patience s" "read the logs above, or \`docker/lab.sh compose logs SERVICE\`"
        }
        sleep 0.5
    done
}

healthy() {
    states=$(docker ps --all --filter "label=com.docker.compose.project=$project" --format '{{.State}} {{.Status}}')
    [ -n "$states" ] && ! printf '%s\n' "$states" | grep -qE '^(created|restarting|exited|dead)|health: starting|unhealthy'
}

up() {
    "$here/base.sh"
    IMAGES=$MDM_IMAGES TAG=$MDM_TAG "$here/build.sh"
    mkdir -p "$MDM_SITE"
    # As `make run` does, it begins with an empty store.
    compose down --volumes --remove-orphans >/dev/null 2>&1 || true
    as_root_in_lab /opt/freeradius-mdm/.venv/bin/python -m freeradius_mdm.lab.containers prepare /site --network "$MDM_NETWORK.0/24"
    echo "lab: starting two nodes, Redis and the simulated Microsoft ..."
    deadline=$(($(date +%s) + patience))
    compose up --detach --no-build >"$MDM_SITE/up.log" 2>&1 || {
        cat "$MDM_SITE/up.log" >&2
        compose logs --tail 15 >&2
        fail "it does not start" "read the logs above"
    }
    wait_until "every container is healthy" healthy
    for node in 1 2; do
        wait_until "mdmd$node has nothing to complain about" compose exec -T "mdmd$node" /usr/local/bin/health --ok
    done
    compose run --rm --no-deps -T cast
    cat <<END
Everything is up. RADIUS of the two nodes: 127.0.0.1:${MDM_RADIUS1_PORT:-21812} and 127.0.0.1:${MDM_RADIUS2_PORT:-22812}, secret in $MDM_SITE/lab/radius.secret
make the laptop non-compliant at the simulated Intune:
  MDM_SITE=$MDM_SITE docker/lab.sh compose exec microsoft mdm-lab microsoft --control http://127.0.0.1:8480 device set 0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11 compliant=false
watch a node:
  MDM_SITE=$MDM_SITE docker/lab.sh compose logs --follow radius1 mdmd1
make docker-down stops all of it and removes it.
END
}

down() {
    compose down --volumes --remove-orphans >/dev/null 2>&1 || compose down --volumes --remove-orphans
    if [ -d "$MDM_SITE" ]; then
        if docker image inspect "$MDM_IMAGES/lab:$MDM_TAG" >/dev/null 2>&1; then
            as_root_in_lab /bin/rm -rf /site/config /site/secrets /site/lab
        fi
        rm -rf "$MDM_SITE" || fail "$MDM_SITE can't be removed" "sudo rm -rf $MDM_SITE"
    fi
    if [ "${REMOVE_IMAGES:-}" = 1 ]; then
        for target in freeradius mdmd redis lab; do
            docker image rm --force "$MDM_IMAGES/$target:$MDM_TAG" >/dev/null 2>&1 || true
        done
    fi
}

case ${1:-} in
up) up ;;
down) down ;;
compose) shift && compose "$@" ;;
*) fail "unknown command '${1:-}'" "up, down or compose" ;;
esac
