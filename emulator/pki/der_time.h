/* Seconds since 1970 <-> calendar date and time, UTC, Gregorian, without leap seconds. Of our
 * own because the C library's gmtime_r follows the TZ variable into time zones with leap seconds
 * ("right/..."): equal input must give equal certificates everywhere. */
#ifndef PKI_DER_TIME_H
#define PKI_DER_TIME_H

#include <stdint.h>

struct pki_civil {
    int64_t year;
    unsigned month; /* 1 to 12 */
    unsigned day;   /* 1 to 31 */
    unsigned hour, minute, second;
};

struct pki_civil pki_civil_from_seconds(int64_t seconds);

/* The fields must name an existing date and time (pki_civil_days_in_month). */
int64_t pki_civil_to_seconds(const struct pki_civil *civil);

unsigned pki_civil_days_in_month(int64_t year, unsigned month);

/* The same date and time YEARS later; 29 February becomes 28 February where the year has none. */
int64_t pki_civil_add_years(int64_t seconds, unsigned years);

#endif
