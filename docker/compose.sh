#!/bin/sh
# compose.sh ARGUMENT ...: `docker compose` where the engine's client has it, else docker-compose (1.29 or later).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if docker compose version >/dev/null 2>&1; then
    exec docker compose -f "$here/compose.yaml" "$@"
elif command -v docker-compose >/dev/null; then
    exec docker-compose -f "$here/compose.yaml" "$@"
fi
echo "compose: neither \`docker compose\` nor docker-compose is here. Next: apt-get install docker-compose" >&2
exit 1
