/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/scanner.h"
#include <assert.h>

/* Room for one more item of an array in the arena, whose size doubles. */
static void *grow(struct arena *arena, void *items, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) return items;
    uint32_t wanted = *capacity ? 2 * *capacity : 64;
    items = arena_regrow(arena, items, *capacity * size, wanted * size);
    *capacity = wanted;
    return items;
}

/* ---- cursor and marks ---- */

void cursor_keep(struct scanner *scanner, uint32_t mark, bool is_comment)
{
    struct cursor *cursor = &scanner->scan->cursor;
    assert(!scanner->has_cursor && scanner->depth > 0);
    scanner->has_cursor = true;
    cursor->depth = scanner->depth;
    cursor->nestings = arena_alloc(scanner->scan->arena, scanner->depth * sizeof *cursor->nestings);
    memcpy(cursor->nestings, scanner->nestings, scanner->depth * sizeof *cursor->nestings);
    cursor->mark = mark;
    cursor->is_comment = is_comment;
}

uint32_t mark_add(struct scanner *scanner, enum mark_kind kind, enum mark_role role, struct token token,
                  bool is_closed)
{
    struct scan *scan = scanner->scan;
    const struct nesting *nesting = scanner_nesting(scanner);
    assert(token.start < token.end && token.end <= scan->text.len);
    uint32_t number = SCAN_NONE;
    if (scan->mark_count < SCAN_MARKS_MAX) {
        scan->marks = grow(scan->arena, scan->marks, scan->mark_count, &scanner->mark_capacity, sizeof *scan->marks);
        number = scan->mark_count++;
        scan->marks[number] = (struct mark){
            .kind = kind, .role = role, .start = token.start, .end = token.end, .scope = nesting->scope,
            .option = nesting->option, .key = nesting->key, .item = nesting->item, .is_closed = is_closed};
    }
    /* Behind a closing quote or bracket one is no longer in it; at the end of a word one may go on. */
    bool may_go_on = kind == MARK_WORD || !is_closed;
    uint32_t cursor = scan->cursor.offset;
    if (!scanner->has_cursor && cursor > token.start && (cursor < token.end || (may_go_on && cursor == token.end)))
        cursor_keep(scanner, number, false);
    return number;
}

/* ---- scopes and nestings ---- */

static uint32_t scope_add(struct scanner *scanner, struct scope scope)
{
    struct scan *scan = scanner->scan;
    if (scan->scope_count == SCAN_MARKS_MAX) return SCAN_NONE;
    const struct nesting *nesting = scanner_nesting(scanner);
    scope.parent = nesting->scope;
    scope.option = nesting->option;
    if (scope.parent != SCAN_NONE) scope.section = scan->scopes[scope.parent].section;
    scope.end = (uint32_t)scan->text.len;
    scan->scopes = grow(scan->arena, scan->scopes, scan->scope_count, &scanner->scope_capacity, sizeof *scan->scopes);
    scan->scopes[scan->scope_count] = scope;
    return scan->scope_count++;
}

uint32_t scope_begin(struct scanner *scanner, enum scope_kind kind, struct token token)
{
    assert(token.start < token.end);
    bool is_named = kind == SCOPE_SECTION || kind == SCOPE_PLUGIN || kind == SCOPE_CODEC;
    return scope_add(scanner, (struct scope){.kind = kind, .start = token.start, .name = token.start,
                                             .name_end = is_named ? token.end : token.start,
                                             .open = SCAN_NONE});
}

void nesting_open(struct scanner *scanner, uint32_t scope, enum scan_state state, uint32_t at)
{
    if (scanner->depth == SCAN_DEPTH_MAX || scope == SCAN_NONE) {
        scanner->passed++;
        return;
    }
    scanner->scan->scopes[scope].open = at;
    scanner->nestings[scanner->depth++] = (struct nesting){
        .scope = scope, .state = state, .head = SCAN_NONE, .option = SCAN_NONE, .key = SCAN_NONE};
}

void nesting_push(struct scanner *scanner, enum scope_kind kind, enum scan_state state, bool is_expression,
                uint32_t at)
{
    const struct nesting *nesting = scanner_nesting(scanner);
    uint32_t option = nesting->option, key = nesting->key, depth = scanner->depth;
    uint32_t scope = scope_add(scanner, (struct scope){.kind = kind, .start = at, .name = at, .name_end = at,
                                                       .open = at});
    nesting_open(scanner, scope, state, at);
    if (scanner->depth == depth) return;
    struct nesting *pushed = scanner_nesting(scanner);
    pushed->is_expression = is_expression;
    pushed->option = option;
    pushed->key = key;
}

void nestings_close(struct scanner *scanner, uint32_t depth, uint32_t at, bool has_sign)
{
    assert(depth > 0 && depth <= scanner->depth);
    scanner->passed = 0;
    while (scanner->depth > depth) {
        uint32_t scope = scanner_nesting(scanner)->scope;
        scanner->depth--;
        scanner->scan->scopes[scope].end = at;
        if (!has_sign || scanner->depth > depth) continue;
        scanner->scan->scopes[scope].end++;
        scanner->scan->scopes[scope].is_closed = true;
    }
}

enum scope_kind nesting_kind(const struct scanner *scanner)
{
    uint32_t scope = scanner->nestings[scanner->depth - 1].scope;
    assert(scope != SCAN_NONE);
    return scanner->scan->scopes[scope].kind;
}

static bool is_closed_by(enum scope_kind kind, char sign)
{
    if (kind == SCOPE_ARRAY) return sign == ']';
    if (kind == SCOPE_CALL) return sign == ')';
    return sign == '}';
}

/* A brace closes whatever brackets are open in its scope; a bracket closes nothing beyond a brace. */
void nestings_match(struct scanner *scanner, char sign, uint32_t at)
{
    assert(sign == '}' || sign == ']' || sign == ')');
    if (scanner->passed) {
        scanner->passed--;
        return;
    }
    for (uint32_t depth = scanner->depth; depth > 1; depth--) {
        enum scope_kind kind = scanner->scan->scopes[scanner->nestings[depth - 1].scope].kind;
        if (is_closed_by(kind, sign)) {
            nestings_close(scanner, depth - 1, at, true);
            return;
        }
        if (sign != '}' && is_closed_by(kind, '}')) return;
    }
}

void nesting_value_done(struct nesting *nesting, enum scope_kind kind)
{
    if (nesting->state == STATE_CONDITION || nesting->state == STATE_EXPRESSION) nesting->has_operand = true;
    else if (kind == SCOPE_PLUGIN || kind == SCOPE_CODEC || kind == SCOPE_TEST) nesting->state = STATE_OPTION;
    else if (kind == SCOPE_HASH) nesting->state = STATE_KEY;
}

static bool holds_statements(const struct scanner *scanner, uint32_t depth)
{
    assert(depth > 0 && depth <= scanner->depth);
    uint32_t scope = scanner->nestings[depth - 1].scope;
    if (scope == SCAN_NONE) return false;
    enum scope_kind kind = scanner->scan->scopes[scope].kind;
    return kind == SCOPE_SECTION || kind == SCOPE_BRANCH || kind == SCOPE_LOOP;
}

bool nesting_holds_statements(const struct scanner *scanner) { return holds_statements(scanner, scanner->depth); }

uint32_t nestings_statement_depth(const struct scanner *scanner)
{
    uint32_t depth = scanner->depth;
    while (depth > 0 && !holds_statements(scanner, depth)) depth--;
    return depth;
}
