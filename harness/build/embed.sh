#!/bin/sh
# Turns text files into a C table, so that the binaries carry the profiles and the test keys.
# usage: embed.sh TABLE SUFFIX FILE...   TABLE's type is struct sevkit_text_file (emulator/abi/text_file.h)
set -eu
table=$1
suffix=$2
shift 2
printf '/* Made by harness/build/embed.sh. */\n#include "abi/text_file.h"\n\n'
printf 'const struct sevkit_text_file %s[] = {\n' "$table"
for f in "$@"; do
    printf '    {"%s",\n' "$(basename "$f" "$suffix")"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/     "/' -e 's/$/\\n"/' "$f"
    printf '    },\n'
done
printf '    {0, 0},\n};\n'
