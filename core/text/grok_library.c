/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/grok_library.h"
#include "core/diag.h"
#include "core/xmalloc.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- definitions ---- */
void grok_library_define(struct grok_library *library, struct str name, struct str text)
{
    map_set(&library->names, library->arena, key_of(name), value_string(text));
}

bool grok_library_find(const struct grok_library *library, struct str name, struct str *text)
{
    struct key key = key_of(name);
    const struct value *found = map_get(&library->names, &key);
    if (!found) found = map_get(library->built_in, &key);
    if (found) *text = value_text(found);
    return found != NULL;
}

struct str grok_library_meaning(const struct grok_library *library, struct str name)
{
    struct str text;
    if (!grok_library_find(library, name, &text)) return STR("");
    for (const struct grok_file *file = grok_files; file->group; file++) {
        struct grok_reader reader = grok_reader_open(file);
        for (struct grok_entry entry; grok_reader_next(&reader, &entry);)
            if (entry.text.ptr == text.ptr) return entry.meaning;
    }
    return STR("");
}

bool grok_library_next(const struct grok_library *library, uint32_t *at, struct str *name, struct str *text)
{
    const struct map *own = &library->names, *rest = library->built_in;
    for (; *at < own->count + rest->count; ++*at) {
        bool is_own = *at < own->count;
        const struct entry *entry = is_own ? &own->entries[*at] : &rest->entries[*at - own->count];
        if (!is_own && map_get(own, &entry->key)) continue;
        *name = key_text(&entry->key);
        *text = value_text(&entry->value);
        ++*at;
        return true;
    }
    return false;
}

uint32_t grok_library_read(struct grok_library *library, struct str text)
{
    uint32_t count = 0;
    while (text.len) {
        struct str line = grok_line_take(&text), name = grok_word_take(&line);
        if (!name.len) name = grok_word_take(&line); /* blanks before it */
        if (!name.len || name.ptr[0] == '#' || !line.len) continue;
        grok_library_define(library, name, line);
        count++;
    }
    return count;
}

/* Written once, by pthread_once(); a filter each for itself read half a megabyte in 300 filters. */
static struct {
    struct arena arena;
    struct map sets[GROK_SETS];
} built_in;

static void built_in_read(void)
{
    arena_init(&built_in.arena, NULL);
    for (int set = 0; set < GROK_SETS; set++) map_init(&built_in.sets[set], &built_in.arena, 512);
    for (const struct grok_file *file = grok_files; file->group; file++) {
        struct grok_reader reader = grok_reader_open(file);
        for (struct grok_entry entry; grok_reader_next(&reader, &entry);)
            for (int set = 0; set < GROK_SETS; set++)
                if (entry.is_in[set])
                    map_set(&built_in.sets[set], &built_in.arena, key_of(entry.name), value_string(entry.text));
    }
}

void grok_library_init(struct grok_library *library, bool is_ecs, struct arena *arena)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, built_in_read);
    *library = (struct grok_library){.arena = arena,
                                     .built_in = &built_in.sets[is_ecs ? GROK_ECS_V1 : GROK_LEGACY]};
    map_init(&library->names, arena, 0);
}

/* ---- references ---- */
/* The letters of a NAME: what [A-z0-9] contains. */
static bool is_name_char(char c) { return (c >= 'A' && c <= 'z') || is_digit(c); }
static bool is_field_char(char c) { return is_name_char(c) || (c && strchr("@:.-", c)); }

/* The end of an inline definition: the first `}` that no `{` within it opened. */
static size_t definition_end(struct str text, size_t at)
{
    for (size_t depth = 0; at < text.len; at++) {
        if (text.ptr[at] == '{')
            depth++;
        else if (text.ptr[at] == '}' && depth-- == 0)
            return at;
    }
    return at;
}

bool grok_reference_read(struct str text, struct grok_reference *reference)
{
    size_t at = 2;
    *reference = (struct grok_reference){.len = 0};
    while (at < text.len && is_name_char(text.ptr[at])) at++;
    if (at == 2) return false;
    reference->name = reference->full = str_slice(text, 2, at);
    if (at + 1 < text.len && text.ptr[at] == ':' && is_field_char(text.ptr[at + 1])) {
        for (at++; at < text.len && is_field_char(text.ptr[at]);) at++;
        reference->full = str_slice(text, 2, at);
        reference->has_field = true;
    }
    if (at < text.len && text.ptr[at] == '=') {
        size_t end = definition_end(text, at + 1);
        reference->has_definition = end > at + 1;
        if (reference->has_definition) reference->definition = str_slice(text, at + 1, end);
        at = end;
    }
    while (at < text.len && text.ptr[at] != '}') at++; /* `%{INT:a b}`: the rest says nothing */
    reference->len = at + 1;
    return at < text.len;
}

/* ---- expansion ---- */
struct expansion {
    const struct grok_library *library;
    struct map inline_names; /* defined by %{NAME=…} so far */
    bool named_only;
    struct buf *out;
    uint32_t substitutions, depth;
    size_t offset; /* of the top-level reference being expanded */
    struct translation_mark **marks;
    uint32_t *mark_count;
    uint32_t mark_capacity;
    struct grok_problem *problem;
};

static bool expand(struct expansion *ex, struct str text);

