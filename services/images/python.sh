#!/bin/sh
# Makes the root of an image that runs Python: `python.sh ROOT VENV`. In it: the virtual environment with the interpreter and the
# standard library that it was made from, wherever the base keeps them, and what root.sh adds.
set -eu
root=$1
venv=$2
python=$(readlink -f "$venv/bin/python3")
library=$("$python" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')

mkdir -p "$root"
# Relative paths: with absolute ones cp looks for the parents' dates in the current folder.
(cd / && cp -a --parents "${python#/}" "${library#/}" "${venv#/}" "$root")
ln -sf "$python" "$root$venv/bin/python3"
# What installs packages, tests, draws or documents; and what the base has installed for itself.
cd "$root$library"
rm -rf ensurepip idlelib lib2to3 pydoc_data site-packages dist-packages test tkinter turtledemo config-3*
find "$root$venv/bin" -mindepth 1 ! -name 'python*' -delete
# Compiled here, because the container's file system is read-only. By hash: a file's date says nothing in an image.
find "$root" -name __pycache__ -prune -exec rm -rf {} +
"$python" -m compileall -q -j 0 -s "$root" --invalidation-mode unchecked-hash "$root$library" "$root$venv/lib"
"${0%/*}/root.sh" "$root"
