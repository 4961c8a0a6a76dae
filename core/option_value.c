/* SPDX-License-Identifier: Apache-2.0 */
#include "core/option_value.h"
#include "core/text/time.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUMBER_TEXT_MAX = 512 };

/* ---- numbers ---- */

static bool is_number_text(struct str text, bool *has_dot)
{
    size_t at = text.len && text.ptr[0] == '-', first = at;
    while (at < text.len && is_digit(text.ptr[at])) at++;
    if (at == first) return false;
    *has_dot = at < text.len && text.ptr[at] == '.';
    for (at += *has_dot; at < text.len && is_digit(text.ptr[at]);) at++;
    return at == text.len;
}

enum number_form config_number(struct str text, int64_t *integer, double *real)
{
    bool has_dot;
    if (text.len >= NUMBER_TEXT_MAX) return NUMBER_TOO_LARGE;
    if (!is_number_text(text, &has_dot)) return NUMBER_NONE;
    char z[NUMBER_TEXT_MAX];
    memcpy(z, text.ptr, text.len);
    z[text.len] = '\0';
    if (has_dot) {
        *real = strtod(z, NULL);
        return isfinite(*real) ? NUMBER_DOUBLE : NUMBER_TOO_LARGE;
    }
    const char *digits = z + (z[0] == '-');
    bool is_octal = digits[0] == '0' && digits[1];
    if (is_octal && strpbrk(digits, "89")) return NUMBER_BAD_OCTAL;
    errno = 0;
    *integer = strtoll(z, NULL, is_octal ? 8 : 10);
    return errno ? NUMBER_TOO_LARGE : NUMBER_INT;
}

/* A number in quotes counts when it is written as it would be printed: "5", "1.5"; not "05", "1.50". */
static bool is_canonical(struct str text)
{
    if (text.len == 0) return false;
    struct str digits = text.ptr[0] == '-' ? str_from(text, 1) : text;
    if (digits.len > 1 && digits.ptr[0] == '0' && digits.ptr[1] != '.') return false;
    const char *dot = memchr(text.ptr, '.', text.len);
    if (!dot) return true;
    size_t fraction = text.len - (size_t)(dot - text.ptr) - 1;
    return fraction == 1 || (fraction > 1 && text.ptr[text.len - 1] != '0');
}

static struct message *wrong(struct options_context *context, const struct option *row,
                             const struct config_value *value, const char *what)
{
    struct str text = value->text;
    const char *more = text.len > 60 ? "…" : "";
    if (text.len > 60) text.len = 60;
    if (value->kind == CONFIG_ARRAY || value->kind == CONFIG_HASH || value->kind == CONFIG_PLUGIN ||
        row->kind == OPTION_IS_SECRET)
        return diag_error(context->diag, value->place, "`%s` takes %s", row->name, what);
    return diag_error(context->diag, value->place, "`%s` takes %s, not `%.*s%s`", row->name, what,
                      STR_ARG(text), more);
}

/* The one value of an option that takes one: itself, or the only item of a list. */
static const struct config_value *single(const struct option *row, const struct config_value *value,
                                         const char *what, struct options_context *context)
{
    if (value->kind == CONFIG_ARRAY && value->count == 1) value = &value->items[0];
    if (value->kind == CONFIG_STRING || value->kind == CONFIG_BAREWORD || value->kind == CONFIG_NUMBER)
        return value;
    struct message *message = wrong(context, row, value, what);
    if (value->is_joined)
        diag_hint(context->diag, message, "it is given %u times in one block", value->count);
    else if (value->kind == CONFIG_ARRAY)
        diag_hint(context->diag, message, "this is a list of %u", value->count);
    else
        diag_hint(context->diag, message, "this is a %s", value->kind == CONFIG_HASH ? "hash" : "plugin");
    return NULL;
}

static enum number_form read_number(const struct config_value *value, int64_t *integer, double *real)
{
    enum number_form form = config_number(value->text, integer, real);
    if (value->kind != CONFIG_NUMBER && (form == NUMBER_INT || form == NUMBER_DOUBLE))
        return is_canonical(value->text) ? form : NUMBER_NONE;
    return form;
}

