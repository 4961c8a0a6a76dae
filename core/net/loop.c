/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/loop.h"
#include <assert.h>

/* Runs what other threads have posted. The list is taken whole, so that a note may post again. */
static void loop_door_open(uv_async_t *door)
{
    struct loop *loop = door->data;
    pthread_mutex_lock(&loop->door_mutex);
    struct loop_note *note = loop->door_first;
    loop->door_first = NULL;
    loop->door_last = &loop->door_first;
    pthread_mutex_unlock(&loop->door_mutex);
    while (note) {
        struct loop_note *next = note->next;
        note->run(note);
        note = next;
    }
}

int loop_init(struct loop *loop, struct budget *budget, struct books *books)
{
    *loop = (struct loop){.budget = budget};
    int status = uv_loop_init(&loop->uv);
    if (status) return status;
    loop->uv.data = loop;
    status = uv_async_init(&loop->uv, &loop->door, loop_door_open);
    if (status) {
        uv_loop_close(&loop->uv);
        return status;
    }
    loop->door.data = loop;
    uv_timer_init(&loop->uv, &loop->join_timer);
    loop->join_timer.data = loop;
    uv_timer_init(&loop->uv, &loop->tls_timer);
    loop->tls_timer.data = loop;
    loop->door_last = &loop->door_first;
    pthread_mutex_init(&loop->door_mutex, NULL);
    chunk_pool_init(&loop->pool, budget);
    loop->tickets = ticket_pool_create(books);
    return 0;
}

void loop_fini(struct loop *loop)
{
    loop_door_open(&loop->door);
    uv_close((uv_handle_t *)&loop->door, NULL);
    uv_close((uv_handle_t *)&loop->join_timer, NULL);
    uv_close((uv_handle_t *)&loop->tls_timer, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    int busy = uv_loop_close(&loop->uv);
    assert(busy == 0); /* a handle was left open by its owner */
    (void)busy;
    if (loop->read_block) block_drop(loop->read_block, &loop->pool);
    assert(loop->half_frame_bytes == 0);
    ticket_pool_destroy(loop->tickets);
    chunk_pool_fini(&loop->pool);
    pthread_mutex_destroy(&loop->door_mutex);
}

void loop_post(struct loop *loop, struct loop_note *note)
{
    note->next = NULL;
    pthread_mutex_lock(&loop->door_mutex);
    *loop->door_last = note;
    loop->door_last = &note->next;
    /* under the mutex: the loop cannot be gone before the send */
    uv_async_send(&loop->door);
    pthread_mutex_unlock(&loop->door_mutex);
}

void loop_wake(struct loop *loop) { uv_async_send(&loop->door); }

uv_buf_t loop_read_space(struct loop *loop)
{
    struct block *block = loop->read_block;
    if (block && block->references == 1) loop->read_used = 0; /* nobody looks at it any more */
    if (block && block->capacity - loop->read_used < READ_SPACE_MIN) {
        block_drop(block, &loop->pool);
        block = NULL;
    }
    if (!block) {
        block = loop->read_block = block_create(&loop->pool, BLOCK_BYTES);
        loop->read_used = 0;
    }
    loop->read_start = loop->read_used;
    loop->read_used = block->capacity;
    return uv_buf_init(block->bytes + loop->read_start,
                       (unsigned)(block->capacity - loop->read_start));
}

void loop_read_done(struct loop *loop, size_t received)
{
    assert(loop->read_block && received <= loop->read_block->capacity - loop->read_start);
    loop->read_used = loop->read_start + received;
}

struct value loop_now(const struct loop *loop)
{
    (void)loop;
    return event_now();
}
