/* SPDX-License-Identifier: Apache-2.0 */
/* Statements, a line `----`, JSON objects one a line: the statements are read, checked, compiled and run
 * over the objects, twice: what the first run stored must be readable. Plugins are refused. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "core/text/json.h"
#include "dsl/compiler.h"
#include "dsl/parser.h"
#include "dsl/vm.h"

enum { EVENTS_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct filter *no_filter(void *opaque, const struct plugin_block *block)
{
    (void)opaque, (void)block;
    return NULL;
}

static void add_events(struct batch *batch, struct str documents)
{
    while (documents.len && batch->count < EVENTS_MAX) {
        ptrdiff_t cut = str_find(documents, STR("\n"));
        size_t len = cut < 0 ? documents.len : (size_t)cut;
        struct event *event = batch_event(batch);
        struct json_report report;
        struct value value;
        if (json_decode(str_slice(documents, 0, len), JSON_LEADING, &batch->arena, &value, &report) &&
            value.kind == VALUE_MAP)
            event_take_map(event, value.map);
        documents = str_from(documents, len + 1);
    }
}

static void run(struct program *program, struct str documents)
{
    struct budget budget = {0};
    struct chunk_pool pool;
    struct books books = {0};
    struct buf out = {0};
    chunk_pool_init(&pool, &budget);
    struct ticket_pool *tickets = ticket_pool_create(&books);
    struct batch *batch = batch_create(&pool, tickets);
    add_events(batch, documents);
    for (int i = 0; i < 2; i++) {
        if (!batch->ticket) batch->ticket = ticket_open(tickets);
        ticket_count(batch->ticket, batch->count, 0, 0);
        batch->vm = NULL;
        if (vm_run(program, batch) != VM_DONE) abort();
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        json_encode_map(&batch->events[i]->root, &out);
        json_encode_map(&batch->events[i]->metadata, &out);
    }
    batch_destroy(batch);
    ticket_pool_destroy(tickets);
    chunk_pool_fini(&pool);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = {(const char *)data, size};
    ptrdiff_t cut = str_find(input, STR("\n----\n"));
    size_t len = cut < 0 ? size : (size_t)cut;
    struct buf text = {0}, listing = {0};
    buf_append_z(&text, "filter {\n");
    buf_append(&text, str_slice(input, 0, len));
    buf_append_z(&text, "\n}");
    struct source_text source = {STR("fuzz.conf"), buf_str(&text)};
    struct parse_options options = {0};
    struct config config = {0};
    struct program program = {0};
    struct arena arena;
    struct diag diag;
    arena_init(&arena, NULL);
    diag_init(&diag);
    struct compiler compiler = {.program = &program, .arena = &arena, .diag = &diag, .filter = no_filter};
    if (parse_source(&config, &source, &options, &arena, &diag) && compile(&compiler, &config)) {
        program_print(&program, NULL, 0, &listing);
        run(&program, str_from(input, len + 6));
    }
    program_destroy(&program);
    diag_fini(&diag);
    arena_fini(&arena);
    buf_fini(&text);
    buf_fini(&listing);
    return 0;
}
