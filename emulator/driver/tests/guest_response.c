/* Responses that do not fit their request, the wiped key and what follows, and the report that the
 * kernel itself asks for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "driver/guest.h"
#include "driver/tests/guest_world.h"
#include "sevkit/status.h"
#include "unit/unit.h"

extern const struct unit_suite guest_response_suite;

static void seqno_of_request(struct abi_msg_header *h) {
    h->seqno--;
}
static void seqno_ahead(struct abi_msg_header *h) {
    h->seqno++;
}
static void type_of_request(struct abi_msg_header *h) {
    h->type--;
}
static void type_other(struct abi_msg_header *h) {
    h->type = (uint8_t)(h->type + 2);
}
static void version_other(struct abi_msg_header *h) {
    h->version++;
}
static void size_beyond(struct abi_msg_header *h) {
    h->size = (uint16_t)(h->type == ABI_MSG_KEY_RSP ? 65 : 4001);
}
static void size_huge(struct abi_msg_header *h) {
    h->size = UINT16_MAX;
}
static void rest_other(struct abi_msg_header *h) {
    h->algo = 0;
    h->hdr_version = 2;
    h->hdr_size = 0;
    h->vmpck = 1;
    h->reserved_3d[0] = 1;
}

/* The tag is right in all of these. @req LNX-GUEST-051 LNX-GUEST-052 LNX-GUEST-053 LNX-GUEST-054 */
static void headers_that_do_not_fit(void) {
    static void (*const edits[])(struct abi_msg_header *) = {
        seqno_of_request, seqno_ahead, type_of_request, type_other,
        version_other,    size_beyond, size_huge,
    };
    static const uint32_t cmds[] = {DRV_SNP_GET_REPORT, DRV_SNP_GET_DERIVED_KEY,
                                    DRV_SNP_GET_EXT_REPORT};
    static struct world w;
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
        for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
            for (size_t c = 0; c < 3; c++) {
                world_start(&w, (enum drv_kernel)k);
                w.edit = edits[i];
                CU_ASSERT_EQUAL(world_ioctl(&w, cmds[c]), -EBADMSG);
                CU_ASSERT(world_memory_kept(&w, 0, 0, 0, 0));
                CU_ASSERT(world_secrets_kept(&w, true));
                CU_ASSERT_EQUAL(world_advance(&w), k == DRV_KERNEL_5_19 ? 0 : 2);
                CU_ASSERT(abi_all_zero(w.guest->payload, sizeof w.guest->payload));
                world_stop(&w);
            }
        }
    }
}

/* @req LNX-GUEST-055 */
static void tags_that_do_not_fit(void) {
    static const size_t at[] = {0x01, 0x0F, 0x30, 0x3C, 0x5F, 0x60, 0x9F};
    static struct world w;
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
        for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
            world_start(&w, (enum drv_kernel)k);
            w.flip = at[i];
            CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_DERIVED_KEY), -EBADMSG);
            CU_ASSERT(world_memory_kept(&w, 0, 0, 0, 0));
            CU_ASSERT(world_secrets_kept(&w, true));
            CU_ASSERT_EQUAL(world_advance(&w), k == DRV_KERNEL_5_19 ? 0 : 2);
            world_stop(&w);
        }
    }
}

/* Other header fields are not compared; unauthenticated bytes do not matter. @req LNX-GUEST-056 */
static void headers_that_pass(void) {
    static struct world w;
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
        world_start(&w, (enum drv_kernel)k);
        w.edit = rest_other;
        w.flip = 0x28;
        CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_REPORT), 0);
        UNIT_BYTES(world_at(&w, AT_RESPONSE), w.response, DRV_REPORT_RESP_SIZE);
        world_stop(&w);
    }
}

/* Shorter ones are filled up with zeros, the largest fit. @req LNX-GUEST-054 */
static void response_sizes(void) {
    static const struct {
        uint32_t cmd;
        uint16_t size;
        size_t out;
    } rows[] = {
        {DRV_SNP_GET_REPORT, 4000, 4000},
        {DRV_SNP_GET_REPORT, 32, 4000},
        {DRV_SNP_GET_DERIVED_KEY, 64, 64},
        {DRV_SNP_GET_DERIVED_KEY, 16, 64},
    };
    static struct world w;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world_start(&w, DRV_KERNEL_6_12);
        CU_ASSERT_EQUAL(world_ioctl(&w, rows[i].cmd), 0); /* leaves nothing behind */
        w.answer_size = rows[i].size;
        CU_ASSERT_EQUAL(world_ioctl(&w, rows[i].cmd), 0);
        UNIT_BYTES(world_at(&w, AT_RESPONSE), w.response, rows[i].out);
        CU_ASSERT(world_memory_kept(&w, AT_RESPONSE, rows[i].out, 0, 0));
        world_stop(&w);
    }
}

