#!/bin/sh
# Makes sure of what the build needs. usage: deps.sh VENV [guest|dev]
#   deps.sh VENV       compiler, OpenSSL, jansson, libmicrohttpd, FUSE, CUnit; the pinned Python in VENV
#   deps.sh VENV guest also QEMU and what unpacks the test guest's kernels
#   deps.sh VENV dev   also clang, lint tools, sanitizers, Chromium, man page tools
# Does nothing where everything is there. Prints the exact apt line before it runs it; without root or
# passwordless sudo, or on a system without apt-get, says what to install and exits 3.
set -eu
venv=$1
mode=${2:-}
here=$(dirname "$0")

have_header() {
    printf '#include <%s>\n' "$1" | cc -fsyntax-only -x c - 2>/dev/null
}

missing=''
need() { # need PACKAGE TEST...
    package=$1
    shift
    if ! "$@" >/dev/null 2>&1; then missing="$missing $package"; fi
}

need build-essential cc --version
need pkg-config pkg-config --version
need libssl-dev pkg-config --exists 'libcrypto >= 3.0'
need libjansson-dev pkg-config --exists 'jansson >= 2.13'
need libmicrohttpd-dev pkg-config --exists 'libmicrohttpd >= 0.9.75'
need libfuse3-dev pkg-config --exists 'fuse3 >= 3.10'
need libcunit1-dev have_header CUnit/CUnit.h
need openssl openssl version
need python3 python3 -c 'import sys; assert sys.version_info >= (3, 11)'
need python3-venv python3 -c 'import ensurepip, venv'
if [ -n "$mode" ]; then
    need qemu-system-x86 qemu-system-x86_64 --version
    need mmdebstrap mmdebstrap --version
fi
if [ "$mode" = dev ]; then
    need clang clang --version
    need clang-format clang-format --version
    need clang-tidy clang-tidy --version
    need cppcheck cppcheck --version
    need chromium chromium --version
    need libclang-rt-14-dev sh -c 'ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a'
    need mandoc command -v mandoc
    need shellcheck shellcheck --version
    need llvm sh -c 'ls /usr/bin/llvm-symbolizer*'
fi

if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "missing:$missing (Debian names); install your distribution's packages of these and try again" >&2
        exit 3
    fi
    line="apt-get install -y --no-install-recommends$missing"
    if [ "$(id -u)" = 0 ]; then
        sudo=''
    elif sudo -n true 2>/dev/null; then
        sudo='sudo '
    else
        echo "missing packages; as root run: apt-get update && $line" >&2
        exit 3
    fi
    echo "${sudo}apt-get update && $sudo$line"
    export DEBIAN_FRONTEND=noninteractive

    # shellcheck disable=SC2086
    if ! { ${sudo}apt-get update -qq && ${sudo}$line >/dev/null; }; then
        echo "apt-get failed; the packages needed are:$missing" >&2
        exit 3
    fi
fi

lock=$here/../python/requirements.txt
if [ "$mode" = dev ]; then lock=$here/../python/requirements-dev.txt; fi
stamp=$venv/.$(basename "$lock")
if ! cmp -s "$lock" "$stamp"; then
    echo "making the pinned Python environment in $venv"
    if [ ! -x "$venv/bin/python" ]; then python3 -m venv "$venv"; fi
    if ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"; then
        echo "pip could not install $lock; is the package index reachable?" >&2
        exit 3
    fi
    cp "$lock" "$stamp"
fi
