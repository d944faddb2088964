/* Predicting a launch digest: the pages that a host's hypervisor loads of an OVMF image, in its order, and what
 * they come to. Launch notes, section 3. Nothing is launched here. */
#ifndef SEVKIT_MEASURE_H
#define SEVKIT_MEASURE_H

#include "sevkit/psp_launch.h"

enum vmm_host { VMM_HOST_QEMU, VMM_HOST_EC2, VMM_HOST_GCE };

struct vmm_file {
    const uint8_t *bytes; /* NULL: there is none */
    size_t size;
};

struct vmm_measure_guest {
    enum vmm_host host;
    struct vmm_file ovmf;
    struct vmm_file svsm; /* QEMU only: with it its sections, entry and VMSA */
    uint64_t vars_size;   /* bytes of variables between SVSM and OVMF */
    struct vmm_file kernel, initrd;
    const char *append; /* the kernel's command line, NULL: none */
    unsigned vcpus;
    uint32_t vcpu_signature; /* QEMU: RDX at reset */
    uint64_t sev_features;   /* 1 is usual; an SVSM has 1 whatever is here */
    uint64_t ec2_rdx;        /* UNCONFIRMED: 0x600 or 0 */
    uint16_t svsm_fcw;       /* UNCONFIRMED: 0 or 0x37F */
};

/* The vCPU signature of QEMU's processor model TYPE ("EPYC-Milan-v2"). False, and *SIGNATURE untouched, for a
 * type that is not known. */
bool vmm_vcpu_signature(const char *type, uint32_t *signature);

/* Is given the pages in the order of the launch. PAGE and its bytes live until it returns. */
typedef struct sevkit_result (*vmm_page_visitor)(void *ctx, const struct psp_launch_page *page);

/* Every page of GUEST. SEVKIT_BAD_VALUE for an image that cannot be launched; the field is "image" (sizes),
 * "footer" (the GUID table), "metadata" (also: a section beyond 4 GiB, too many pages), "kernel-hashes",
 * "reset-block", "svsm-info" or "vcpus" (more than 4096). */
SEVKIT_MUST struct sevkit_result vmm_measure_pages(const struct vmm_measure_guest *guest,
                                                   vmm_page_visitor visit, void *ctx);

/* The launch digest of GUEST. */
SEVKIT_MUST struct sevkit_result vmm_measure(const struct vmm_measure_guest *guest,
                                             uint8_t ld[ABI_DIGEST_SIZE]);

#endif
