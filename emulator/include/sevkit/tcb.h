/* TCB_VERSION (8 bytes) and the processors that decide its layout.
 *
 * byte   Milan, Genoa (also Bergamo, Siena)   Turin
 * 0      BOOT_LOADER                          FMC
 * 1      TEE                                  BOOT_LOADER
 * 2      0                                    TEE
 * 3      0                                    SNP
 * 4, 5   0                                    0
 * 6      SNP                                  0
 * 7      MICROCODE                            MICROCODE
 *
 * Attestation report notes, sections 6 and 11. A TCB_VERSION travels as the uint64_t that its eight
 * bytes make in little-endian order, reserved bytes included, so that nothing is lost. */
#ifndef SEVKIT_TCB_H
#define SEVKIT_TCB_H

#include "sevkit/result.h"

/* The certificate product lines. Bergamo and Siena are chips of the Genoa line. */
enum abi_product {
    ABI_PRODUCT_UNKNOWN = 0,
    ABI_PRODUCT_MILAN,
    ABI_PRODUCT_GENOA,
    ABI_PRODUCT_TURIN,
};

/* Components of a TCB_VERSION. FMC exists on Turin only and is 0 elsewhere. */
struct abi_tcb_parts {
    uint8_t fmc;
    uint8_t boot_loader;
    uint8_t tee;
    uint8_t snp;
    uint8_t microcode;
};

/* Splits RAW by PRODUCT's layout. Fails with SEVKIT_RESERVED at the byte offset inside the TCB if a
 * reserved byte is not zero, with SEVKIT_BAD_VALUE for ABI_PRODUCT_UNKNOWN. */
SEVKIT_MUST struct sevkit_result abi_tcb_unpack(enum abi_product product, uint64_t raw,
                                                struct abi_tcb_parts *parts);

/* Joins PARTS by PRODUCT's layout (UNKNOWN: as Genoa). FMC is dropped where the layout has none. */
uint64_t abi_tcb_pack(enum abi_product product, const struct abi_tcb_parts *parts);

/* True if every byte of A is at most the same byte of B: the component-wise order. Bytes that are
 * reserved in a layout are zero in both, so one rule serves all layouts. */
bool abi_tcb_le(uint64_t a, uint64_t b);

/* CPUID family, model and stepping as the report states them (combined values). */
struct abi_fms {
    uint8_t family;
    uint8_t model;
    uint8_t stepping;
};

/* CPUID Fn0000_0001_EAX <-> family, model, stepping. Reserved EAX bits are dropped. */
struct abi_fms abi_fms_from_eax(uint32_t eax);
uint32_t abi_fms_to_eax(struct abi_fms fms);

/* The product line of a processor, ABI_PRODUCT_UNKNOWN for any that is not in the table:
 * 19h/00-0F Milan; 19h/10-1F and A0-AF Genoa; 1Ah/00-11 Turin. */
enum abi_product abi_product_from_fms(struct abi_fms fms);

/* "Milan", "Genoa", "Turin", "unknown". Never NULL. */
const char *abi_product_name(enum abi_product product);

/* The reverse, exact spelling; ABI_PRODUCT_UNKNOWN for anything else. */
enum abi_product abi_product_from_name(const char *name);

/* Bytes of the chip's hardware id in certificates and KDS paths: 64, on Turin 8. */
size_t abi_hwid_size(enum abi_product product);

#endif
