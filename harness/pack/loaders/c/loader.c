/* Reads every case of the bundle: cc loader.c -o loader -ljansson && ./loader FOLDER/cases */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t base64(const char *text, unsigned char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = 0, bits = 0;
    unsigned value = 0;
    for (const char *d; *text != 0 && (d = strchr(digits, *text)) != NULL; text++) {
        value = value << 6 | (unsigned)(d - digits);
        if ((bits += 6) >= 8) out[n++] = (unsigned char)(value >> (bits -= 8));
    }
    return n;
}

/* The bytes that REF stands for, in OUT; 0 for anything else. */
static size_t bytes(json_t *ref, json_t *blobs, unsigned char *out) {
    static unsigned char data[1 << 20];
    const char *name = json_string_value(json_object_get(ref, "blob"));
    json_t *whole = name ? json_object_get(blobs, name) : json_object_get(ref, "base64"), *p;
    const size_t size = whole ? base64(json_string_value(whole), data) : 0;
    size_t done = 0, n = 0, i;
    json_array_foreach(json_object_get(ref, "patch"), i, p) {
        const size_t at = (size_t)json_integer_value(json_array_get(p, 0));
        memcpy(out + n, data + done, at - done);
        n += at - done;
        done = at + (size_t)json_integer_value(json_array_get(p, 1));
        for (const char *h = json_string_value(json_array_get(p, 2)); *h != 0; h += 2)
            out[n++] = (unsigned char)strtoul((char[]){h[0], h[1], 0}, NULL, 16);
    }
    memcpy(out + n, data + done, size - done);
    return n + size - done;
}

int main(int argc, char **argv) {
    static unsigned char report[1 << 20];
    unsigned long long cases = 0, size = 0, total = 0;
    char path[4096];
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) return 2;
    for (struct dirent *e; (e = readdir(folder)) != NULL;) {
        size_t i;
        json_t *c;
        (void)snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        json_t *family = strstr(path, ".json") ? json_load_file(path, 0, NULL) : NULL;
        json_array_foreach(json_object_get(family, "cases"), i, c) {
            json_t *given = json_object_get(json_object_get(c, "input"), "report");
            const size_t n = bytes(given, json_object_get(family, "blobs"), report);
            /* ... here your verifier judges it; c's member "expect" says what is right */
            cases++, size += n;
            for (size_t b = 0; b < n; b++) total += report[b];
        }
        json_decref(family);
    }
    closedir(folder);
    printf("%llu cases, %llu bytes of reports, sum %llu\n", cases, size, total);
    return 0;
}
