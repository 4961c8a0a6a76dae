/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include "core/xmalloc.h"
#include "pipelines/tap_ring.h"

static struct tap_ring ring;
static void begin(void) { tap_ring_init(&ring); }
static void end(void) { tap_ring_fini(&ring); }
TestSuite(tap_ring, .init = begin, .fini = end);

Test(tap_ring, gives_back_what_was_written_also_over_its_end)
{
    char text[1000], out[1000];
    uint64_t total = 0;
    for (uint32_t i = 0; total < 3 * (uint64_t)TAP_RING_BYTES; i++) {
        size_t len = 1 + i * 37 % sizeof text;
        memset(text, 'a' + (int)(i % 26), len);
        text[0] = '#';
        cr_assert(tap_ring_write(&ring, (struct str){text, len}));
        total += len;
        cr_assert_eq(tap_ring_written(&ring), total);
        size_t half = tap_ring_take(&ring, total, out, len / 2);
        cr_assert_eq(half, len / 2);
        cr_assert_eq(tap_ring_take(&ring, total, out + half, sizeof out - half), len - half);
        cr_assert_arr_eq(out, text, len);
    }
}

Test(tap_ring, takes_all_or_nothing_at_its_limit)
{
    char *text = xcalloc(1, TAP_RING_BYTES + 1), out[10];
    memset(text, 'x', TAP_RING_BYTES + 1);
    cr_expect_not(tap_ring_write(&ring, (struct str){text, TAP_RING_BYTES + 1}));
    cr_expect(tap_ring_write(&ring, (struct str){text, TAP_RING_BYTES - 10}));
    cr_expect_not(tap_ring_write(&ring, (struct str){text, 11}));
    cr_expect_eq(tap_ring_written(&ring), TAP_RING_BYTES - 10u);
    cr_expect(tap_ring_write(&ring, (struct str){text, 10}));
    cr_expect_not(tap_ring_write(&ring, (struct str){text, 1}));
    cr_expect_eq(tap_ring_take(&ring, 4, out, sizeof out), 4u);
    cr_expect(tap_ring_write(&ring, (struct str){text, 4}));
    cr_expect_not(tap_ring_write(&ring, (struct str){text, 1}));
    free(text);
}
