/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a TZif file: refused, or rules whose stretches hold together. */
#include <assert.h>
#include "core/text/time.h"
#include "core/text/timezone.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct zone_rules *rules = zone_rules_read((struct str){(const char *)bytes, len});
    if (!rules) return 0;
    struct zone zone = {rules, 0};
    struct zone_cursor cursor = {0};
    static const int64_t probes[] = {TIME_SECONDS_MIN, -4000000000, -1, 0, 1, 4095, 1700000000, 2000000000,
                                     4102444800, 100000000000, TIME_SECONDS_MAX};
    for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++) {
        int32_t offset = zone_offset(&zone, &cursor, probes[i]);
        assert(cursor.from <= probes[i] && probes[i] < cursor.until);
        assert(offset >= -ZONE_OFFSET_MAX && offset <= ZONE_OFFSET_MAX);
        int64_t utc;
        zone_to_utc(&zone, &cursor, probes[i], &utc);
        assert(utc - probes[i] <= ZONE_OFFSET_MAX && probes[i] - utc <= ZONE_OFFSET_MAX);
    }
    zone_rules_free(rules);
    return 0;
}
