/* SPDX-License-Identifier: Apache-2.0 */
/* Which field may have been meant: one that can be there, under a name that is near, under the same
 * last name elsewhere, or under the Elastic Common Schema's name for it. */
#include "core/fields/state.h"
#include "core/xmalloc.h"

enum {
    CANDIDATES_MAX = 1024, /* names compared with one */
    TYPO_MIN = 3,          /* of shorter names any other is near */
};

/* What Logstash's plugins and patterns call a field without the schema, and with it. */
static const struct {
    const char *old, *schema;
} renamed[] = {
    {"agent", "[user_agent][original]"},
    {"auth", "[user][name]"},
    {"bytes", "[http][response][body][bytes]"},
    {"class", "[java][log][origin][class][name]"},
    {"clientip", "[source][address]"},
    {"facility", "[log][syslog][facility][code]"},
    {"facility_label", "[log][syslog][facility][name]"},
    {"host", "[host][name]"},
    {"host", "[host][hostname]"},
    {"host", "[host][ip]"},
    {"httpversion", "[http][version]"},
    {"ident", "[apache][access][user][identity]"},
    {"logger", "[log][logger]"},
    {"loglevel", "[log][level]"},
    {"logsource", "[host][hostname]"},
    {"path", "[log][file][path]"},
    {"pid", "[process][pid]"},
    {"port", "[@metadata][input][tcp][source][port]"},
    {"priority", "[log][syslog][priority]"},
    {"program", "[process][name]"},
    {"referrer", "[http][request][referrer]"},
    {"request", "[url][original]"},
    {"response", "[http][response][status_code]"},
    {"sequence", "[event][sequence]"},
    {"severity", "[log][syslog][severity][code]"},
    {"severity_label", "[log][syslog][severity][name]"},
    {"verb", "[http][request][method]"},
};

static bool is_there(const struct field_set *fields, const struct field *field)
{
    return field_types(fields, field) != TYPE_MISSING;
}

/* Of a path made up here, not of the user's: in memory of the arena. */
static bool is_set(struct field_set *fields, struct str reference)
{
    struct path path;
    if (!path_compile(&path, reference, fields->arena)) return false;
    const struct field *field = fields_find(fields, &path);
    return field && is_there(fields, field);
}

/* In either direction: which of the two there is depends on pipeline.ecs_compatibility. */
static struct str schema_name(struct field_set *fields, const struct path *path)
{
    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++) {
        struct str old = str_of(renamed[i].old), schema = str_of(renamed[i].schema);
        bool is_old = path->count == 1 && !path->is_metadata && str_eq(key_text(&path->steps[0].key), old);
        if (is_old && is_set(fields, schema)) return schema;
        if (str_eq(path->text, schema) && is_set(fields, old)) return old;
    }
    return (struct str){0};
}

/* `host.name` for [host][name]. */
static struct str dotted_name(struct field_set *fields, const struct path *path)
{
    struct str name = path->count == 1 ? key_text(&path->steps[0].key) : (struct str){0};
    if (str_find(name, STR(".")) < 0) return (struct str){0};
    struct buf text = buf_in_arena(fields->arena);
    buf_append_char(&text, '[');
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == '.') buf_append_z(&text, "][");
        else buf_append_char(&text, name.ptr[i]);
    buf_append_char(&text, ']');
    struct str reference = buf_take(&text);
    return is_set(fields, reference) ? reference : (struct str){0};
}

/* As the user writes: in brackets where he does. */
static struct str written(struct field_set *fields, const struct path *path, const struct field *field)
{
    struct buf text = buf_in_arena(fields->arena);
    bool is_bare = field->parent == &fields->root;
    bool in_brackets = path->text.len && path->text.ptr[0] == '[';
    if (is_bare && in_brackets) buf_append_char(&text, '[');
    field_print(fields, field, &text);
    if (is_bare && in_brackets) buf_append_char(&text, ']');
    return buf_take(&text);
}

/* The way through `field` with the rest of the path behind it; NULL: there is none. */
static const struct field *follow(struct field_set *fields, const struct field *field,
                                  const struct path *path, uint32_t step)
{
    for (; field && step < path->count; step++) {
        const struct field *child = field->child;
        while (child && !str_eq(key_text(&child->key), key_text(&path->steps[step].key)))
            child = child->next;
        field = child;
    }
    return field && is_there(fields, field) ? field : NULL;
}

/* One step of the path misspelt. */
static const struct field *misspelt(struct field_set *fields, const struct path *path)
{
    struct str names[CANDIDATES_MAX];
    const struct field *parent = path->is_metadata ? &fields->metadata : &fields->root;
    for (uint32_t step = 0; parent && step < path->count; step++) {
        size_t count = 0;
        struct str name = key_text(&path->steps[step].key);
        for (const struct field *at = parent->child; at && count < CANDIDATES_MAX; at = at->next)
            if (is_there(fields, at) && !str_eq(key_text(&at->key), name))
                names[count++] = key_text(&at->key);
        struct str near = name.len < TYPO_MIN ? (struct str){0} : suggest(name, names, count);
        const struct field *next = NULL;
        for (const struct field *at = parent->child; at; at = at->next) {
            const struct field *found = NULL;
            if (near.len && str_eq(key_text(&at->key), near)) found = follow(fields, at, path, step + 1);
            if (found) return found;
            if (str_eq(key_text(&at->key), name)) next = at;
        }
        parent = next;
    }
    return NULL;
}

/* A field of the same last name, the one with the fewest steps. */
static const struct field *namesake(struct field_set *fields, const struct field *within, struct str name)
{
    const struct field *best = NULL;
    for (const struct field *at = within->child; at; at = at->next)
        if (str_eq(key_text(&at->key), name) && is_there(fields, at)) return at;
    for (const struct field *at = within->child; at && !best; at = at->next)
        if (is_there(fields, at)) best = namesake(fields, at, name);
    return best;
}

struct str fields_suggest(struct field_set *fields, const struct path *path, bool is_typo)
{
    if (!path->count) return (struct str){0};
    struct str found = is_typo ? (struct str){0} : schema_name(fields, path);
    if (!found.len) found = dotted_name(fields, path);
    if (found.len) return found;
    const struct field *field = misspelt(fields, path);
    struct str name = key_text(&path->steps[path->count - 1].key);
    if (!field && !is_typo) field = namesake(fields, &fields->root, name);
    return field ? written(fields, path, field) : (struct str){0};
}
