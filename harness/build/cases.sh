#!/bin/sh
# Makes the table of area vectors from vectors/cases/*.json, whose members stand a line each
# (harness/reference/bundle.py), and carries the files. usage: cases.sh FILE ...
set -eu
cat <<'END'
/* Made by harness/build/cases.sh. */
#include "vectors/vectors.h"

END
for file; do
    name=$(basename "$file" .json | tr - _)
    cat <<END
__asm__(".pushsection .rodata\n"
        "cases_$name: .incbin \"$file\"\n"
        "cases_${name}_end: .byte 0\n"
        ".popsection\n");
extern const char cases_${name}[], cases_${name}_end[];
static const struct vector_file file_$name = {"$file", cases_$name, cases_${name}_end};
static const struct suite_test tests_${name}[] = {
END
    awk -v file="$name" '
        function value(line) { sub(/^  "[a-z]+": /, "", line); sub(/,$/, "", line); return line }
        /^  "id": / { id = value($0); kind = "SUITE_POSITIVE"; twin = ""; sub(/^"/, "\"vectors.", id) }
        /^  "title": / { title = value($0) }
        /^  "requirement": / { req = value($0); gsub(/[][]/, "", req) }
        /^  "expect": \{"result": "invalid"/ { kind = "SUITE_NEGATIVE" }
        /^  "twin": / { twin = value($0); sub(/^"/, "\"vectors.", twin) }
        /^  "since": / {
            printf "    {.id = %s, .title = %s, .requirements = SUITE_REQ(%s), .kind = %s,", id, title, req, kind
            if (kind == "SUITE_NEGATIVE") printf " .twin = %s,", twin
            printf " .needs = TARGET_PROGRAM, .run = vector_run,"
            printf " .row = &(const struct vector_row){&file_%s, %d}},\n", file, count++
        }' "$file"
    cat <<END
};
static const struct suite_area part_$name = {
    .name = "vectors", .tests = tests_$name, .count = sizeof tests_${name} / sizeof tests_${name}[0]};

END
done
echo 'static const struct suite_area *const parts[] = {'
for file; do
    echo "    &part_$(basename "$file" .json | tr - _),"
done
cat <<'END'
    NULL};
const struct suite_area vectors_area = {.name = "vectors", .parts = parts};
END
