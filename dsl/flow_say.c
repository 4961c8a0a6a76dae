/* SPDX-License-Identifier: Apache-2.0 */
/* What the follower says. */
#include <stdarg.h>
#include "dsl/flow_parts.h"

struct path flow_path(struct flow *flow, struct str reference)
{
    struct path path;
    bool is_path = path_compile(&path, reference, &flow->arena);
    assert(is_path); /* it was compiled before */
    (void)is_path;
    return path;
}

bool flow_prefix(struct flow *flow, const struct expression *computed, struct path *prefix)
{
    const struct expression *first = computed->items[0];
    if (first->is_grouped) return false;
    *prefix = flow_path(flow, first->text);
    return true;
}

struct message *flow_warning(struct flow *flow, struct place place, const char *format, ...)
{
    flow->said++;
    if (flow->fields.quiet) return &flow->diag->spare;
    struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    struct message *message = diag_warning(flow->diag, place, "%.*s", STR_ARG(buf_str(&text)));
    buf_fini(&text);
    return message;
}

unsigned flow_read(struct flow *flow, const struct expression *field, bool is_test)
{
    struct path path = flow_path(flow, field->text);
    unsigned types = fields_read_if_set(&flow->fields, &path);
    if (types != TYPE_MISSING || is_test) return types;
    flow->said++;
    fields_say_unset(&flow->fields, field->place, &path);
    return types;
}

/* ---- where a value comes from ---- */

static const struct field_site *site_of(struct flow *flow, const struct expression *field)
{
    struct path path = flow_path(flow, field->text);
    const struct field *found = fields_find(&flow->fields, &path);
    return found && found->state.site_count ? found->state.sites[0] : NULL;
}

static void show_site(struct flow *flow, struct message *message, const struct field_site *site)
{
    struct place place = site ? field_site_place(site) : (struct place){0};
    if (!place.source) return;
    diag_other(flow->diag, message, place, "%s",
               site->origin == FIELD_FROM_CAPTURE ? "captured here" : "set here");
}

/* `NUMBER:status`, where a pattern of the user's own names it: it could say a type there. */
static struct str typed_capture(const struct field_site *site)
{
    if (!site || site->origin != FIELD_FROM_CAPTURE) return (struct str){0};
    bool is_reference = str_find(site->where, STR(":")) > 0 && str_find(site->where, STR("{")) < 0;
    return is_reference ? site->where : (struct str){0};
}

/* ---- types ---- */

static void print_constant(const struct expression *constant, struct buf *out)
{
    const struct config_value *value = &constant->value;
    if (constant->kind != EXPRESSION_CONSTANT || value->kind == CONFIG_ARRAY) {
        buf_append_z(out, "a list");
        return;
    }
    bool is_number = value->kind == CONFIG_NUMBER;
    buf_printf(out, is_number ? "the number %.*s" : "the string \"%.*s\"", STR_ARG(value->text));
}

static bool is_number_text(struct str text)
{
    int64_t integer;
    double real;
    enum number_form form = config_number(text, &integer, &real);
    return form == NUMBER_INT || form == NUMBER_DOUBLE;
}

/* A string where a number is wanted. */
static void hint_number(struct flow *flow, struct message *message, const struct expression *field,
                        struct str number, bool is_equality)
{
    struct str capture = typed_capture(site_of(flow, field));
    const char *type = str_find(number, STR(".")) < 0 ? "int" : "float";
    const char *whole = str_find(number, STR(".")) < 0 ? "integer" : "float";
    struct buf hint = {0};
    if (is_equality) buf_printf(&hint, "write \"%.*s\", or ", STR_ARG(number));
    if (capture.len)
        buf_printf(&hint, "capture a number: %%{%.*s:%s}", STR_ARG(capture), type);
    else
        buf_printf(&hint, "convert it before: mutate { convert => { \"%.*s\" => \"%s\" } }",
                   STR_ARG(field->text), whole);
    diag_hint(flow->diag, message, "%.*s", STR_ARG(buf_str(&hint)));
    buf_fini(&hint);
}

