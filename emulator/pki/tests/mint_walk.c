/* See mint_walk.h. */
#include "mint_walk.h"

#include <string.h>

#define SEQUENCE 0x30
#define BIT_STRING 0x03

bool mint_tlv_at(const uint8_t *der, size_t at, size_t end, struct mint_tlv *tlv) {
    if (at > end || end - at < 2) return false;
    tlv->tag = der[at];
    tlv->start = at;
    tlv->content = at + 2;
    size_t length = der[at + 1];
    if (length >= 0x80) {
        const size_t count = length - 0x80;
        if (count == 0 || count > 2 || end - tlv->content < count) return false;
        length = 0;
        for (size_t i = 0; i < count; i++) length = length << 8 | der[tlv->content + i];
        if (length < (count == 1 ? 0x80u : 0x100u)) return false;
        tlv->content += count;
    }
    if (end - tlv->content < length) return false;
    tlv->end = tlv->content + length;
    return true;
}

bool mint_child(const uint8_t *der, const struct mint_tlv *parent, size_t index,
                struct mint_tlv *child) {
    size_t at = parent->content;
    for (;; index--) {
        if (!mint_tlv_at(der, at, parent->end, child)) return false;
        if (index == 0) return true;
        at = child->end;
    }
}

/* The key bits: an RSA modulus behind its leading zero, a point behind 00 04. */
static bool mask_key(uint8_t *der, const struct mint_tlv *bits) {
    if (der[bits->content + 1] == 0x04) {
        memset(der + bits->content + 2, 0, bits->end - bits->content - 2);
        return true;
    }
    struct mint_tlv key, modulus;
    if (!mint_tlv_at(der, bits->content + 1, bits->end, &key)) return false;
    if (!mint_child(der, &key, 0, &modulus)) return false;
    memset(der + modulus.content + 1, 0, modulus.end - modulus.content - 1);
    return true;
}

/* The last 20 bytes of subjectKeyIdentifier and authorityKeyIdentifier. */
static bool mask_key_ids(uint8_t *der, const struct mint_tlv *list) {
    static const uint8_t subject[] = {0x06, 0x03, 0x55, 0x1D, 14};
    static const uint8_t authority[] = {0x06, 0x03, 0x55, 0x1D, 35};
    struct mint_tlv extension;
    for (size_t at = list->content; at < list->end; at = extension.end) {
        if (!mint_tlv_at(der, at, list->end, &extension)) return false;
        if (extension.end - extension.content < 25) continue;
        const uint8_t *oid = der + extension.content;
        if (memcmp(oid, subject, 5) == 0 || memcmp(oid, authority, 5) == 0)
            memset(der + extension.end - 20, 0, 20);
    }
    return true;
}

bool mint_mask(uint8_t *der, size_t size) {
    struct mint_tlv outer, tbs, spki, bits, signature, tagged, list;
    if (!mint_tlv_at(der, 0, size, &outer) || outer.tag != SEQUENCE || outer.end != size)
        return false;
    if (!mint_child(der, &outer, 0, &tbs) || tbs.tag != SEQUENCE) return false;
    if (!mint_child(der, &outer, 2, &signature) || signature.tag != BIT_STRING) return false;
    if (!mint_child(der, &tbs, 6, &spki) || spki.tag != SEQUENCE) return false;
    if (!mint_child(der, &spki, 1, &bits) || bits.tag != BIT_STRING) return false;
    if (!mint_child(der, &tbs, 7, &tagged) || tagged.tag != 0xA3) return false;
    if (!mint_child(der, &tagged, 0, &list) || list.tag != SEQUENCE) return false;
    memset(der + signature.content + 1, 0, signature.end - signature.content - 1);
    return mask_key(der, &bits) && mask_key_ids(der, &list);
}