/* An earlier response does not answer for one that the host did not write, also where its number
 * would fit. @req LNX-GUEST-051 */
static void stale_responses(void) {
    static struct world w;
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
        world_start(&w, (enum drv_kernel)k);
        CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_DERIVED_KEY), 0);
        w.silent = true;
        abi_put_le32(world_counter(&w), 0);
        CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_DERIVED_KEY), -EBADMSG);
        CU_ASSERT(world_memory_kept(&w, 0, 0, 0, 0));
        world_stop(&w);
    }
}

/* A response that cannot be copied out is lost; the key lives, and no copy of the secret is left.
 * @req LNX-GUEST-024 LNX-GUEST-025 */
static void lost_responses(void) {
    static const uint32_t cmds[] = {DRV_SNP_GET_REPORT, DRV_SNP_GET_DERIVED_KEY,
                                    DRV_SNP_GET_EXT_REPORT};
    static struct world w;
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
        for (size_t c = 0; c < 4; c++) {
            const uint32_t cmd = cmds[c < 3 ? c : 2];
            world_start(&w, (enum drv_kernel)k);
            w.no_write = c < 3 ? AT_RESPONSE + 63 : AT_CERTS;
            CU_ASSERT_EQUAL(world_ioctl(&w, cmd), -EFAULT);
            CU_ASSERT_EQUAL(world_advance(&w), 2);
            CU_ASSERT(world_secrets_kept(&w, false));
            CU_ASSERT_EQUAL(world_exitinfo2(&w), OLD_EXITINFO2);
            CU_ASSERT(abi_all_zero(w.guest->payload, sizeof w.guest->payload));
            w.no_write = 0;
            CU_ASSERT_EQUAL(world_ioctl(&w, cmd), 0);
            world_stop(&w);
        }
    }
}

/* A wiped key stays wiped, also when somebody puts the bytes back; another module parameter helps.
 * @req LNX-GUEST-005 LNX-GUEST-050 */
static void after_the_wipe(void) {
    static struct world w;
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
        world_start(&w, (enum drv_kernel)k);
        w.flip = 1;
        CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_REPORT), -EBADMSG);
        CU_ASSERT(drv_guest_wiped(w.guest));
        w.flip = 0;
        CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_REPORT), -ENOTTY);
        CU_ASSERT_EQUAL(w.plain, 0);
        CU_ASSERT_EQUAL(world_advance(&w), 0);
        memcpy(w.secrets + 0x60, w.key, sizeof w.key);
        CU_ASSERT(drv_guest_wiped(w.guest));
        CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_REPORT), -ENOTTY);
        memset(w.secrets + 0x60, 0, sizeof w.key);
        CU_ASSERT_EQUAL(drv_guest_probe(w.guest), -EINVAL);
        memcpy(w.secrets + 0x60, w.key, sizeof w.key);
        CU_ASSERT_EQUAL(drv_guest_probe(w.guest), 0);
        CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_REPORT), 0);
        world_stop(&w);
    }
}

/* A probe takes the key as it then is. */
static void probe_again_with_another_key(void) {
    static struct world w;
    world_start(&w, DRV_KERNEL_6_12);
    CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_REPORT), 0);
    w.key[0] ^= 1;
    memcpy(w.secrets + 0x60, w.key, sizeof w.key);
    CU_ASSERT_EQUAL(drv_guest_probe(w.guest), 0);
    CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_REPORT), 0);
    world_stop(&w);
}

struct kernel_call {
    uint8_t request[DRV_REPORT_REQ_SIZE], response[DRV_REPORT_RESP_SIZE], certs[DRV_CERTS_MAX];
    uint64_t exitinfo2;
};

static long ext_report(struct world *w, struct kernel_call *c, bool room, uint32_t certs_len) {
    for (size_t i = 0; i < sizeof c->request; i++) c->request[i] = (uint8_t)(i + 1);
    memset(c->response, 0xEE, sizeof c->response);
    memset(c->certs, 0xEE, sizeof c->certs);
    c->exitinfo2 = OLD_EXITINFO2;
    world_mark(w);
    return drv_guest_ext_report(w->guest, c->request, c->response, room ? c->certs : NULL,
                                certs_len, &c->exitinfo2);
}

static bool untouched(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0xEE) return false;
    return true;
}