static bool check_bounds(const struct option *row, int64_t number, const struct config_value *value,
                         struct options_context *context)
{
    if (row->min == 0 && row->max == 0) return true;
    if (number >= row->min && (row->max == 0 || number <= row->max || row->max < row->min)) return true;
    struct message *message = diag_error(context->diag, value->place, "`%s` is out of bounds", row->name);
    if (row->max > row->min)
        diag_hint(context->diag, message, "from %lld to %lld", (long long)row->min, (long long)row->max);
    else
        diag_hint(context->diag, message, "at least %lld", (long long)row->min);
    return false;
}

static bool convert_bool(const struct option *row, const struct config_value *value, bool *member,
                         struct options_context *context)
{
    value = single(row, value, "true or false", context);
    if (!value) return false;
    *member = str_eq_z(value->text, "true");
    if (*member || str_eq_z(value->text, "false")) return true;
    wrong(context, row, value, "true or false");
    return false;
}

static bool convert_int(const struct option *row, const struct config_value *value, int64_t *member,
                        struct options_context *context)
{
    value = single(row, value, "a whole number", context);
    if (!value) return false;
    double real = 0;
    enum number_form form = read_number(value, member, &real);
    if (form == NUMBER_DOUBLE && real == trunc(real) && fabs(real) < 9e18) {
        *member = (int64_t)real;
        form = NUMBER_INT;
    }
    if (form == NUMBER_INT) return check_bounds(row, *member, value, context);
    wrong(context, row, value, "a whole number");
    return false;
}

static bool convert_double(const struct option *row, const struct config_value *value, double *member,
                           struct options_context *context)
{
    value = single(row, value, "a number", context);
    if (!value) return false;
    int64_t integer = 0;
    enum number_form form = read_number(value, &integer, member);
    if (form == NUMBER_INT) *member = (double)integer;
    if (form == NUMBER_INT || form == NUMBER_DOUBLE) {
        bool is_free = row->min == 0 && row->max == 0;
        if (is_free || (*member >= (double)row->min && (row->max <= row->min || *member <= (double)row->max)))
            return true;
        return check_bounds(row, *member < (double)row->min ? row->min - 1 : row->max + 1, value, context);
    }
    wrong(context, row, value, "a number");
    return false;
}

/* A number given where text is wanted is printed: 010 is "8". */
static struct str scalar_text(const struct config_value *value, struct options_context *context)
{
    int64_t integer;
    double real;
    if (value->kind == CONFIG_NUMBER && config_number(value->text, &integer, &real) == NUMBER_INT)
        return arena_printf(context->arena, "%lld", (long long)integer);
    return value->text;
}

static bool convert_string(const struct option *row, const struct config_value *value,
                           struct str *member, struct options_context *context)
{
    value = single(row, value, "a string", context);
    if (!value) return false;
    *member = scalar_text(value, context);
    return true;
}

/* ---- durations and sizes ---- */

struct unit {
    const char *names; /* separated by blanks */
    int64_t factor;
};

/* The factor of a unit's name, whatever its case; 0: unknown. */
static int64_t unit_factor(const struct unit *units, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        for (const char *at = units[i].names; *at;) {
            size_t len = strcspn(at, " ");
            if (len == name.len && strncasecmp(at, name.ptr, len) == 0) return units[i].factor;
            at += len + (at[len] == ' ');
        }
    }
    return 0;
}

/* Splits `1.5 kb` into its number and its unit. */
static bool split_unit(struct str text, double *real, int64_t *integer, bool *is_integer, struct str *unit)
{
    size_t end = text.len && text.ptr[0] == '-';
    while (end < text.len && (is_digit(text.ptr[end]) || text.ptr[end] == '.')) end++;
    struct str number = str_slice(text, 0, end);
    bool has_dot;
    if (number.len == 0 || number.len >= NUMBER_TEXT_MAX || !is_number_text(number, &has_dot)) return false;
    char z[NUMBER_TEXT_MAX];
    memcpy(z, number.ptr, number.len);
    z[number.len] = '\0';
    errno = 0;
    *is_integer = !has_dot;
    *integer = has_dot ? 0 : strtoll(z, NULL, 10);
    *real = has_dot ? strtod(z, NULL) : 0;
    while (end < text.len && is_blank(text.ptr[end])) end++;
    *unit = str_from(text, end);
    return errno == 0;
}

static bool scale(double real, int64_t integer, bool is_integer, int64_t factor, int64_t *result)
{
    if (is_integer) return !__builtin_mul_overflow(integer, factor, result);
    double scaled = round(real * (double)factor);
    if (!(fabs(scaled) < 9.2e18)) return false;
    *result = (int64_t)scaled;
    return true;
}

