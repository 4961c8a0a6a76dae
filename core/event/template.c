/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/template.h"
#include "core/text/date.h"
#include "core/text/time.h"

enum part_kind { PART_TEXT, PART_FIELD, PART_DATE, PART_EPOCH, PART_NOW };

enum { PART_GUESS = 32 }; /* bytes reserved for a part whose length is not known before */

struct template_part {
    enum part_kind kind;
    struct str text; /* as written: of a field its placeholder */
    struct path path;
    const struct date_format *date;
};

/* ---- compiling ---- */

struct compiler {
    struct str text;
    struct arena *arena;
    struct str *problem;
    struct template_part *parts;
    uint32_t count, capacity;
};

static struct template_part *part_add(struct compiler *c, struct template_part part)
{
    if (c->count == c->capacity) {
        uint32_t capacity = c->capacity ? c->capacity * 2 : 4;
        c->parts = arena_regrow(c->arena, c->parts, c->capacity * sizeof part,
                                capacity * sizeof part);
        c->capacity = capacity;
    }
    c->parts[c->count++] = part;
    return &c->parts[c->count - 1];
}

/* Literal text joins the literal before it: all of them are slices of one text. */
static void text_add(struct compiler *c, size_t start, size_t end)
{
    if (start == end) return;
    struct template_part *last = c->count ? &c->parts[c->count - 1] : NULL;
    if (last && last->kind == PART_TEXT && last->text.ptr + last->text.len == c->text.ptr + start)
        last->text.len += end - start;
    else
        part_add(c, (struct template_part){PART_TEXT, .text = str_slice(c->text, start, end)});
}

static bool problem_say(struct compiler *c, struct str problem)
{
    if (c->problem) *c->problem = problem;
    return false;
}

static bool date_add(struct compiler *c, struct str pattern, bool is_java)
{
    struct str why = {0};
    const struct date_format *date = is_java
                                         ? date_format_compile_java(pattern, c->arena, &why)
                                         : date_format_compile_joda(pattern, c->arena, &why);
    if (!date)
        return problem_say(c, arena_printf(c->arena, "date pattern `%.*s`: %.*s", STR_ARG(pattern),
                                           STR_ARG(why)));
    part_add(c, (struct template_part){PART_DATE, .text = pattern, .date = date});
    return true;
}

static bool java_add(struct compiler *c, struct str pattern)
{
    if (pattern.len == 0) return true;
    if (!str_eq(pattern, STR("TIME_NOW"))) return date_add(c, pattern, true);
    part_add(c, (struct template_part){PART_NOW, .text = pattern});
    return true;
}

static bool field_add(struct compiler *c, struct str placeholder)
{
    struct template_part part = {PART_FIELD, .text = placeholder};
    struct str reference = str_slice(placeholder, 2, placeholder.len - 1);
    if (!path_compile(&part.path, reference, c->arena))
        return problem_say(c, arena_printf(c->arena, "`%.*s` is not a field reference",
                                           STR_ARG(reference)));
    part_add(c, part);
    return true;
}

/* The form that starts at `open` (`%{`) and whose first `}` is at `close`. `*end`: behind it. */
static bool form_add(struct compiler *c, size_t open, size_t close, size_t *end)
{
    struct str inner = str_slice(c->text, open + 2, close);
    *end = close + 1;
    if (inner.len && inner.ptr[0] == '{') {
        if (*end < c->text.len && c->text.ptr[*end] == '}') {
            ++*end;
            return java_add(c, str_from(inner, 1));
        }
        text_add(c, open, *end); /* `%{{x}`: literal */
        return true;
    }
    if (inner.len == 0) { /* `%{}`: literal */
        text_add(c, open, *end);
        return true;
    }
    if (inner.ptr[0] != '+') return field_add(c, str_slice(c->text, open, *end));
    struct str pattern = str_from(inner, 1);
    /* Logstash tests whether "%s" begins with the pattern */
    if (!str_starts(STR("%s"), pattern)) return date_add(c, pattern, false);
    part_add(c, (struct template_part){PART_EPOCH, .text = pattern});
    return true;
}

