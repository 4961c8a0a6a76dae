/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/time.h"
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* The instant's text again, or "" when the text is refused. */
static const char *reread(struct str text)
{
    static char out[TIME_ISO_SIZE];
    int64_t seconds;
    uint32_t ns;
    size_t len = time_parse_iso(text, &seconds, &ns) ? time_print_iso(seconds, ns, out) : 0;
    out[len] = 0;
    return out;
}

static void use_utc(void) { setenv("TZ", "UTC", 1); }

Test(time_parse, at_timestamp, .init = use_utc)
{
    static const char *const rows[][2] = {
        {"2024-01-02T03:04:05.123456Z", "2024-01-02T03:04:05.123456Z"},
        {"2024-01-02T03:04:05.123456789+02:00", "2024-01-02T01:04:05.123456789Z"},
        {"2024-01-02T03:04:05+0200", "2024-01-02T01:04:05.000Z"},
        {"2024-01-02T03:04:05+02", "2024-01-02T01:04:05.000Z"},
        {"2024-01-02T03:04:05-05:30", "2024-01-02T08:34:05.000Z"},
        {"2024-01-02T03:04:05", "2024-01-02T03:04:05.000Z"},
        {"2024-01-02T03:04Z", "2024-01-02T03:04:00.000Z"},
        {"2024-01-02t03:04:05z", "2024-01-02T03:04:05.000Z"},
        {"2024-01-02", "2024-01-02T00:00:00.000Z"},
        {"2024-01-02Z", "2024-01-02T00:00:00.000Z"},
        {"2024-01-02T24:00:00Z", "2024-01-03T00:00:00.000Z"},
        {"2024-12-31T24:00Z", "2025-01-01T00:00:00.000Z"},
        {"2024-02-30T00:00:00Z", "2024-02-29T00:00:00.000Z"},
        {"2023-02-31T00:00:00Z", "2023-02-28T00:00:00.000Z"},
        {"2023-04-31T00:00:00Z", "2023-04-30T00:00:00.000Z"},
        {"2024-01-02T03:04:05Europe/Paris", "2024-01-02T02:04:05.000Z"},
        {"2024-07-02T03:04:05Europe/Paris", "2024-07-02T01:04:05.000Z"},
        {"2024-03-31T02:30:00Europe/Paris", "2024-03-31T01:30:00.000Z"}, /* gap: one hour on */
        {"2024-10-27T02:30:00Europe/Paris", "2024-10-27T00:30:00.000Z"}, /* overlap: the earlier */
        {"0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"},
        {"-0001-01-01T00:00:00Z", "-0001-01-01T00:00:00.000Z"},
        {"+12024-01-01T00:00:00Z", "+12024-01-01T00:00:00.000Z"},
        {"+999999-12-31T23:59:59.999999999Z", "+999999-12-31T23:59:59.999999999Z"},
        {"2024-01-02T03:04:05UTC", "2024-01-02T03:04:05.000Z"},
        {"2024-01-02T03:04:05GMT", "2024-01-02T03:04:05.000Z"},
        {"2024-01-02T03:04:05.1Z", "2024-01-02T03:04:05.100Z"},
        /* refused */
        {"2024-01-02T03Z", ""},
        {"2024-01-02 03:04:05", ""},
        {"2024-01-02T03:04:05,123Z", ""},
        {"2024-01-02T03:04:60Z", ""},
        {"2024-01-02T03:60:00Z", ""},
        {"2024-01-02T25:00:00Z", ""},
        {"2024-01-02T24:00:01Z", ""},
        {"2024-01-02T24:00:00.1Z", ""},
        {"2024-01-02T03:04:05 Z", ""},
        {"2024-01-02T03:04:05[Europe/Paris]", ""},
        {"2024-01-02T03:04:05Z[UTC]", ""},
        {"2024-01-02T03:04:05ZZ", ""},
        {"2024-01-02T03:04:05.1234567890Z", ""},
        {"2024-01-02T03:04:05.Z", ""},
        {"2024-01-02T03:04:05+19:00", ""},
        {"2024-01-02T03:04:05+2", ""},
        {"2024-01-02T03:04:05+02:0", ""},
        {"2024-01-02T03:04:05Europe/Nowhere", ""},
        {"2024-01-02T03:04:05../../etc/passwd", ""},
        {"20240102T030405Z", ""},
        {"2024-1-02", ""},
        {"2024-01-2", ""},
        {"2024-00-02", ""},
        {"2024-13-02", ""},
        {"2024-01-00", ""},
        {"2024-01-32", ""},
        {"12024-01-01T00:00:00Z", ""},
        {"+2024-01-01T00:00:00Z", ""},
        {"+1000000-01-01T00:00:00Z", ""},
        {"-9999-01-01T00:00:00+01:00", ""}, /* before the first instant */
        {"2024", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_str_eq(reread(str_of(rows[i][0])), rows[i][1], "`%s` gave `%s`", rows[i][0],
                         reread(str_of(rows[i][0])));
}

/* What is printed is read back, to the nanosecond. */
Test(time_parse, round_trip)
{
    uint64_t random = 88172645463325252u;
    uint64_t range = (uint64_t)(TIME_SECONDS_MAX - TIME_SECONDS_MIN) + 1;
    for (int i = 0; i < 200000; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        int64_t seconds = TIME_SECONDS_MIN + (int64_t)(random % range);
        uint32_t ns = (uint32_t)(random >> 20) % 1000000000;
        if (i % 3 == 0) seconds = (int64_t)(random % 4102444800u);
        if (i % 5 == 0) ns -= ns % 1000000;
        char text[TIME_ISO_SIZE];
        size_t len = time_print_iso(seconds, ns, text);
        int64_t seconds_back;
        uint32_t ns_back;
        cr_assert(time_parse_iso((struct str){text, len}, &seconds_back, &ns_back), "%.*s", (int)len,
                  text);
        cr_assert(seconds_back == seconds && ns_back == ns, "%.*s", (int)len, text);
    }
}
