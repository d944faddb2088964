/* What the fuzz targets share. Each target is one file, target_NAME.c, linked with libFuzzer, ASan and
 * UBSan. A target does more than not crash: it states what must hold for any input, and ends the
 * process where it does not, which libFuzzer reports as a finding. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "sevkit/driver.h"
#include "sevkit/machine.h"
#include "sevkit/verify.h"

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Ends the process unless HOLDS; WHAT must hold for every input. */
void fuzz_require(bool holds, const char *what);

/* Ends the process on a failure of something that does not depend on the input. */
void fuzz_need(struct sevkit_result r);

/* A channel to GUEST by VMPCK0, whose last sequence number is the guest's MsgCount0 COUNT. */
struct drv_channel *fuzz_channel(struct vmm_guest *guest, uint64_t count);

/* One request of version 1 that must be answered, with SIZE bytes and STATUS 0. */
void fuzz_call(struct drv_channel *channel, uint8_t type, const uint8_t *payload,
               size_t payload_size, uint8_t *answer, size_t size);

/* Runs what people see of a result: its text, whole and cut. */
void fuzz_print(const struct sevkit_result *r);

/* A world that reports are verified in: one built-in profile's certificates, signing key and
 * one genuine report. */
struct fuzz_world {
    struct sevkit_profile profile;
    struct vmm_certs certs;
    struct pki_cert *leaf, *ca, *ark;
    struct crypto_ec_key *key;
    uint8_t report[ABI_REPORT_SIZE];
};

void fuzz_world_init(struct fuzz_world *world, const char *profile);

/* The chain input that accepts the world's reports; its CRL included. */
struct pki_chain_input fuzz_world_chain(const struct fuzz_world *world);

#endif
