#!/bin/sh
# Make the lock files anew from pyproject.toml: lock/make.sh WORK_DIRECTORY [--upgrade]
#
#   run.txt   what mdmd needs        lab.txt   and the lab        dev.txt   and the tests, ruff and mypy
#
# Each names every package with its version and the hashes of all its files, for Python 3.11 and later; each holds the
# one before it. Without --upgrade a version that still fits stays as it is. A package index other than PyPI:
# UV_DEFAULT_INDEX; more authorities: SSL_CERT_FILE.
set -eu
UV=0.13.9
here=$(cd "$(dirname "$0")" && pwd)
work=$1
shift

if [ "$("$work/bin/uv" --version 2>/dev/null | cut -d ' ' -f 2)" != "$UV" ]; then
    python3 -m venv "$work"
    "$work/bin/pip" install --quiet --disable-pip-version-check "uv==$UV"
fi
cd "$here/.."
# The largest first, and the others within what it has chosen.
for file in dev lab run; do
    case $file in
    dev) extras="--extra lab --extra dev" ;;
    lab) extras="--extra lab --constraints lock/dev.txt" ;;
    run) extras="--constraints lock/dev.txt" ;;
    esac
    # shellcheck disable=SC2086 # a list of words
    "$work/bin/uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate \
        --custom-compile-command "make lock" $extras "$@" --output-file "lock/$file.txt" pyproject.toml
done
echo "lock: $(grep -c == lock/run.txt) packages for mdmd, $(grep -c == lock/lab.txt) with the lab, $(grep -c == lock/dev.txt) with the tests"