bool byte_size_read(struct str text, bool is_binary, int64_t *bytes)
{
    static const struct unit decimal[] = {
        {"b byte bytes", 1}, {"k kb", 1000},       {"ki kib", 1024},
        {"m mb", 1000000},   {"mi mib", 1 << 20},  {"g gb", 1000000000},
        {"gi gib", 1 << 30}, {"t tb", 1000000000000}, {"ti tib", 1ll << 40},
        {"p pb", 1000000000000000}, {"pi pib", 1ll << 50},
    };
    static const struct unit binary[] = {
        {"b byte bytes", 1}, {"k kb ki kib", 1024}, {"m mb mi mib", 1 << 20},
        {"g gb gi gib", 1 << 30}, {"t tb ti tib", 1ll << 40}, {"p pb pi pib", 1ll << 50},
    };
    const struct unit *units = is_binary ? binary : decimal;
    size_t count = is_binary ? sizeof binary / sizeof *binary : sizeof decimal / sizeof *decimal;
    double real;
    int64_t integer;
    bool is_integer;
    struct str name;
    if (!split_unit(text, &real, &integer, &is_integer, &name)) return false;
    int64_t factor = name.len ? unit_factor(units, count, name) : 1;
    return factor && scale(real, integer, is_integer, factor, bytes);
}

/* What a bare number means where durations are wanted. */
static int64_t unit_ns(const char *unit)
{
    static const struct { const char *name; int64_t ns; } rows[] = {
        {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000},
        {"minutes", 60000000000}, {"hours", 3600000000000}, {"days", 86400000000000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, unit ? unit : "s") == 0) return rows[i].ns;
    assert(false && "a row of an option table names an unknown unit");
    return 0;
}

static bool convert_measure(const struct option *row, const struct config_value *value,
                            int64_t *member, struct options_context *context)
{
    bool is_size = row->kind == OPTION_IS_SIZE;
    const char *what = is_size ? "a size such as 512, 64 kb or 10 MiB" : "a duration such as 500ms, 10s or 5m";
    value = single(row, value, what, context);
    if (!value) return false;
    /* A bare number follows the rules of numbers, octal included. */
    struct str text = value->kind == CONFIG_NUMBER ? scalar_text(value, context) : value->text;
    bool is_binary = row->unit && strcmp(row->unit, "1024") == 0;
    if (is_size ? byte_size_read(text, is_binary, member) : duration_parse(text, unit_ns(row->unit), member))
        return check_bounds(row, *member, value, context);
    wrong(context, row, value, what);
    return false;
}

static bool convert_choice(const struct option *row, const struct config_value *value,
                           struct choice *member, struct options_context *context)
{
    value = single(row, value, "one word", context);
    if (!value) return false;
    assert(row->choices);
    struct str names[64];
    int32_t count = 0;
    for (; row->choices[count]; count++) {
        assert(count < 64);
        names[count] = str_of(row->choices[count]);
        if (str_eq(names[count], value->text)) {
            member->value = count;
            return true;
        }
    }
    struct message *message = diag_error(context->diag, value->place, "`%s` cannot be `%.*s`",
                                         row->name, STR_ARG(value->text));
    struct str near = suggest(value->text, names, (size_t)count);
    if (near.len) diag_hint(context->diag, message, "did you mean `%.*s`?", STR_ARG(near));
    struct buf list = {0};
    for (int32_t i = 0; i < count; i++) buf_printf(&list, "%s%s", i ? ", " : "", row->choices[i]);
    diag_note(context->diag, message, "%s takes: %.*s", row->name, STR_ARG(buf_str(&list)));
    buf_fini(&list);
    return false;
}

/* ---- fields and templates ---- */

static bool convert_path(const struct option *row, const struct config_value *value,
                         struct path *member, struct options_context *context)
{
    value = single(row, value, "a field", context);
    if (!value) return false;
    if (path_compile(member, value->text, context->arena)) return true;
    diag_hint(context->diag,
              diag_error(context->diag, value->place, "`%.*s` is not a field reference",
                         STR_ARG(value->text)),
              "write field or [field][below]");
    return false;
}

