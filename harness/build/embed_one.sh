#!/bin/sh
# Turns one text file into a C string, so that a program carries it. usage: embed_one.sh NAME FILE
set -eu
printf '/* Made by harness/build/embed_one.sh. */\nextern const char %s[];\nconst char %s[] =\n' "$1" "$1"
sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/' "$2"
printf '    "";\n'
