/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/text_cache.h"
#include <criterion/criterion.h>
#include <stdio.h>

static struct text_cache *cache;
static void end(void) { text_cache_destroy(cache); }
TestSuite(text_cache, .fini = end);

static bool has(const char *text)
{
    struct str found;
    return text_cache_get(cache, str_of(text), &found) && str_eq(found, str_of(text));
}
static void put(const char *text) { text_cache_put(cache, str_of(text), str_of(text)); }

Test(text_cache, the_one_not_asked_for_longest_goes_first)
{
    cache = text_cache_create(3, 1 << 20);
    put("a");
    put("b");
    put("c");
    cr_expect(has("a"));
    put("d");
    cr_expect_not(has("b"));
    cr_expect(has("a"));
    cr_expect(has("c"));
    cr_expect(has("d"));
    cr_expect_eq(text_cache_evicted(cache), 1);
    cr_expect_eq(text_cache_count(cache), 3);
}

Test(text_cache, bytes_are_bounded_too)
{
    char text[32];
    cache = text_cache_create(1000000, 10000);
    for (int i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "text %d", i);
        put(text);
        cr_assert(text_cache_bytes(cache) <= 10000);
        cr_assert(has(text));
    }
    cr_expect_not(has("text 1"));
    cr_expect(has("text 4990"));
}

Test(text_cache, many_are_found_again)
{
    char text[32];
    cache = text_cache_create(20000, 64 << 20);
    for (int i = 0; i < 20000; i++) {
        snprintf(text, sizeof text, "%d", i);
        put(text);
    }
    for (int i = 0; i < 20000; i++) {
        snprintf(text, sizeof text, "%d", i);
        cr_assert(has(text), "%d", i);
    }
    cr_expect_eq(text_cache_evicted(cache), 0);
}

Test(text_cache, what_is_too_large_is_not_kept)
{
    static char text[TEXT_CACHE_ENTRY_MAX + 1];
    struct str found;
    cache = text_cache_create(10, 1 << 20);
    memset(text, 'x', sizeof text);
    text_cache_put(cache, (struct str){text, TEXT_CACHE_ENTRY_MAX + 1}, STR(""));
    cr_expect_not(text_cache_get(cache, (struct str){text, TEXT_CACHE_ENTRY_MAX + 1}, &found));
    text_cache_put(cache, (struct str){text, TEXT_CACHE_ENTRY_MAX}, STR(""));
    cr_expect(text_cache_get(cache, (struct str){text, TEXT_CACHE_ENTRY_MAX}, &found));
    text_cache_destroy(cache);
    cache = text_cache_create(10, 20); /* less than one entry takes */
    put("a");
    cr_expect_eq(text_cache_count(cache), 0);
}

Test(text_cache, one_entry_is_enough_and_clearing_empties)
{
    cache = text_cache_create(1, 1 << 20);
    put("a");
    put("");
    cr_expect(has(""));
    cr_expect_not(has("a"));
    text_cache_clear(cache);
    cr_expect_not(has(""));
    cr_expect_eq(text_cache_bytes(cache), 0);
}