/* The first `%{…}` that is no template by itself. */
static struct place template_fault(struct str text, struct place place, struct arena *arena)
{
    struct template unused;
    for (size_t at = 0; at < text.len;) {
        ptrdiff_t open = str_find(str_from(text, at), STR("%{"));
        if (open < 0) return place;
        at += (size_t)open;
        ptrdiff_t close = str_find(str_from(text, at), STR("}"));
        if (close < 0) return place;
        size_t end = at + (size_t)close + 1;
        if (end < text.len && str_starts(str_from(text, at), STR("%{{")) && text.ptr[end] == '}') end++;
        if (!template_compile(&unused, str_slice(text, at, end), arena, NULL))
            return place_within(place, text, at, end);
        at = end;
    }
    return place;
}

static bool convert_template(const struct option *row, const struct config_value *value,
                             struct template *member, struct options_context *context)
{
    value = single(row, value, "a string", context);
    if (!value) return false;
    struct str problem = {0};
    struct str text = scalar_text(value, context);
    if (template_compile(member, text, context->arena, &problem)) return true;
    struct place place = template_fault(text, value->place, context->arena);
    struct message *message = diag_error(context->diag, place, "`%s` cannot be expanded", row->name);
    if (problem.len) diag_hint(context->diag, message, "%.*s", STR_ARG(problem));
    return false;
}

/* ---- lists ---- */

typedef bool convert_item(const struct option *, const struct config_value *, void *,
                          struct options_context *);

/* A scalar is a list of one. Bounds are of the length. */
static bool convert_list(const struct option *row, const struct config_value *value, size_t size,
                         convert_item *convert, void **items, uint32_t *count,
                         struct options_context *context)
{
    bool is_list = value->kind == CONFIG_ARRAY;
    *count = is_list ? value->count : 1;
    *items = arena_zalloc(context->arena, (*count ? *count : 1) * size);
    bool is_right = true;
    for (uint32_t i = 0; i < *count; i++) {
        const struct config_value *item = is_list ? &value->items[i] : value;
        is_right &= convert(row, item, (char *)*items + i * size, context);
    }
    return is_right && check_bounds(row, *count, value, context);
}

static bool item_string(const struct option *row, const struct config_value *value, void *member,
                        struct options_context *context)
{
    return convert_string(row, value, member, context);
}

static bool item_path(const struct option *row, const struct config_value *value, void *member,
                      struct options_context *context)
{
    return convert_path(row, value, member, context);
}

static bool item_template(const struct option *row, const struct config_value *value, void *member,
                          struct options_context *context)
{
    return convert_template(row, value, member, context);
}

static bool convert_strings(const struct option *row, const struct config_value *value,
                            struct str_list *member, struct options_context *context)
{
    return convert_list(row, value, sizeof *member->items, item_string, (void **)&member->items,
                        &member->count, context);
}

static bool convert_paths(const struct option *row, const struct config_value *value,
                          struct path_list *member, struct options_context *context)
{
    return convert_list(row, value, sizeof *member->items, item_path, (void **)&member->items,
                        &member->count, context);
}

static bool convert_templates(const struct option *row, const struct config_value *value,
                              struct template_list *member, struct options_context *context)
{
    return convert_list(row, value, sizeof *member->items, item_template, (void **)&member->items,
                        &member->count, context);
}

/* ---- pairs: a hash, or an array of even length read two by two ---- */

struct pair_view {
    const struct config_value *keys, *items;
    uint32_t count, stride;
};

static bool view_pairs(const struct option *row, const struct config_value *value,
                       struct pair_view *view, struct options_context *context)
{
    if (value->kind == CONFIG_HASH) {
        *view = (struct pair_view){value->keys, value->items, value->count, 1};
        return true;
    }
    if (value->kind == CONFIG_ARRAY && value->count % 2 == 0) {
        *view = (struct pair_view){value->items, value->items + 1, value->count / 2, 2};
        return true;
    }
    struct message *message = wrong(context, row, value, "a hash");
    if (value->kind == CONFIG_ARRAY)
        diag_hint(context->diag, message, "a list must contain an even number of items: name, value, …");
    else
        diag_hint(context->diag, message, "write { \"name\" => \"value\" }");
    return false;
}

