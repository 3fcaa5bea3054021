#!/bin/sh
# Make a virtual environment, unless there is one that works and was made by the same Python release.
# Usage: make_venv.sh PYTHON FOLDER
set -eu
python=$1
folder=$2

release='import sys; print(sys.version_info[:3])'
wanted=$("$python" -c "$release")
there=$("$folder/bin/python" -m pip --version >/dev/null 2>&1 && "$folder/bin/python" -c "$release" || true)

if [ "$there" != "$wanted" ]; then
    echo "Making $folder with $python"
    # From scratch: an environment of two Pythons' parts works with neither.
    "$python" -m venv --clear "$folder"
fi