/* The kernel's own call. @req LNX-GUEST-057 */
static void report_from_inside(void) {
    static struct world w;
    static struct kernel_call c;
    for (unsigned k = DRV_KERNEL_6_12; k < DRV_KERNEL_COUNT; k++) {
        world_start(&w, (enum drv_kernel)k);
        CU_ASSERT_EQUAL(ext_report(&w, &c, true, 0x3000), 0);
        CU_ASSERT_EQUAL(c.exitinfo2, 0);
        CU_ASSERT_EQUAL(w.npages_seen, 3);
        CU_ASSERT_EQUAL(w.seen[ABI_MSG_VERSION], 1);
        UNIT_BYTES(w.payload, c.request, sizeof c.request);
        UNIT_BYTES(c.response, w.response, sizeof c.response);
        CU_ASSERT_EQUAL(c.certs[WORLD_TABLE_SIZE - 1], world_table_byte(WORLD_TABLE_SIZE - 1));
        CU_ASSERT(abi_all_zero(c.certs + WORLD_TABLE_SIZE, 0x3000 - WORLD_TABLE_SIZE));
        CU_ASSERT(untouched(c.certs + 0x3000, 0x1000));
        CU_ASSERT(abi_all_zero(w.guest->payload, sizeof w.guest->payload));
        CU_ASSERT_EQUAL(ext_report(&w, &c, false, 0x3000), 0);
        CU_ASSERT_EQUAL(w.npages_seen, 0);
        CU_ASSERT_EQUAL(ext_report(&w, &c, true, 0), 0);
        CU_ASSERT_EQUAL(w.npages_seen, 0);
        CU_ASSERT(untouched(c.certs, sizeof c.certs));
        world_stop(&w);
    }
}

/* @req LNX-GUEST-012 LNX-GUEST-031 LNX-GUEST-032 LNX-GUEST-042 LNX-GUEST-057 */
static void report_from_inside_fails(void) {
    static const struct {
        struct step step;
        uint32_t certs_len;
        bool wiped_before;
        long rc;
        uint64_t exitinfo2;
        unsigned plain, ext;
        bool wiped;
    } rows[] = {
        {{{0}, 0}, 0x5000, false, -EINVAL, DRV_EXITINFO2_REJECTED, 0, 0, false},
        {{{0}, 0}, 0x1001, true, -EINVAL, DRV_EXITINFO2_REJECTED, 0, 0, true},
        {{{0}, 0}, 0x1000, true, -ENOTTY, DRV_EXITINFO2_REJECTED, 0, 0, true},
        {{{0, SEVKIT_VMM_INVALID_LEN, 0}, 5},
         0x4000,
         false,
         -EIO,
         DRV_EXITINFO2_INVALID_LEN,
         1,
         1,
         false},
        {{{ABI_INVALID_PARAM, 0, 0}, 0}, 0x4000, false, -EIO, 0x16, 0, 1, true},
        {{{0, 0, 3}, 0}, 0x4000, false, 3, DRV_EXITINFO2_NO_FW_CALL, 0, 1, true},
    };
    static struct world w;
    static struct kernel_call c;
    for (unsigned k = DRV_KERNEL_6_12; k < DRV_KERNEL_COUNT; k++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            const bool cleared = k == DRV_KERNEL_LATEST && rows[i].rc == -ENOTTY;
            world_start(&w, (enum drv_kernel)k);
            if (rows[i].wiped_before) memset(w.secrets + 0x60, 0, ABI_VMPCK_SIZE);
            w.steps[0] = rows[i].step;
            w.step_count = 1;
            CU_ASSERT_EQUAL(ext_report(&w, &c, true, rows[i].certs_len), rows[i].rc);
            CU_ASSERT_EQUAL(c.exitinfo2, cleared ? 0 : rows[i].exitinfo2);
            CU_ASSERT(w.plain == rows[i].plain && w.ext == rows[i].ext);
            CU_ASSERT_EQUAL(drv_guest_wiped(w.guest), rows[i].wiped);
            CU_ASSERT(untouched(c.response, sizeof c.response));
            CU_ASSERT(untouched(c.certs, sizeof c.certs));
            world_stop(&w);
        }
    }
}

static const struct unit_test tests[] = {
    {"headers", headers_that_do_not_fit},
    {"tags", tags_that_do_not_fit},
    {"tolerated", headers_that_pass},
    {"sizes", response_sizes},
    {"stale", stale_responses},
    {"lost", lost_responses},
    {"wiped", after_the_wipe},
    {"probed-again", probe_again_with_another_key},
    {"inside", report_from_inside},
    {"inside-fails", report_from_inside_fails},
    {NULL, NULL},
};

const struct unit_suite guest_response_suite = {"guest-response", tests};
