/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/value.h"
#include <criterion/criterion.h>
#include <stdio.h>

static struct arena arena;
static void begin(void) { arena_init(&arena, NULL); }
static void end(void) { arena_fini(&arena); }
TestSuite(value, .init = begin, .fini = end);

enum { NAMES = 60, STEPS = 20000 };

/* Keys of all lengths that are compared in their own way, two of each with one byte changed. */
static struct key name_of(uint32_t number)
{
    static char texts[NAMES][40];
    uint32_t len = number / 2 + 1;
    memset(texts[number], 'a', len);
    if (number % 2) texts[number][number % 3 ? len - 1 : len / 2] = 'b';
    return key_of((struct str){texts[number], len});
}

/* Whatever place is remembered, it is only where the search begins. */
Test(value, near_and_far_find_the_same)
{
    struct value map = value_map(&arena, 4);
    int64_t model[NAMES] = {0};
    uint32_t places[NAMES], seed = 1;
    struct key names[NAMES];
    for (uint32_t i = 0; i < NAMES; i++) names[i] = name_of(i), places[i] = i * 7;
    for (uint32_t step = 1; step <= STEPS; step++) {
        seed = seed * 1103515245 + 12345;
        uint32_t n = (seed >> 16) % NAMES;
        struct key same = names[n]; /* other text of the same bytes */
        same.ptr = arena_copy(&arena, key_text(&names[n])).ptr;
        struct value *found = map_get_near(map.map, &same, &places[n]);
        cr_assert_eq(found ? found->integer : 0, model[n], "step %u, name %u", step, n);
        cr_assert_eq(found, map_get(map.map, &names[n]));
        if (seed >> 8 & 1) {
            map_set_near(map.map, &arena, &same, value_int(step), &places[n]);
            model[n] = step;
        } else if (found && seed >> 9 & 1) {
            map_drop(map.map, found);
            model[n] = 0;
        }
        if (seed >> 10 & 1) places[(n + 1) % NAMES] = places[n];
    }
}

Test(value, a_field_at_the_end_is_appended_where_it_was_appended_before)
{
    uint32_t place = 0;
    struct key a = name_of(0), b = name_of(2);
    for (int i = 0; i < 3; i++) {
        struct value map = value_map(&arena, 4);
        map_append(map.map, &arena, a, value_int(1));
        map_set_near(map.map, &arena, &b, value_int(i), &place);
        cr_expect_eq(place, 1);
        cr_expect_eq(map.map->live, 2);
        cr_expect_eq(map_get(map.map, &b)->integer, i);
        map_set_near(map.map, &arena, &b, value_int(9), &place);
        cr_expect_eq(map.map->count, 2);
    }
}
