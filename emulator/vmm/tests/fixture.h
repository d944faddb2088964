/* A machine with one guest in a scenario, and a guest's end of the message channel on VMPCK0. Set-up that
 * fails ends the program: it is no verdict about the code under test. */
#ifndef SEVKIT_VMM_FIXTURE_H
#define SEVKIT_VMM_FIXTURE_H

#include "sevkit/verify.h"
#include "unit/unit.h"
#include "vmm/machine.h"

struct fixture {
    struct vmm_machine *m;
    struct vmm_guest *g;
    struct sevkit_guest_door door;
    struct crypto_aead *aead;           /* holds VMPCK0, as the firmware has it */
    uint8_t payload[ABI_TSC_INFO_SIZE]; /* of requests, cut to their size; zero at first */
    uint64_t seqno;                     /* the last one that the firmware took */
    uint8_t response[ABI_PAGE_SIZE];    /* 5A in every byte before each request */
};

/* SCENARIO: a built-in's name, or the JSON of "faults" and so on ("{..." with name and title left out),
 * or NULL. */
void fixture_open(struct fixture *f, const char *profile, const char *scenario);
void fixture_set(struct fixture *f, const char *scenario);
void fixture_close(struct fixture *f);
struct sevkit_scenario fixture_scenario(const char *scenario);

/* A request of TYPE (REPORT_REQ, KEY_REQ, TSC_INFO_REQ) into PAGE. */
void fixture_seal(struct fixture *f, uint8_t type, uint8_t page[ABI_PAGE_SIZE]);

/* The same through the door, plain or extended. SEQNO advances if the firmware succeeded. */
struct sevkit_exit fixture_ring(struct fixture *f, uint8_t type);
struct sevkit_exit fixture_ring_ext(struct fixture *f, uint8_t type, uint8_t *data,
                                    uint64_t *npages);

/* True if the response is TYPE's answer to the last request that the firmware took, untouched; SIZE bytes
 * of its payload are in PAYLOAD. */
bool fixture_read(struct fixture *f, uint8_t type, uint8_t *payload, size_t size);

/* Asks for a report; its attestation report is in REPORT. Aborts without one. */
void fixture_report(struct fixture *f, uint8_t report[ABI_REPORT_SIZE]);

/* The verdict on REPORT under CERTS, the CRL included where asked. */
struct pki_verdict fixture_verify(const uint8_t report[ABI_REPORT_SIZE],
                                  const struct vmm_certs *certs, bool crl);
/* The same under the machine's certificates of the moment. */
struct pki_verdict fixture_judge(struct fixture *f, const uint8_t report[ABI_REPORT_SIZE],
                                 bool crl);

/* Exits as one number: VMM error, firmware status; and the es_result must be 0. */
uint64_t fixture_exitinfo2(struct sevkit_exit exit);

#endif
