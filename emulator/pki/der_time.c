/* See der_time.h. Days are counted in 400-year cycles of 146,097 days whose years begin in
 * March, so that the leap day is the last one of its year. */
#include "pki/der_time.h"

#include <stdbool.h>

#define DAY INT64_C(86400)
#define DAYS_IN_CYCLE 146097
#define CYCLE_EPOCH 719468 /* days from 0000-03-01 to 1970-01-01 */

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static int64_t days_from_civil(const struct pki_civil *c) {
    const int64_t year = c->month <= 2 ? c->year - 1 : c->year;
    const int64_t cycle = floor_div(year, 400);
    const int64_t year_of_cycle = year - cycle * 400;
    const int64_t month = (c->month + 9) % 12; /* March is 0 */
    const int64_t day_of_year = (153 * month + 2) / 5 + c->day - 1;
    const int64_t day_of_cycle =
        year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
    return cycle * DAYS_IN_CYCLE + day_of_cycle - CYCLE_EPOCH;
}

struct pki_civil pki_civil_from_seconds(int64_t seconds) {
    const int64_t days = floor_div(seconds, DAY);
    const int64_t rest = seconds - days * DAY;
    const int64_t since = days + CYCLE_EPOCH;
    const int64_t cycle = floor_div(since, DAYS_IN_CYCLE);
    const int64_t doc = since - cycle * DAYS_IN_CYCLE; /* day of the cycle */
    const int64_t yoc = (doc - doc / 1460 + doc / 36524 - doc / 146096) / 365;
    const int64_t doy = doc - (365 * yoc + yoc / 4 - yoc / 100);
    const int64_t month = (5 * doy + 2) / 153; /* March is 0 */
    return (struct pki_civil){
        .year = cycle * 400 + yoc + (month >= 10),
        .month = (unsigned)(month < 10 ? month + 3 : month - 9),
        .day = (unsigned)(doy - (153 * month + 2) / 5 + 1),
        .hour = (unsigned)(rest / 3600),
        .minute = (unsigned)(rest / 60 % 60),
        .second = (unsigned)(rest % 60),
    };
}

int64_t pki_civil_to_seconds(const struct pki_civil *civil) {
    return days_from_civil(civil) * DAY + (int64_t)civil->hour * 3600 +
           (int64_t)civil->minute * 60 + civil->second;
}

unsigned pki_civil_days_in_month(int64_t year, unsigned month) {
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

int64_t pki_civil_add_years(int64_t seconds, unsigned years) {
    struct pki_civil civil = pki_civil_from_seconds(seconds);
    civil.year += years;
    const unsigned last = pki_civil_days_in_month(civil.year, civil.month);
    if (civil.day > last) civil.day = last;
    return pki_civil_to_seconds(&civil);
}
