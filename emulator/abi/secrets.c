/* The secrets page. Guest message notes, section 11. */
#include "sevkit/secrets.h"

#include <string.h>

#include "abi/layout.h"

enum {
    SECRETS_VERSION = 0x000,
    SECRETS_IMI_EN = 0x004,
    SECRETS_FMS = 0x008,
    SECRETS_RESERVED_0C = 0x00C,
    SECRETS_GOSVW = 0x010,
    SECRETS_VMPCK = 0x020,
    SECRETS_GUEST_AREA = 0x0A0,
    SECRETS_VMSA_TWEAK_BITMAP = 0x100,
    SECRETS_GUEST_AREA_2 = 0x140,
    SECRETS_TSC_FACTOR = 0x160,
    SECRETS_RESERVED_164 = 0x164,
    SECRETS_LAUNCH_MIT_VECTOR = 0x168,
    SECRETS_RESERVED_170 = 0x170,
};

#define SECRETS(member, at, end) ABI_FIELD_ENDS(struct abi_secrets_page, member, at, end)

SECRETS(version, SECRETS_VERSION, SECRETS_IMI_EN);
SECRETS(imi_en, SECRETS_IMI_EN, SECRETS_FMS);
SECRETS(fms, SECRETS_FMS, SECRETS_RESERVED_0C);
SECRETS(reserved_0c, SECRETS_RESERVED_0C, SECRETS_GOSVW);
SECRETS(gosvw, SECRETS_GOSVW, SECRETS_VMPCK);
SECRETS(vmpck, SECRETS_VMPCK, SECRETS_GUEST_AREA);
SECRETS(guest_area, SECRETS_GUEST_AREA, SECRETS_VMSA_TWEAK_BITMAP);
SECRETS(vmsa_tweak_bitmap, SECRETS_VMSA_TWEAK_BITMAP, SECRETS_GUEST_AREA_2);
SECRETS(guest_area_2, SECRETS_GUEST_AREA_2, SECRETS_TSC_FACTOR);
SECRETS(tsc_factor, SECRETS_TSC_FACTOR, SECRETS_RESERVED_164);
SECRETS(reserved_164, SECRETS_RESERVED_164, SECRETS_LAUNCH_MIT_VECTOR);
SECRETS(launch_mit_vector, SECRETS_LAUNCH_MIT_VECTOR, SECRETS_RESERVED_170);
SECRETS(reserved_170, SECRETS_RESERVED_170, ABI_PAGE_SIZE);
_Static_assert(ABI_PAGE_SIZE == 0x1000, "notes, section 11: 0x1000 bytes");

/* The GHCB specification's fields lie in GUEST_AREA. */
_Static_assert(ABI_SECRETS_SEQNO_LOW == SECRETS_GUEST_AREA, "sequence numbers open the area");
_Static_assert(ABI_SECRETS_SEQNO_LOW + ABI_VMPCK_COUNT * 4 + 8 == ABI_SECRETS_SEQNO_HIGH,
               "the jump table's address lies between the halves");
_Static_assert(ABI_SECRETS_SEQNO_HIGH + ABI_VMPCK_COUNT * 4 + 0x16 == ABI_SECRETS_GHCB_VERSION,
               "0x16 reserved bytes before the version");

static struct sevkit_result bad_size(size_t size) {
    return sevkit_fail(SEVKIT_BAD_LENGTH, "SECRETS_PAGE", SEVKIT_NO_OFFSET, size,
                       "a secrets page has 0x1000 bytes");
}

static struct sevkit_result bad_version(uint32_t version) {
    return sevkit_fail(SEVKIT_BAD_VALUE, "VERSION", SECRETS_VERSION, version, "must be at least 2");
}

struct sevkit_result abi_secrets_decode(const uint8_t *bytes, size_t size,
                                        struct abi_secrets_page *page) {
    if (size != ABI_PAGE_SIZE) return bad_size(size); /* @req SNP-SEC-001 */
    page->version = abi_get_le32(bytes + SECRETS_VERSION);
    if (page->version < ABI_SECRETS_VERSION_MIN) return bad_version(page->version);
    page->imi_en = abi_get_le32(bytes + SECRETS_IMI_EN);
    page->fms = abi_get_le32(bytes + SECRETS_FMS);
    page->reserved_0c = abi_get_le32(bytes + SECRETS_RESERVED_0C);
    memcpy(page->gosvw, bytes + SECRETS_GOSVW, sizeof page->gosvw);
    memcpy(page->vmpck, bytes + SECRETS_VMPCK, sizeof page->vmpck);
    memcpy(page->guest_area, bytes + SECRETS_GUEST_AREA, sizeof page->guest_area);
    memcpy(page->vmsa_tweak_bitmap, bytes + SECRETS_VMSA_TWEAK_BITMAP,
           sizeof page->vmsa_tweak_bitmap);
    memcpy(page->guest_area_2, bytes + SECRETS_GUEST_AREA_2, sizeof page->guest_area_2);
    page->tsc_factor = abi_get_le32(bytes + SECRETS_TSC_FACTOR);
    page->reserved_164 = abi_get_le32(bytes + SECRETS_RESERVED_164);
    page->launch_mit_vector = abi_get_le64(bytes + SECRETS_LAUNCH_MIT_VECTOR);
    memcpy(page->reserved_170, bytes + SECRETS_RESERVED_170, sizeof page->reserved_170);
    return sevkit_success();
}

void abi_secrets_encode(const struct abi_secrets_page *page, uint8_t out[ABI_PAGE_SIZE]) {
    abi_put_le32(out + SECRETS_VERSION, page->version);
    abi_put_le32(out + SECRETS_IMI_EN, page->imi_en);
    abi_put_le32(out + SECRETS_FMS, page->fms);
    abi_put_le32(out + SECRETS_RESERVED_0C, page->reserved_0c);
    memcpy(out + SECRETS_GOSVW, page->gosvw, sizeof page->gosvw);
    memcpy(out + SECRETS_VMPCK, page->vmpck, sizeof page->vmpck);
    memcpy(out + SECRETS_GUEST_AREA, page->guest_area, sizeof page->guest_area);
    memcpy(out + SECRETS_VMSA_TWEAK_BITMAP, page->vmsa_tweak_bitmap,
           sizeof page->vmsa_tweak_bitmap);
    memcpy(out + SECRETS_GUEST_AREA_2, page->guest_area_2, sizeof page->guest_area_2);
    abi_put_le32(out + SECRETS_TSC_FACTOR, page->tsc_factor);
    abi_put_le32(out + SECRETS_RESERVED_164, page->reserved_164);
    abi_put_le64(out + SECRETS_LAUNCH_MIT_VECTOR, page->launch_mit_vector);
    memcpy(out + SECRETS_RESERVED_170, page->reserved_170, sizeof page->reserved_170);
}
