/* Until when certificates are good that a scenario has expired, at dates where years differ. */
#include "vmm/certs.h"

#include "fixture.h"
#include "pki/der_time.h"

static int64_t at(int64_t year, unsigned month, unsigned day) {
    const struct pki_civil civil = {.year = year, .month = month, .day = day};
    return pki_civil_to_seconds(&civil);
}

static int64_t given_time(void *ctx) {
    return *(int64_t *)ctx;
}

/* The leaf of PROFILE's machine on a day NOW. */
static struct pki_cert *expired_leaf(const char *profile, int64_t now) {
    struct sevkit_profile p;
    struct vmm_machine *m = NULL;
    struct vmm_certs certs;
    struct pki_cert *cert = NULL;
    const struct sevkit_env env = {.ctx = &now, .now = given_time, .random = NULL};
    const struct sevkit_scenario s = fixture_scenario("expired-certificates");
    UNIT_OK(vmm_profile_builtin(profile, &p));
    UNIT_OK(vmm_machine_new(&p, &env, 1, &m));
    vmm_machine_set_scenario(m, &s);
    UNIT_OK(vmm_machine_certs(m, &certs));
    UNIT_OK(pki_cert_parse(certs.leaf.bytes, certs.leaf.size, &cert));
    vmm_machine_free(m);
    return cert;
}

/* Good for 7 years and 1, until a day ago; until two days ago where that day was a 29 February. */
static void expired(void) {
    const struct {
        int64_t now, not_after, vcek, vlek;
    } rows[] = {
        {at(2026, 6, 15), at(2026, 6, 14), at(2019, 6, 14), at(2025, 6, 14)},
        {at(2028, 2, 29), at(2028, 2, 28), at(2021, 2, 28), at(2027, 2, 28)},
        {at(2028, 3, 1), at(2028, 2, 28), at(2021, 2, 28), at(2027, 2, 28)},
        {at(2028, 3, 2), at(2028, 3, 1), at(2021, 3, 1), at(2027, 3, 1)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pki_cert *vcek = expired_leaf(SEVKIT_PROFILE_DEFAULT, rows[i].now);
        struct pki_cert *vlek = expired_leaf("milan-1.55.29-v3-vlek", rows[i].now);
        CU_ASSERT_EQUAL(pki_cert_not_before(vcek), rows[i].vcek);
        CU_ASSERT_EQUAL(pki_cert_not_before(vlek), rows[i].vlek);
        CU_ASSERT_EQUAL(pki_cert_not_after(vcek), rows[i].not_after);
        CU_ASSERT_EQUAL(pki_cert_not_after(vlek), rows[i].not_after);
        pki_cert_free(vcek);
        pki_cert_free(vlek);
    }
}

static const struct unit_test tests[] = {
    {"expired", expired},
    {NULL, NULL},
};

const struct unit_suite certs_suite = {"certs", tests};