static void hint_types(struct flow *flow, struct message *message, const struct expression *comparison,
                       const struct expression *field, unsigned types)
{
    const struct expression *other = comparison->left == field ? comparison->right : comparison->left;
    bool is_equality = comparison->kind == EXPRESSION_EQ || comparison->kind == EXPRESSION_NE;
    bool is_match = comparison->kind == EXPRESSION_MATCH || comparison->kind == EXPRESSION_NOT_MATCH;
    if (is_match) {
        if (types & TYPE_NUMBER) diag_hint(flow->diag, message, "compare it with a number");
        return;
    }
    bool is_in = comparison->kind == EXPRESSION_IN || comparison->kind == EXPRESSION_NOT_IN;
    if (other->kind != EXPRESSION_CONSTANT || is_in) return;
    const struct config_value *value = &other->value;
    if (value->kind == CONFIG_NUMBER && types & TYPE_STRING)
        hint_number(flow, message, field, value->text, is_equality);
    else if (value->kind == CONFIG_NUMBER && types & TYPE_FLOAT && str_find(value->text, STR(".")) < 0)
        diag_hint(flow->diag, message, "write %.*s.0", STR_ARG(value->text));
    else if (value->kind == CONFIG_STRING && types & TYPE_NUMBER && is_number_text(value->text))
        diag_hint(flow->diag, message, "write %.*s", STR_ARG(value->text));
}

/* What comes of it, around the constant. */
struct outcome_words {
    const char *before, *behind;
};

static struct outcome_words outcome_of(const struct flow *flow, const struct expression *comparison,
                                       unsigned types)
{
    bool is_left = comparison->left->kind == EXPRESSION_FIELD;
    switch (comparison->kind) {
    case EXPRESSION_EQ:
    case EXPRESSION_NE: return (struct outcome_words){"never equals", ""};
    case EXPRESSION_IN:
    case EXPRESSION_NOT_IN: return (struct outcome_words){is_left ? "is never in" : "never holds", ""};
    default: break;
    }
    bool is_equal = types & (TYPE_TIME | TYPE_BOOLEAN | TYPE_NULL);
    if (is_equal) return (struct outcome_words){"counts as equal to", ""};
    return (struct outcome_words){"cannot be compared with",
                                  flow->loops ? ": the condition is false" : ": the event is dropped"};
}

void flow_say_types(struct flow *flow, const struct expression *comparison,
                    const struct expression *field, unsigned types)
{
    const struct expression *other = comparison->left == field ? comparison->right : comparison->left;
    struct str given = type_names(types & ~(unsigned)TYPE_MISSING, &flow->arena);
    struct outcome_words outcome = outcome_of(flow, comparison, types);
    struct buf constant = {0};
    print_constant(other, &constant);
    bool is_match = comparison->kind == EXPRESSION_MATCH || comparison->kind == EXPRESSION_NOT_MATCH;
    struct message *message =
        is_match ? flow_warning(flow, comparison->place,
                                "`%.*s` is %.*s here, and only a string matches a pattern",
                                STR_ARG(field->text), STR_ARG(given))
                 : flow_warning(flow, comparison->place, "`%.*s` is %.*s here and %s %.*s%s",
                                STR_ARG(field->text), STR_ARG(given), outcome.before,
                                STR_ARG(buf_str(&constant)), outcome.behind);
    hint_types(flow, message, comparison, field, types);
    show_site(flow, message, site_of(flow, field));
    buf_fini(&constant);
}

void flow_say_operand(struct flow *flow, const struct expression *operand, unsigned types, unsigned wanted,
                      const char *who)
{
    struct str given = type_names(types & ~(unsigned)TYPE_MISSING, &flow->arena);
    struct str takes = type_names(wanted & ~(unsigned)TYPE_MISSING, &flow->arena);
    struct message *message = flow_warning(flow, operand->place, "this can never be computed: %s takes %.*s",
                                           who, STR_ARG(takes));
    bool is_field = operand->kind == EXPRESSION_FIELD;
    const char *convert = wanted & TYPE_INTEGER ? "to_integer" : wanted & TYPE_STRING ? "to_string" : NULL;
    bool is_near = types & TYPE_SCALAR && is_field && convert;
    if (is_near)
        diag_hint(flow->diag, message, "this is %.*s here: %s(%.*s)", STR_ARG(given), convert,
                  STR_ARG(operand->text));
    else
        diag_hint(flow->diag, message, "this is %.*s here", STR_ARG(given));
    if (is_field) show_site(flow, message, site_of(flow, operand));
}

