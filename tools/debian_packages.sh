#!/bin/sh
# Install the Debian packages that some tests need, where that is allowed; otherwise say how to.
# The tests that miss one are skipped by name. This script itself never fails.
set -u

# package: what shows that it is there
needed() {
    cat <<'LIST'
iverilog /usr/bin/iverilog
zlib1g-dev /usr/include/zlib.h
liblz4-dev /usr/include/lz4.h
LIST
}

missing=$(needed | while read -r package file; do [ -e "$file" ] || printf '%s ' "$package"; done)
[ -z "$missing" ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "note: tests that need a Debian package are skipped; to run them: sudo apt-get install $missing"
    exit 0
fi

echo "Installing Debian packages for the tests: $missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null 2>&1
# shellcheck disable=SC2086 # one argument a package
apt-get install -qq -y --no-install-recommends $missing >/dev/null 2>&1 ||
    echo "note: they could not be installed (offline?); the tests that need them are skipped"
exit 0
