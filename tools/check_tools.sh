#!/bin/sh
# Say in one line what is missing on this computer, and the command that installs it.
# Usage: check_tools.sh PYTHON
set -eu
python=$1

missing() {
    echo "error: $1; install it with: apt-get install $2" >&2
    exit 1
}

command -v "$python" >/dev/null || missing "$python is missing" "python3 python3-venv"
"$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || {
    echo "error: $("$python" --version) is not supported; name one of Python 3.10 to 3.13: make PYTHON=python3.11 …" >&2
    exit 1
}
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing "$python cannot make virtual environments" "python3-venv"
command -v git >/dev/null || missing "git is missing" "git"
command -v g++ >/dev/null || command -v c++ >/dev/null ||
    echo "note: there is no C++ compiler, so ziglang (about 400 MB) stands in, and the simulation builds slowly;" \
        "better: apt-get install g++" >&2
