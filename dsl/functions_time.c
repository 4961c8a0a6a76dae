/* SPDX-License-Identifier: Apache-2.0 */
/* Functions: times and durations. A duration is a number of seconds. */
#include <math.h>
#include "core/text/number.h"
#include "core/text/time.h"
#include "dsl/functions.h"

static bool now(const struct call *call, struct value *out)
{
    (void)call;
    *out = event_now();
    return true;
}

static bool parse_time(const struct call *call, struct value *out)
{
    int64_t seconds;
    uint32_t ns;
    if (!time_parse_iso(value_text(&call->arguments[0]), &seconds, &ns))
        return call_fails(call, "is not an ISO 8601 time");
    *out = value_time(seconds, ns);
    return true;
}

static bool format_time(const struct call *call, struct value *out)
{
    char text[TIME_ISO_SIZE];
    size_t len = time_print_iso(call->arguments[0].seconds, call->arguments[0].len, text);
    return give_text(out, arena_copy(call->arena, (struct str){text, len}));
}

static bool to_unix(const struct call *call, struct value *out)
{
    *out = value_double((double)call->arguments[0].seconds + call->arguments[0].len / 1e9);
    return true;
}

static bool from_unix(const struct call *call, struct value *out)
{
    double real = number_as_double(&call->arguments[0]), seconds = floor(real);
    if (!(fabs(real) < 1e13) || !time_in_range((int64_t)seconds))
        return call_fails(call, "the time is out of range");
    int64_t ns = llround((real - seconds) * 1e9);
    *out = ns == 1000000000 ? value_time((int64_t)seconds + 1, 0) : value_time((int64_t)seconds, (uint32_t)ns);
    return true;
}

static bool parse_duration(const struct call *call, struct value *out)
{
    int64_t ns;
    if (!duration_parse(value_text(&call->arguments[0]), 1000000000, &ns))
        return call_fails(call, "is not a duration");
    *out = value_double((double)ns / 1e9);
    return true;
}

static bool format_duration(const struct call *call, struct value *out)
{
    char text[DURATION_SIZE];
    double ns = number_as_double(&call->arguments[0]) * 1e9;
    if (!(ns >= 0 && ns < 9.2e18)) return call_fails(call, "is not a duration");
    size_t len = duration_print(llround(ns), text);
    return give_text(out, arena_copy(call->arena, (struct str){text, len}));
}

#define TEXT {{"text", TYPE_STRING}}
#define TIME {{"time", TYPE_TIME}}
#define SECONDS {{"seconds", TYPE_NUMBER}}
const struct function functions_time[] = {
    {"now", "The present time.", {{0}}, 0, TYPE_TIME, false, true, now,
     {{"type_of(now())", "\"time\""}, {"now() > parse_time(\"2024-01-02\")", "true"}}},
    {"parse_time", "The time that an ISO 8601 text says.", TEXT, 1, TYPE_TIME, true, false, parse_time,
     {{"parse_time(\"2024-01-02T03:04:05Z\")", "\"2024-01-02T03:04:05.000Z\""}, {"parse_time(\"yesterday\")", NULL}}},
    {"format_time", "A time as ISO 8601, in UTC.", TIME, 1, TYPE_STRING, false, false, format_time,
     {{"format_time(from_unix(0))", "\"1970-01-01T00:00:00.000Z\""},
      {"format_time(from_unix(1.5))", "\"1970-01-01T00:00:01.500Z\""}}},
    {"to_unix", "Seconds since 1970.", TIME, 1, TYPE_FLOAT, false, false, to_unix,
     {{"to_unix(parse_time(\"1970-01-02T00:00:00Z\"))", "86400.0"}, {"to_unix(from_unix(1.5))", "1.5"}}},
    {"from_unix", "The time so many seconds after 1970 began.", SECONDS, 1, TYPE_TIME, true, false, from_unix,
     {{"from_unix(86400)", "\"1970-01-02T00:00:00.000Z\""}, {"from_unix(100000000000000)", NULL}}},
    {"parse_duration", "Seconds of a text like 1.5h, 200ms, 2 weeks.", TEXT, 1, TYPE_FLOAT, true, false,
     parse_duration, {{"parse_duration(\"1.5h\")", "5400.0"}, {"parse_duration(\"200ms\")", "0.2"}}},
    {"format_duration", "Seconds in the largest unit that gives a whole number.", SECONDS, 1, TYPE_STRING, true,
     false, format_duration, {{"format_duration(90)", "\"90s\""}, {"format_duration(-1)", NULL}}},
    {0},
};