static bool fail(struct expansion *ex, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static bool fail(struct expansion *ex, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(ex->problem->text, sizeof ex->problem->text, format, args);
    va_end(args);
    ex->problem->offset = ex->offset;
    return false;
}

static bool fail_unknown(struct expansion *ex, struct str name)
{
    const struct grok_library *library = ex->library;
    struct str *candidates =
        xreallocarray(NULL, (size_t)library->names.count + library->built_in->count + 1, sizeof *candidates);
    struct str candidate, text;
    size_t count = 0;
    for (uint32_t at = 0; grok_library_next(library, &at, &candidate, &text);)
        if (!grok_name_is_hidden(candidate)) candidates[count++] = candidate;
    struct str near = suggest(name, candidates, count);
    if (near.len)
        snprintf(ex->problem->hint, sizeof ex->problem->hint, "did you mean `%.*s`?",
                 STR_ARG(near));
    free(candidates);
    return fail(ex, "grok pattern `%.*s` is not defined", STR_ARG(name));
}

static void mark(struct expansion *ex, size_t in, bool is_reference)
{
    if (!ex->marks || ex->depth) return;
    if (*ex->mark_count == ex->mark_capacity) {
        ex->mark_capacity = ex->mark_capacity ? ex->mark_capacity * 2 : 16;
        *ex->marks = xreallocarray(*ex->marks, ex->mark_capacity, sizeof **ex->marks);
    }
    (*ex->marks)[(*ex->mark_count)++] =
        (struct translation_mark){(uint32_t)ex->out->len, (uint32_t)in, is_reference};
}

/* Must a body be enclosed to mean the same between its neighbours? Groups that are not needed cost
 * the JIT a little each, and a line passes some thirty of them. */
static bool needs_group(struct str body, char next)
{
    static const char AFTER[] = "*+?{", BEFORE[] = "*+?{}|";
    if (!body.len || (next && strchr(AFTER, next))) return true;
    char first = body.ptr[0];
    if (strchr(BEFORE, first) || is_digit(first) ||
        ((first | 0x20) >= 'a' && (first | 0x20) <= 'z'))
        return true;
    size_t depth = 0;
    for (size_t i = 0; i < body.len; i++) {
        char c = body.ptr[i];
        if (c == '\\')
            i++;
        else if (c == '|' && !depth)
            return true;
        /* A class may hold anything: brackets count as parentheses, which errs on the safe side. */
        else if (c == '(' || c == '[')
            depth++;
        else if ((c == ')' || c == ']') && depth-- == 0)
            return true;
        if (c == '(' && i + 2 < body.len && body.ptr[i + 1] == '?' &&
            strchr("imxadu-", body.ptr[i + 2]))
            return true;
    }
    return depth != 0;
}

static bool expand_reference(struct expansion *ex, const struct grok_reference *reference, char next)
{
    if (++ex->substitutions > GROK_SUBSTITUTIONS_MAX || ex->depth >= GROK_NESTING_MAX)
        return fail(ex,
                    "grok pattern `%.*s` refers to itself, or more than %d references are needed",
                    STR_ARG(reference->name), GROK_SUBSTITUTIONS_MAX);
    struct key key = key_of(reference->name);
    if (reference->has_definition)
        map_set(&ex->inline_names, ex->library->arena, key, value_string(reference->definition));
    struct str body;
    const struct value *local = map_get(&ex->inline_names, &key);
    if (local)
        body = value_text(local);
    else if (!grok_library_find(ex->library, reference->name, &body))
        return fail_unknown(ex, reference->name);
    bool captures = reference->has_field || !ex->named_only;
    bool is_enclosed = captures || needs_group(body, next);
    if (captures)
        buf_printf(ex->out, "(?<%.*s>", STR_ARG(reference->full));
    else if (is_enclosed)
        buf_append_z(ex->out, "(?:");
    ex->depth++;
    bool ok = expand(ex, body);
    ex->depth--;
    if (is_enclosed) buf_append_char(ex->out, ')');
    return ok;
}

/* Does a backslash that is not itself behind one stand right before? */
static bool is_escaped(struct str text, size_t at)
{
    size_t begin = at;
    while (begin && text.ptr[begin - 1] == '\\') begin--;
    return (at - begin) % 2;
}

static bool expand(struct expansion *ex, struct str text)
{
    for (size_t at = 0; at < text.len;) {
        ptrdiff_t found = str_find(str_from(text, at), STR("%{"));
        size_t begin = found < 0 ? text.len : at + (size_t)found;
        mark(ex, at, false);
        buf_append(ex->out, str_slice(text, at, begin));
        if (ex->out->len > GROK_EXPANDED_MAX)
            return fail(ex, "the pattern expands to more than %d bytes", GROK_EXPANDED_MAX);
        if (begin == text.len) return true;
        struct grok_reference reference;
        if (!grok_reference_read(str_from(text, begin), &reference)) {
            buf_append_z(ex->out, "%{");
            at = begin + 2;
            continue;
        }
        if (!ex->depth) ex->offset = begin;
        /* The reference is expanded nevertheless, which leaves a `)` without its `(`. */
        if (is_escaped(text, begin))
            return fail(ex, "`\\` does not keep `%%{` from being a reference; write `[%%]{`");
        mark(ex, begin, true);
        at = begin + reference.len;
        if (!expand_reference(ex, &reference, at < text.len ? text.ptr[at] : '\0')) return false;
    }
    return true;
}

bool grok_expand(const struct grok_library *library, struct str pattern, bool named_only,
                 struct buf *out, struct translation_mark **marks, uint32_t *mark_count,
                 struct grok_problem *problem)
{
    struct expansion ex = {.library = library,
                           .named_only = named_only,
                           .out = out,
                           .marks = marks,
                           .mark_count = mark_count,
                           .problem = problem};
    *problem = (struct grok_problem){.offset = 0};
    map_init(&ex.inline_names, library->arena, 4);
    return expand(&ex, pattern);
}