static bool convert_template_pairs(const struct option *row, const struct config_value *value,
                                   struct template_pairs *member, struct options_context *context)
{
    struct pair_view view;
    if (!view_pairs(row, value, &view, context)) return false;
    member->count = view.count;
    member->items = arena_zalloc(context->arena, (view.count ? view.count : 1) * sizeof *member->items);
    bool is_right = true;
    for (uint32_t i = 0; i < view.count; i++) {
        const struct config_value *key = &view.keys[i * view.stride], *item = &view.items[i * view.stride];
        struct template_pair *pair = &member->items[i];
        pair->place = item->place;
        is_right &= convert_template(row, key, &pair->name, context);
        pair->has_path = pair->name.is_literal &&
                         path_compile(&pair->path, pair->name.text, context->arena);
        is_right &= convert_templates(&(struct option){.name = row->name, .kind = OPTION_IS_TEMPLATES},
                                      item, &pair->values, context);
    }
    return is_right && check_bounds(row, view.count, value, context);
}

static uint32_t count_values(const struct pair_view *view)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < view->count; i++) {
        const struct config_value *item = &view->items[i * view->stride];
        count += item->kind == CONFIG_ARRAY ? item->count : 1;
    }
    return count;
}

/* A value that is a list makes a pair of each of its items. */
static bool convert_pairs(const struct option *row, const struct config_value *value,
                          struct str_pairs *member, struct options_context *context)
{
    struct pair_view view;
    if (!view_pairs(row, value, &view, context)) return false;
    uint32_t room = count_values(&view);
    member->count = 0; /* a preset may have been there */
    member->items = arena_zalloc(context->arena, (room ? room : 1) * sizeof *member->items);
    bool is_right = true;
    for (uint32_t i = 0; i < view.count; i++) {
        const struct config_value *key = &view.keys[i * view.stride], *item = &view.items[i * view.stride];
        bool is_list = item->kind == CONFIG_ARRAY;
        for (uint32_t j = 0; j < (is_list ? item->count : 1); j++) {
            const struct config_value *one = is_list ? &item->items[j] : item;
            struct str_pair *pair = &member->items[member->count++];
            pair->place = one->place;
            pair->name_place = key->place;
            is_right &= convert_string(row, key, &pair->name, context);
            is_right &= convert_string(row, one, &pair->value, context);
        }
    }
    return is_right && check_bounds(row, view.count, value, context);
}

static bool convert_codec(const struct option *row, const struct config_value *value,
                          struct codec_option *member, struct options_context *context)
{
    if (value->kind == CONFIG_ARRAY && value->count == 1) value = &value->items[0];
    bool is_codec = value->kind == CONFIG_PLUGIN || value->kind == CONFIG_BAREWORD ||
                    value->kind == CONFIG_STRING;
    if (!is_codec || !context->codec) {
        wrong(context, row, value, "a codec: its name, or name { options }");
        return false;
    }
    member->codec = context->codec(context, value);
    return member->codec != NULL;
}

bool option_convert(const struct option *row, const struct config_value *value, void *member,
                    struct options_context *context)
{
    switch (row->kind) {
    case OPTION_IS_BOOL: return convert_bool(row, value, member, context);
    case OPTION_IS_INT: return convert_int(row, value, member, context);
    case OPTION_IS_DOUBLE: return convert_double(row, value, member, context);
    case OPTION_IS_STRING: return convert_string(row, value, member, context);
    case OPTION_IS_SECRET: return convert_string(row, value, &((struct secret *)member)->text, context);
    case OPTION_IS_DURATION: return convert_measure(row, value, &((struct duration *)member)->ns, context);
    case OPTION_IS_SIZE: return convert_measure(row, value, &((struct byte_size *)member)->bytes, context);
    case OPTION_IS_CHOICE: return convert_choice(row, value, member, context);
    case OPTION_IS_STRINGS: return convert_strings(row, value, member, context);
    case OPTION_IS_PATH: return convert_path(row, value, member, context);
    case OPTION_IS_PATHS: return convert_paths(row, value, member, context);
    case OPTION_IS_TEMPLATE: return convert_template(row, value, member, context);
    case OPTION_IS_TEMPLATES: return convert_templates(row, value, member, context);
    case OPTION_IS_TEMPLATE_PAIRS: return convert_template_pairs(row, value, member, context);
    case OPTION_IS_PAIRS: return convert_pairs(row, value, member, context);
    case OPTION_IS_CODEC: return convert_codec(row, value, member, context);
    case OPTION_IS_RAW: ((struct config_option *)member)->value = value; return true;
    case OPTION_IS_GROUP: break;
    }
    assert(false && "a group has no value");
    return false;
}
