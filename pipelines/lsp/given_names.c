/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/given_names.h"
#include <assert.h>

bool given_name_may_be(const struct mark *mark)
{
    return mark->kind == MARK_WORD && (mark->role == ROLE_NAMED || mark->role == ROLE_OPERAND);
}

bool given_name_is_known(const struct scan *scan, const struct mark *given, uint32_t scope, uint32_t offset)
{
    assert(given->role == ROLE_NAMED);
    if (given->end >= offset) return false;
    while (scope != SCAN_NONE && scope != given->scope) scope = scan->scopes[scope].parent;
    return scope == given->scope;
}

void given_names_find(struct given_names *names, const struct scan *scan, struct str name)
{
    *names = (struct given_names){.scan = scan};
    names->items = arena_alloc(scan->arena, GIVEN_NAMES_MAX * sizeof *names->items);
    for (uint32_t i = 0; i < scan->mark_count; i++) {
        const struct mark *mark = &scan->marks[i];
        if (mark->role != ROLE_NAMED || !str_eq(mark_text(scan, mark), name)) continue;
        if (names->count == GIVEN_NAMES_MAX)
            memmove(names->items, names->items + 1, --names->count * sizeof *names->items);
        names->items[names->count++] = mark;
    }
}

const struct mark *given_names_of(const struct given_names *names, const struct mark *mark)
{
    assert(given_name_may_be(mark));
    if (mark->role == ROLE_NAMED) return mark;
    for (uint32_t i = names->count; i-- > 0;)
        if (given_name_is_known(names->scan, names->items[i], mark->scope, mark->start)) return names->items[i];
    return NULL;
}
