/* SPDX-License-Identifier: Apache-2.0 */
/* Ruby code (before a line `----init` what is run at the start), a line `----`, JSON objects one a
 * line: the code is read and, when it is of the subset, run over the objects, twice, so that what
 * instance variables hold is moved. Whatever came out must be printable. */
#include "core/event/batch.h"
#include "core/ruby/ruby.h"
#include "core/text/json.h"
#include <stddef.h>
#include <stdint.h>

enum { EVENTS_MAX = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct event *make_event(void *opaque, const struct event *copied)
{
    struct batch *batch = opaque;
    if (batch->count > 100) return NULL;
    struct event *event = batch_child(batch, batch->events[0]);
    if (event) event_copy(event, copied, false);
    return event;
}

static void add_events(struct batch *batch, struct str documents)
{
    while (documents.len && batch->count < EVENTS_MAX) {
        ptrdiff_t cut = str_find(documents, STR("\n"));
        size_t len = cut < 0 ? documents.len : (size_t)cut;
        struct event *event = batch_event(batch);
        struct json_report report;
        struct value value;
        if (json_decode(str_slice(documents, 0, len), JSON_LEADING, &batch->arena, &value,
                        &report) &&
            value.kind == VALUE_MAP)
            event_take_map(event, value.map);
        documents = str_from(documents, len + 1);
    }
}

static void run(struct ruby *ruby, struct str documents)
{
    struct budget budget = {0};
    struct chunk_pool pool;
    struct buf out = {0};
    chunk_pool_init(&pool, &budget);
    for (int i = 0; i < 2; i++) {
        struct batch *batch = batch_create(&pool, NULL);
        add_events(batch, documents);
        if (!batch->count) batch_event(batch);
        for (uint32_t n = 0, count = batch->count; n < count; n++) {
            struct ruby_work work = {
                .event = batch->events[n], .make = make_event, .opaque = batch};
            ruby_run_event(ruby, &work);
        }
        for (uint32_t n = 0; n < batch->count; n++) {
            json_encode_map(&batch->events[n]->root, &out);
            json_encode_map(&batch->events[n]->metadata, &out);
        }
        batch_destroy(batch);
    }
    chunk_pool_fini(&pool);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = {(const char *)data, size}, init = STR("");
    ptrdiff_t cut = str_find(input, STR("\n----init\n"));
    if (cut >= 0) {
        init = str_slice(input, 0, (size_t)cut);
        input = str_from(input, (size_t)cut + strlen("\n----init\n"));
    }
    cut = str_find(input, STR("\n----\n"));
    size_t len = cut < 0 ? input.len : (size_t)cut;
    struct ruby_source source = {.init = init, .code = str_slice(input, 0, len)};
    struct ruby_problem problem;
    struct arena arena;
    arena_init(&arena, NULL);
    struct ruby *ruby = ruby_compile(&source, &arena, &problem);
    if (ruby) run(ruby, str_from(input, len + strlen("\n----\n")));
    ruby_destroy(ruby);
    arena_fini(&arena);
    return 0;
}