bool template_compile(struct template *template, struct str text, struct arena *arena,
                      struct str *problem)
{
    struct compiler c = {.text = text, .arena = arena, .problem = problem};
    *template = (struct template){.text = text};
    size_t at = 0;
    while (at < c.text.len) {
        ptrdiff_t open = str_find(str_from(c.text, at), STR("%{"));
        if (open < 0) break;
        size_t start = at + (size_t)open;
        ptrdiff_t close = str_find(str_from(c.text, start), STR("}"));
        if (close < 0) break;
        text_add(&c, at, start);
        if (!form_add(&c, start, start + (size_t)close, &at)) return false;
    }
    text_add(&c, at, c.text.len);
    template->parts = c.parts;
    template->count = c.count;
    template->is_literal = c.count == 0 || (c.count == 1 && c.parts[0].kind == PART_TEXT);
    /* `%{{}}` vanishes, so what is left of a literal may be shorter than the text */
    if (template->is_literal) template->text = c.count ? c.parts[0].text : STR("");
    return true;
}

/* ---- rendering ---- */

static const struct value *field_of(const struct template_part *part, const struct event *event)
{
    const struct value *value = path_get(&part->path, event);
    return value && value->kind != VALUE_NULL ? value : NULL;
}

static void now_append(struct buf *out)
{
    struct value now = event_now();
    buf_reserve(out, TIME_ISO_SIZE);
    out->len += time_print_iso(now.seconds, now.len, out->ptr + out->len);
}

static void part_append(const struct template_part *part, const struct event *event,
                        struct buf *out)
{
    const struct value *value;
    const struct value *timestamp = event_slot(event, SLOT_TIMESTAMP);
    switch (part->kind) {
    case PART_TEXT: buf_append(out, part->text); return;
    case PART_FIELD:
        value = field_of(part, event);
        if (!value)
            buf_append(out, part->text);
        else if (value->kind == VALUE_STRING)
            buf_append(out, value_text(value));
        else
            value_print(value, out);
        return;
    case PART_NOW: now_append(out); return;
    case PART_EPOCH:
        if (timestamp) buf_append_int(out, timestamp->seconds);
        return;
    case PART_DATE:
        if (timestamp) date_format_print(part->date, timestamp->seconds, timestamp->len, out);
        return;
    }
}

void template_append(const struct template *template, const struct event *event, struct buf *out)
{
    for (uint32_t i = 0; i < template->count; i++) part_append(&template->parts[i], event, out);
}

/* How long the text will be; exact when all parts are text. */
static size_t render_len(const struct template *template, const struct event *event)
{
    size_t len = 0;
    for (uint32_t i = 0; i < template->count; i++) {
        const struct template_part *part = &template->parts[i];
        const struct value *value = part->kind == PART_FIELD ? field_of(part, event) : NULL;
        if (value)
            len += value->kind == VALUE_STRING ? value->len : PART_GUESS;
        else
            len += part->kind == PART_TEXT || part->kind == PART_FIELD ? part->text.len : PART_GUESS;
    }
    return len;
}

struct value template_value(const struct template *template, const struct event *event)
{
    if (template->is_literal) return value_string(template->text);
    if (template->count == 1 && template->parts[0].kind == PART_FIELD) {
        const struct value *value = field_of(&template->parts[0], event);
        if (!value) return value_string(template->parts[0].text);
        if (value->kind == VALUE_STRING) return *value;
    }
    struct buf out = buf_in_arena(event->arena);
    buf_reserve(&out, render_len(template, event));
    template_append(template, event, &out);
    return value_string(buf_take(&out));
}

struct str template_render(const struct template *template, const struct event *event)
{
    struct value value = template_value(template, event);
    return value_text(&value);
}

const struct path *template_next_field(const struct template *template, uint32_t *at)
{
    while (*at < template->count) {
        const struct template_part *part = &template->parts[(*at)++];
        if (part->kind == PART_FIELD) return &part->path;
    }
    return NULL;
}
