/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/batch.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include "tests/unit/support/events.h"

static struct scene scene;
static void begin(void) { scene_begin(&scene); }
static void end(void) { scene_end(&scene); }
TestSuite(batch, .init = begin, .fini = end);

Test(batch, ranks_received_events_by_arrival)
{
    for (uint32_t i = 0; i < 1000; i++) {
        struct event *event = batch_event(scene.batch);
        cr_assert(event->index == i && event->rank == i && event->parent == i);
    }
    cr_assert_eq(scene.batch->received, 1000);
    cr_assert_not(scene.batch->is_reordered);
}

Test(batch, ranks_children_behind_their_parent_and_earlier_children)
{
    struct batch *batch = scene.batch;
    struct event *a = batch_event(batch), *b = batch_event(batch);
    struct event *a1 = batch_child(batch, a);
    struct event *b1 = batch_child(batch, b);
    struct event *a2 = batch_child(batch, a);
    struct event *a1x = batch_child(batch, a1);
    struct event *timer = batch_child(batch, NULL);
    cr_assert(batch->is_reordered);
    batch_rank(batch);
    struct event *order[] = {a, a1, a1x, a2, b, b1, timer};
    for (uint32_t i = 0; i < 7; i++) cr_expect_eq(order[i]->rank, i, "place %u", i);
    cr_assert_not(batch->is_reordered);
    cr_assert_eq(batch->received, 2);
    cr_assert_eq(batch->count, 7);
    struct event *c = batch_event(batch);
    cr_assert_eq(c->rank, 7);
}

static int by_rank(const void *a, const void *b)
{
    uint32_t x = (*(struct event *const *)a)->rank, y = (*(struct event *const *)b)->rank;
    return (x > y) - (x < y);
}

/* The model: a list into which a child is inserted behind the last event of its parent's family. */
Test(batch, ranks_like_a_list_with_insertions)
{
    srand(7);
    for (int round = 0; round < 20; round++) {
        struct batch *batch = batch_create(&scene.pool, NULL);
        static struct event *list[400];
        uint32_t count = 0;
        while (count < 400) {
            struct event *parent =
                count && rand() % 4 ? batch->events[(uint32_t)rand() % count] : NULL;
            struct event *event = parent ? batch_child(batch, parent) : batch_event(batch);
            uint32_t at = count;
            if (parent) {
                for (at = 0; list[at] != parent;) at++;
                for (at++; at < count; at++) {
                    /* does list[at] descend from parent? */
                    const struct event *up = list[at];
                    while (up->parent != up->index && up != parent) up = batch->events[up->parent];
                    if (up != parent) break;
                }
            }
            memmove(list + at + 1, list + at, (count - at) * sizeof *list);
            list[at] = event;
            count++;
            if (rand() % 50 == 0) batch_rank(batch);
        }
        batch_rank(batch);
        static struct event *sorted[400];
        memcpy(sorted, batch->events, sizeof sorted);
        qsort(sorted, 400, sizeof *sorted, by_rank);
        cr_assert(memcmp(sorted, list, sizeof list) == 0, "round %d", round);
        batch_destroy(batch);
    }
}

Test(batch, refuses_events_beyond_the_limit)
{
    struct batch *batch = scene.batch;
    batch_event(batch);
    uint32_t count = batch->count;
    batch->count = BATCH_EVENTS_MAX;
    cr_assert_null(batch_event(batch));
    cr_assert_null(batch_child(batch, NULL));
    cr_assert_eq(batch->received, 1);
    batch->count = count;
}

Test(batch, keeps_blocks_until_it_goes)
{
    struct batch *batch = batch_create(&scene.pool, NULL);
    size_t before = budget_used(&scene.budget);
    struct block *block = block_create(&scene.pool, BLOCK_BYTES);
    cr_assert_geq(block->capacity, BLOCK_BYTES);
    memset(block->bytes, 'x', block->capacity);
    cr_assert(batch_keep_block(batch, block));
    cr_assert(batch_keep_block(batch, block));
    cr_assert_eq(block->references, 2);
    block_drop(block, &scene.pool);
    cr_assert_gt(budget_used(&scene.budget), before);
    batch_destroy(batch);
    cr_assert_lt(budget_used(&scene.budget), before + BLOCK_BYTES);
}

Test(batch, refers_to_as_many_blocks_as_the_limit)
{
    struct block *blocks[BATCH_BLOCKS_MAX + 1];
    for (int i = 0; i <= BATCH_BLOCKS_MAX; i++) {
        blocks[i] = block_create(&scene.pool, 100);
        cr_assert_eq(batch_keep_block(scene.batch, blocks[i]), i < BATCH_BLOCKS_MAX);
    }
    cr_assert(batch_keep_block(scene.batch, blocks[0]));
    for (int i = 0; i <= BATCH_BLOCKS_MAX; i++) block_drop(blocks[i], &scene.pool);
}
