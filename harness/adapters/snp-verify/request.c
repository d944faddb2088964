/* See request.h. */
#include "request.h"

#include <stdlib.h>
#include <string.h>

/* The six bits of a base64 digit, 64 for anything else. */
static uint32_t digit(char c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != 0 ? strchr(digits, c) : NULL;
    return at != NULL ? (uint32_t)(at - digits) : 64;
}

/* Four digits become three bytes; PAD of them are '=' at the end. */
static bool decode_group(const char *text, size_t pad, uint8_t *out) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        const uint32_t d = i < 4 - pad ? digit(text[i]) : 0;
        if (d == 64) return false;
        value = value << 6 | d;
    }
    for (size_t i = 0; i < 3 - pad; i++) out[i] = (uint8_t)(value >> (16 - 8 * i));
    return true;
}

bool request_bytes_get(const json_t *object, const char *name, struct request_bytes *out) {
    const json_t *member = json_object_get(object, name);
    *out = (struct request_bytes){0};
    if (member == NULL) return true;
    const char *text = json_string_value(member);
    const size_t length = json_string_length(member);
    if (text == NULL || length % 4 != 0) return false;
    out->bytes = malloc(length / 4 * 3 + 1);
    if (out->bytes == NULL) return false;
    for (size_t i = 0; i < length; i += 4) {
        size_t pad = 0;
        while (i + 4 == length && pad < 2 && text[length - 1 - pad] == '=') pad++;
        if (!decode_group(text + i, pad, out->bytes + out->size)) return false;
        out->size += 3 - pad;
    }
    return true;
}

void request_bytes_free(struct request_bytes *bytes) {
    free(bytes->bytes);
    *bytes = (struct request_bytes){0};
}

json_t *answer(const char *verdict, const char *stage, const char *detail) {
    return json_pack("{s:s, s:s?, s:s}", "verdict", verdict, "stage", stage, "detail", detail);
}

json_t *answer_refused(const char *stage, const struct sevkit_result *why) {
    char text[512];
    sevkit_result_text(why, text, sizeof text);
    return answer("reject", stage, text);
}
