/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kafka/jaas.h"
#include <assert.h>

struct reader {
    struct str rest;
    struct arena *arena;
};

/* Blanks and the comments of Java. */
static void skip(struct reader *reader)
{
    for (;;) {
        struct str *rest = &reader->rest;
        size_t before = rest->len;
        while (rest->len && is_blank(rest->ptr[0])) *rest = str_from(*rest, 1);
        if (str_starts(*rest, STR("//"))) {
            ptrdiff_t end = str_find(*rest, STR("\n"));
            *rest = str_from(*rest, end < 0 ? rest->len : (size_t)end);
        } else if (str_starts(*rest, STR("/*"))) {
            ptrdiff_t end = str_find(*rest, STR("*/"));
            *rest = str_from(*rest, end < 0 ? rest->len : (size_t)end + 2);
        }
        if (rest->len == before) return;
    }
}

static bool is_word_end(char c)
{
    return is_blank(c) || c == ';' || c == '=' || c == '{' || c == '}' || c == '"' || c == '\'';
}

static struct str word(struct reader *reader)
{
    skip(reader);
    size_t len = 0;
    while (len < reader->rest.len && !is_word_end(reader->rest.ptr[len])) len++;
    struct str text = {reader->rest.ptr, len};
    reader->rest = str_from(reader->rest, len);
    return text;
}

static bool take(struct reader *reader, char c)
{
    skip(reader);
    if (!reader->rest.len || reader->rest.ptr[0] != c) return false;
    reader->rest = str_from(reader->rest, 1);
    return true;
}

/* The rest after the opening quote. False: it never ends. */
static bool quoted(struct reader *reader, char quote, struct str *value)
{
    struct str rest = reader->rest;
    char *out = arena_alloc(reader->arena, rest.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < rest.len; i++) {
        char c = rest.ptr[i];
        if (c == quote) {
            *value = (struct str){out, len};
            reader->rest = str_from(rest, i + 1);
            return true;
        }
        if (c == '\\' && i + 1 < rest.len) c = rest.ptr[++i];
        out[len++] = c;
    }
    return false;
}

static const char *option(struct reader *reader, struct jaas *jaas)
{
    struct str name = word(reader);
    if (!name.len) return "an option's name is missing, or the closing `;`";
    if (!take(reader, '=')) return "an option has no `=`";
    struct str value;
    if (take(reader, '"')) {
        if (!quoted(reader, '"', &value)) return "a quote is not closed";
    } else if (take(reader, '\'')) {
        if (!quoted(reader, '\'', &value)) return "a quote is not closed";
    } else {
        value = word(reader);
    }
    if (jaas->count == JAAS_OPTIONS_MAX) return "there are more than 32 options";
    jaas->options[jaas->count++] = (struct jaas_option){name, value};
    return NULL;
}

static struct str without_package(struct str name)
{
    const char *dot = name.len ? memrchr(name.ptr, '.', name.len) : NULL;
    return dot ? str_from(name, (size_t)(dot - name.ptr) + 1) : name;
}

static bool is_flag(struct str text)
{
    static const char *const flags[] = {"required", "requisite", "sufficient", "optional"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (str_eq_z(text, flags[i])) return true;
    return false;
}

const char *jaas_parse(struct str text, struct arena *arena, struct jaas *jaas)
{
    *jaas = (struct jaas){0};
    if (text.len > JAAS_BYTES_MAX) return "it is longer than 64 KiB";
    struct reader reader = {text, arena};
    struct str name = word(&reader);
    if (take(&reader, '{')) name = word(&reader);
    if (!name.len) return "the login module's name is missing";
    jaas->module = without_package(name);
    if (!is_flag(word(&reader))) return "`required` is missing behind the login module's name";
    while (!take(&reader, ';')) {
        const char *problem = option(&reader, jaas);
        if (problem) return problem;
    }
    return NULL;
}

struct str jaas_get(const struct jaas *jaas, struct str name)
{
    for (uint32_t i = 0; i < jaas->count; i++)
        if (str_eq(jaas->options[i].name, name)) return jaas->options[i].value;
    return (struct str){0};
}
