/* SPDX-License-Identifier: Apache-2.0 */
/* Records packed as lists: every level gives them back, limits hold, and what is no list is refused. */
#include "core/store/record_pack.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/xmalloc.h"

static struct record_pack *pack;

static void begin(void) { pack = record_pack_create(COMPRESS_SPEED); }
static void end(void) { record_pack_destroy(pack); }
TestSuite(record_pack, .init = begin, .fini = end);

/* Adds `count` records of so many bytes, all alike; how many were taken. */
static uint32_t add(uint32_t count, size_t len)
{
    char *text = xmalloc(len);
    uint32_t taken = 0;
    memset(text, 'a', len);
    record_pack_begin(pack, 'K');
    while (taken < count && record_pack_add(pack, (struct str){text, len})) taken++;
    free(text);
    return taken;
}

Test(record_pack, gives_back_what_was_added)
{
    struct str list, record;
    record_pack_begin(pack, 'K');
    for (int i = 0; i < 100; i++) {
        char text[64];
        int len = snprintf(text, sizeof text, "record %d of many that are alike", i);
        cr_assert(record_pack_add(pack, (struct str){text, (size_t)len}));
    }
    struct str packed = record_pack_seal(pack, 4096);
    cr_assert(packed.len > 0 && *packed.ptr == 'K');
    char *copy = xmalloc(packed.len);
    memcpy(copy, packed.ptr, packed.len);
    cr_assert(record_pack_open(pack, (struct str){copy, packed.len}, NULL, &list));
    cr_expect_eq(record_list_count(list), 100);
    for (int i = 0; record_list_next(&list, &record); i++) {
        char text[64];
        snprintf(text, sizeof text, "record %d of many that are alike", i);
        cr_expect(str_eq_z(record, text), "%d", i);
    }
    free(copy);
}

Test(record_pack, lists_end_at_their_limits)
{
    static const struct { const char *what; uint32_t records; size_t bytes; uint32_t taken; } rows[] = {
        {"as many as there may be", RECORD_PACK_RECORDS_MAX, 10, RECORD_PACK_RECORDS_MAX},
        {"one more", RECORD_PACK_RECORDS_MAX + 1, 10, RECORD_PACK_RECORDS_MAX},
        {"as many bytes as there may be", 2, RECORD_PACK_BYTES / 2 - PACKED_VARINT_MAX, 2},
        {"more bytes", 4, RECORD_PACK_BYTES / 2, 1},
        {"one that is longer than a list", 2, 2 * RECORD_PACK_BYTES, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(add(rows[i].records, rows[i].bytes), rows[i].taken, "%s", rows[i].what);
}

Test(record_pack, nothing_is_longer_than_the_caller_takes)
{
    add(100, 50);
    size_t len = record_pack_seal(pack, 8192).len;
    cr_assert_gt(len, 3);
    for (size_t most = 1; most <= len; most++) {
        add(100, 50);
        size_t got = record_pack_seal(pack, most).len;
        cr_expect(got == 0 || got <= most, "%zu of %zu", got, most);
    }
    add(1, RECORD_PACK_RAW_MAX + 1);
    cr_expect_eq(record_pack_seal(pack, RECORD_PACK_RAW_MAX).len, 0, "larger than is ever unpacked");
}
