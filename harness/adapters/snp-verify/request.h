/* A request of the adapter protocol: its byte strings, which JSON carries in base64. */
#ifndef ADAPTER_REQUEST_H
#define ADAPTER_REQUEST_H

#include <jansson.h>

#include "sevkit/result.h"

struct request_bytes {
    uint8_t *bytes; /* NULL: the member is absent */
    size_t size;
};

/* The member NAME of OBJECT. False where it is there and is no base64, or memory is short. */
SEVKIT_MUST bool request_bytes_get(const json_t *object, const char *name,
                                   struct request_bytes *out);
void request_bytes_free(struct request_bytes *bytes);

/* Answers; the caller sends and frees them. STAGE may be NULL. */
json_t *answer(const char *verdict, const char *stage, const char *detail);
json_t *answer_refused(const char *stage, const struct sevkit_result *why);

/* The op verify. */
json_t *verify_answer(const json_t *request);

#endif
