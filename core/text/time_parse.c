/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/time.h"
#include "core/text/timezone.h"

enum { OFFSET_MAX = 18 * 3600 }; /* of java.time */

struct reader {
    const char *at, *end;
};

static bool take(struct reader *in, char c)
{
    if (in->at == in->end || *in->at != c) return false;
    in->at++;
    return true;
}

/* Exactly two digits, at most `max`. */
static bool take_two(struct reader *in, unsigned max, uint8_t *number)
{
    if (in->end - in->at < 2 || !is_digit(in->at[0]) || !is_digit(in->at[1])) return false;
    *number = (uint8_t)((in->at[0] - '0') * 10 + (in->at[1] - '0'));
    in->at += 2;
    return *number <= max;
}

/* Four digits, or a sign and 4 to 6 of them; with `+` more than four, as java.time prints them. */
static bool take_year(struct reader *in, int32_t *year)
{
    bool is_minus = take(in, '-'), is_plus = !is_minus && take(in, '+');
    int digits = 0;
    *year = 0;
    for (; in->at < in->end && digits < 7 && is_digit(*in->at); digits++)
        *year = *year * 10 + (*in->at++ - '0');
    if (is_minus) *year = -*year;
    bool is_long = is_plus || is_minus;
    return digits >= (is_plus ? 5 : 4) && digits <= (is_long ? 6 : 4) && *year >= TIME_YEAR_MIN;
}

/* `HH:MM[:SS[.fraction]]`; 24 only as the end of the day. */
static bool take_time(struct reader *in, struct civil *civil, uint32_t *ns)
{
    if (!take_two(in, 24, &civil->hour) || !take(in, ':') || !take_two(in, 59, &civil->minute))
        return false;
    if (take(in, ':')) {
        if (!take_two(in, 59, &civil->second)) return false;
        if (take(in, '.')) {
            uint32_t digits = 0, value = 0;
            for (; in->at < in->end && digits < 9 && is_digit(*in->at); digits++)
                value = value * 10 + (uint32_t)(*in->at++ - '0');
            if (digits == 0) return false;
            for (; digits < 9; digits++) value *= 10;
            *ns = value;
        }
    }
    return civil->hour < 24 || (civil->minute == 0 && civil->second == 0 && *ns == 0);
}

static bool equals_folded(struct str text, const char *lower)
{
    size_t i = 0;
    while (i < text.len && lower[i] && (text.ptr[i] | 0x20) == lower[i]) i++;
    return i == text.len && !lower[i];
}

/* The rest of the text as a zone; ids known to Java but not to Joda's grammar (`-00:30:15`) fail. */
static bool read_zone(struct str text, struct zone *zone)
{
    *zone = (struct zone){0};
    if (text.len == 0) {
        *zone = zone_system();
        return true;
    }
    if (equals_folded(text, "z") || equals_folded(text, "utc") || equals_folded(text, "gmt"))
        return true;
    if (zone_find(text, zone) != ZONE_FOUND) return false;
    bool is_offset = text.ptr[0] == '+' || text.ptr[0] == '-';
    return !is_offset ||
           (text.len <= 6 && zone->offset <= OFFSET_MAX && zone->offset >= -OFFSET_MAX);
}

static int32_t two(const char *at) { return (at[0] - '0') * 10 + (at[1] - '0'); }

/* `2024-01-02T03:04:05Z`, or with a fraction of three digits: what most senders write. Eight bytes
 * at a time: the upper half of a digit is 3, the lower stays below 16 when six is added. */
static bool read_usual(struct str text, int64_t *seconds, uint32_t *ns)
{
    static const char expected[] = "0000-00-00T00:00:00.000Z";
    static const char exact[] = "\xf0\xf0\xf0\xf0\xff\xf0\xf0\xff\xf0\xf0\xff\xf0\xf0\xff\xf0\xf0"
                                "\xff\xf0\xf0\xff\xf0\xf0\xf0\xff";
    static const char six[] = "\6\6\6\6\0\6\6\0\6\6\0\6\6\0\6\6\0\6\6\0\6\6\6";
    char padded[24]; /* the short form gets the fraction that it lacks */
    const char *at = text.ptr;
    if (text.len == 20 && at[19] == 'Z') {
        memcpy(padded, at, 19);
        memcpy(padded + 19, ".000Z", 5);
        at = padded;
    } else if (text.len != 24) {
        return false;
    }
    uint64_t wrong = 0;
    for (int i = 0; i < 24; i += 8) {
        uint64_t word, e, x, s;
        memcpy(&word, at + i, 8);
        memcpy(&e, expected + i, 8);
        memcpy(&x, exact + i, 8);
        memcpy(&s, six + i, 8);
        word ^= e;
        wrong |= (word & x) | ((word + s) & s * 40); /* 40 times 6 is 0xf0 */
    }
    int32_t year = two(at) * 100 + two(at + 2), month = two(at + 5), day = two(at + 8);
    int32_t hour = two(at + 11), minute = two(at + 14), second = two(at + 17);
    if (wrong || month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 || minute > 59 || second > 59)
        return false; /* the days after the 28th go the longer way */
    *seconds = time_days(year, (unsigned)month, (unsigned)day) * 86400 + hour * 3600 + minute * 60 + second;
    *ns = (uint32_t)(two(at + 20) * 10 + (at[22] - '0')) * 1000000;
    return true;
}

bool time_parse_iso(struct str text, int64_t *seconds, uint32_t *ns)
{
    if (read_usual(text, seconds, ns)) return true;
    struct reader in = {text.ptr, text.ptr + text.len};
    struct civil civil = {0};
    uint32_t fraction = 0;
    if (!take_year(&in, &civil.year) || !take(&in, '-') || !take_two(&in, 12, &civil.month) ||
        !take(&in, '-') || !take_two(&in, 31, &civil.day) || civil.month == 0 || civil.day == 0)
        return false;
    if (in.at < in.end && (*in.at | 0x20) == 't') {
        in.at++;
        if (!take_time(&in, &civil, &fraction)) return false;
    }
    if (civil.day > 28) { /* java.time's "smart" resolution */
        unsigned last = time_month_days(civil.year, civil.month);
        if (civil.day > last) civil.day = (uint8_t)last;
    }
    int64_t utc = time_of_civil(&civil);
    if (in.end - in.at != 1 || (*in.at | 0x20) != 'z') {
        struct zone zone;
        struct zone_cursor cursor = {0};
        if (!read_zone((struct str){in.at, (size_t)(in.end - in.at)}, &zone)) return false;
        zone_to_utc(&zone, &cursor, utc, &utc); /* a time in a gap moves forward, as in java.time */
    }
    if (!time_in_range(utc)) return false;
    *seconds = utc;
    *ns = fraction;
    return true;
}
