/* Reads every case of the vectors: cc loader.c -o loader -ljansson && ./loader FOLDER (cases/) */
#include <err.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long long cases, size;
static unsigned total;

static size_t base64(const char *text, unsigned char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = 0;
    unsigned value = 0, bits = 0;
    for (const char *d; *text != 0 && (d = strchr(digits, *text)) != NULL; text++) {
        value = value << 6 | (unsigned)(d - digits);
        if ((bits += 6) >= 8) out[n++] = (unsigned char)(value >> (bits -= 8));
    }
    return n;
}

/* The N bytes of TEXT in base64 with PATCH; the caller frees them. */
static unsigned char *patched(json_t *text, json_t *patch, size_t *n) {
    json_t *p;
    size_t i, digits, room = json_string_length(text);
    json_int_t at, count;
    const char *hex;
    json_array_foreach(patch, i, p) room += json_string_length(json_array_get(p, 2));
    unsigned char *data = malloc(room + 1);
    if (!json_is_string(text) || data == NULL) errx(1, "no such blob, or no memory");
    json_int_t end = (json_int_t)(*n = base64(json_string_value(text), data));
    for (i = json_array_size(patch); i-- > 0; end = at) {
        if (json_unpack(json_array_get(patch, i), "[IIs%]", &at, &count, &hex, &digits) != 0 ||
            at < 0 || at > end || count < 0 || count > end - at)
            errx(1, "patch: no such bytes");
        memmove(data + at + digits / 2, data + at + count, *n - (size_t)(at + count));
        for (size_t d = 0; d < digits / 2; d++)
            data[(size_t)at + d] =
                (unsigned char)strtoul((char[]){hex[2 * d], hex[2 * d + 1], 0}, NULL, 16);
        *n += digits / 2 - (size_t)count;
    }
    return data;
}

/* Counts the byte strings that VALUE refers to, at any depth. */
static void resolve(json_t *value, json_t *blobs) {
    json_t *name = json_object_get(value, "blob"), *text = json_object_get(value, "base64"), *v;
    const char *key;
    size_t i, n;
    if (name == NULL && text == NULL) {
        json_array_foreach(value, i, v) resolve(v, blobs);
        json_object_foreach(value, key, v) resolve(v, blobs);
        return;
    }
    if (name != NULL) text = json_object_get(blobs, json_string_value(name));
    unsigned char *data = patched(text, json_object_get(value, "patch"), &n);
    size += n;
    for (i = 0; i < n; i++) total += data[i];
    free(data);
}

int main(int argc, char **argv) {
    glob_t found;
    if (argc != 2 || chdir(argv[1]) != 0 || glob("*.json", 0, NULL, &found) != 0)
        errx(2, "usage: loader FOLDER");
    for (size_t f = 0, i; f < found.gl_pathc; f++) {
        json_t *family = json_load_file(found.gl_pathv[f], 0, NULL), *c;
        json_array_foreach(json_object_get(family, "cases"), i, c) {
            cases++; /* ... here your verifier judges "input"; "expect" says what is right */
            resolve(json_object_get(c, "input"), json_object_get(family, "blobs"));
        }
        if (family == NULL) errx(1, "%s is no JSON", found.gl_pathv[f]);
        json_decref(family);
    }
    globfree(&found);
    printf("%llu cases, %llu bytes, sum %u\n", cases, size, total);
    return 0;
}