/* ---- values ---- */

void flow_say_known(struct flow *flow, const struct expression *comparison, const struct expression *field,
                    const struct field_known *known)
{
    struct message *message = flow_warning(flow, comparison->place, "this is never true here");
    struct str text = known->constant->text;
    const char *quote = known->constant->kind == CONFIG_NUMBER ? "" : "\"";
    diag_other(flow->diag, message, known->place,
               known->is_equal ? "here `%.*s` is %s%.*s%s" : "events whose `%.*s` is %s%.*s%s are taken here",
               STR_ARG(field->text), quote, STR_ARG(text), quote);
}

bool flow_texts(const struct field *field, struct str *texts, uint32_t *count)
{
    const struct field_state *state = &field->state;
    bool is_known = state->site_count && !state->has_more_sites && !state->is_inherited;
    for (uint32_t i = 0; i < state->site_count && is_known; i++) {
        is_known = state->sites[i]->has_text || state->sites[i]->origin == FIELD_REMOVED;
        if (state->sites[i]->has_text) texts[(*count)++] = state->sites[i]->text;
    }
    return is_known;
}

void flow_say_texts(struct flow *flow, const struct expression *comparison, const struct expression *field,
                    const struct field *found, struct str wanted)
{
    struct str texts[FIELD_SITES_MAX];
    uint32_t count = 0;
    flow_texts(found, texts, &count);
    struct message *message = flow_warning(flow, comparison->place, "`%.*s` is never \"%.*s\" here",
                                           STR_ARG(field->text), STR_ARG(wanted));
    struct str near = wanted.len < 3 ? (struct str){0} : suggest(wanted, texts, count);
    if (near.len) diag_hint(flow->diag, message, "did you mean \"%.*s\"?", STR_ARG(near));
    struct buf list = {0};
    for (uint32_t i = 0; i < count; i++)
        buf_printf(&list, "%s\"%.*s\"", i ? ", " : "", STR_ARG(texts[i]));
    diag_note(flow->diag, message, "it can be: %.*s", STR_ARG(buf_str(&list)));
    buf_fini(&list);
}

/* ---- values that nobody reads ---- */

static void say_unread(struct flow *flow, const struct field_site *site)
{
    struct buf name = {0};
    field_print(&flow->fields, site->field, &name);
    bool is_removed = site->undone_by->origin == FIELD_REMOVED;
    bool is_capture = site->origin == FIELD_FROM_CAPTURE;
    struct message *message =
        flow_warning(flow, field_site_place(site),
                     is_removed ? "`%.*s` is set and removed again, and nothing reads it between"
                                : "`%.*s` is set and set again, and nothing reads it between",
                     STR_ARG(buf_str(&name)));
    struct str capture = typed_capture(site);
    ptrdiff_t colon = str_find(capture, STR(":"));
    if (is_capture && is_removed && colon > 0)
        diag_hint(flow->diag, message, "leave out its name: %%{%.*s}", (int)colon, capture.ptr);
    diag_other(flow->diag, message, field_site_place(site->undone_by),
               is_removed ? "removed here" : "set again here");
    buf_fini(&name);
}

void flow_say_unread(struct flow *flow)
{
    for (const struct field_site *site = flow->fields.sites; site; site = site->next) {
        bool is_of_user = site->origin == FIELD_FROM_PLUGIN || site->origin == FIELD_FROM_CAPTURE ||
                          site->origin == FIELD_FROM_ASSIGNMENT;
        if (is_of_user && !site->is_read && site->undone_by) say_unread(flow, site);
    }
}
