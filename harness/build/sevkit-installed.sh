#!/bin/sh
# The installed sevkit command: finds programs, package and data from its own place, so that the prefix may
# be moved. Python: PREFIX/share/sevkit/venv if it is there, else python3 with the packages of
# PREFIX/share/sevkit/harness/python/requirements.txt that the command needs.
SEVKIT_BIN=$(dirname "$(readlink -f "$0")")
export SEVKIT_BIN
share=$(dirname "$SEVKIT_BIN")/share/sevkit
python=$share/venv/bin/python
if [ ! -x "$python" ]; then
    python=python3
    if ! python3 -c 'import importlib.util as u, sys
sys.exit(sys.version_info < (3, 11) or not all(map(u.find_spec, ("click", "rich", "jinja2"))))'; then
        echo "sevkit: needs Python 3.11 or later with click, rich and jinja2; see sevkit(1), REQUIREMENTS" >&2
        exit 3
    fi
fi
PYTHONPATH=$share/harness exec "$python" -m sevkit "$@"
