/* Typed reading of JSON values that know their path, so that every refusal names the member at fault.
 * Strict: no conversions, and an object has exactly the members that its reader names. */
#ifndef VMM_PROFILE_JSON_H
#define VMM_PROFILE_JSON_H

#include <jansson.h>

#include "sevkit/result.h"

/* A value and where it stands: "", "tcb.reported.snp", "cpuid_policy[3].eax". VALUE may be NULL: a
 * member that is not there has no type that any reader accepts. */
struct vmm_json {
    json_t *value;
    char path[sizeof((struct sevkit_result *)0)->field];
};

struct vmm_json vmm_json_member(const struct vmm_json *object, const char *name);
struct vmm_json vmm_json_element(const struct vmm_json *array, size_t index);

/* A failure at VALUE's path. */
SEVKIT_MUST struct sevkit_result vmm_json_fail(const struct vmm_json *value, enum sevkit_code code,
                                               uint64_t number, const char *rule);

/* VALUE is an object that has all of REQUIRED, perhaps some of OPTIONAL (NULL: none), and no other
 * member. Both lists end in NULL. */
SEVKIT_MUST struct sevkit_result vmm_json_members(const struct vmm_json *value,
                                                  const char *const *required,
                                                  const char *const *optional);

/* VALUE is an array of at most MAX elements. */
SEVKIT_MUST struct sevkit_result vmm_json_array(const struct vmm_json *value, size_t max,
                                                size_t *count);

SEVKIT_MUST struct sevkit_result vmm_json_bool(const struct vmm_json *value, bool *out);

/* A JSON integer in MIN .. MAX. */
SEVKIT_MUST struct sevkit_result vmm_json_integer(const struct vmm_json *value, uint64_t min,
                                                  uint64_t max, uint64_t *out);

/* A string "0x" and 1 to 16 lower-case hex digits, at most MAX: JSON integers end at 63 bits. */
SEVKIT_MUST struct sevkit_result vmm_json_hex(const struct vmm_json *value, uint64_t max,
                                              uint64_t *out);

/* A string of exactly 2 * SIZE lower-case hex digits. */
SEVKIT_MUST struct sevkit_result vmm_json_bytes(const struct vmm_json *value, uint8_t *out,
                                                size_t size);

/* A string of 1 to CAPACITY - 1 printable ASCII characters. */
SEVKIT_MUST struct sevkit_result vmm_json_text(const struct vmm_json *value, char *out,
                                               size_t capacity);

#endif
