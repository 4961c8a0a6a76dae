/* SPDX-License-Identifier: Apache-2.0 */
/* The first line of the bytes is an expression, the rest a JSON object: read, compiled, computed, stored,
 * twice over, for what is stored must be readable. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "core/text/json.h"
#include "dsl/expression.h"
#include "dsl/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply(const struct action *action, struct str document)
{
    struct arena arena;
    struct event event;
    struct value value;
    struct json_report report;
    struct action_failure failure;
    struct buf out = {0};
    arena_init(&arena, NULL);
    event_init(&event, &arena, value_time(1700000000, 0));
    if (json_decode(document, JSON_LEADING, &arena, &value, &report) && value.kind == VALUE_MAP)
        event_take_map(&event, value.map);
    for (int i = 0; i < 2; i++)
        if (!action_run(action, &event, &failure) && !failure.problem) abort();
    json_encode_map(&event.root, &out);
    buf_fini(&out);
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = {(const char *)data, size};
    ptrdiff_t cut = str_find(input, STR("\n"));
    size_t len = cut < 0 ? size : (size_t)cut;
    struct buf text = {0};
    buf_append_z(&text, "filter { [x] = ");
    buf_append(&text, str_slice(input, 0, len));
    buf_append_z(&text, "\n}");
    struct source_text source = {STR("fuzz.conf"), buf_str(&text)};
    struct parse_options options = {0};
    struct config config = {0};
    struct arena arena;
    struct diag diag;
    arena_init(&arena, NULL);
    diag_init(&diag);
    parse_source(&config, &source, &options, &arena, &diag);
    const struct statements *filters = &config.sections[SECTION_FILTER];
    for (uint32_t i = 0; i < filters->count; i++) {
        if (filters->items[i].kind != STATEMENT_ASSIGNMENT) continue;
        struct action *action = action_compile(filters->items[i].assignment, &arena, &diag);
        if (!action) continue;
        apply(action, str_from(input, len));
        action_destroy(action);
    }
    diag_fini(&diag);
    arena_fini(&arena);
    buf_fini(&text);
    return 0;
}
