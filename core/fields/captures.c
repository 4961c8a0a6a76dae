/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fields/captures.h"
#include "core/text/regex.h"

/* The name of the group as the pattern has it, `NUMBER:bytes:int`. */
static struct str group_name(const struct grok *grok, uint32_t group)
{
    uint32_t count;
    const struct regex_name *names = regex_names(grok->regex, &count);
    for (uint32_t i = 0; i < count; i++)
        if (names[i].group == group) return names[i].name;
    return (struct str){0};
}

/* Where the pattern names the capture; all of it when a pattern within the pattern does. */
static struct str name_within(struct str pattern, struct str name)
{
    for (size_t at = 0; name.len && at < pattern.len;) {
        ptrdiff_t found = str_find(str_from(pattern, at), name);
        if (found < 0) break;
        size_t start = at + (size_t)found, end = start + name.len;
        bool opens = start && (pattern.ptr[start - 1] == '{' || pattern.ptr[start - 1] == '<');
        bool closes = end < pattern.len && strchr("}>=", pattern.ptr[end]);
        if (opens && closes) return str_slice(pattern, start, end);
        at = end;
    }
    return pattern;
}

/* `bytes` of `NUMBER:bytes:int`: as overwrite names it. */
static struct str field_within(struct str name)
{
    ptrdiff_t colon = str_find(name, STR(":"));
    if (colon < 0) return name;
    name = str_from(name, (size_t)colon + 1);
    colon = str_find(name, STR(":"));
    return colon < 0 ? name : str_slice(name, 0, (size_t)colon);
}

static unsigned type_of_capture(const struct grok *grok, const struct grok_capture *capture)
{
    unsigned types = capture->type == GROK_INT     ? TYPE_INTEGER
                     : capture->type == GROK_FLOAT ? TYPE_FLOAT
                                                   : TYPE_STRING;
    return grok->keep_empty ? types | TYPE_NULL : types;
}

static bool is_source(const struct path *path, const struct path *source)
{
    if (path->is_metadata != source->is_metadata || path->count != source->count) return false;
    for (uint32_t i = 0; i < path->count; i++)
        if (!str_eq(key_text(&path->steps[i].key), key_text(&source->steps[i].key))) return false;
    return true;
}

static void say_collects(struct str field, const struct path *path, unsigned before, struct str where,
                         struct field_set *fields)
{
    struct str name = path->text;
    bool is_lost = !(before & (TYPE_STRING | TYPE_ARRAY | TYPE_NULL | TYPE_MISSING));
    struct message *message =
        is_lost ? fields_warning(fields, where, "`%.*s` keeps its value, and what is captured is lost",
                                 STR_ARG(name))
                : fields_warning(fields, where,
                                 "`%.*s` is not replaced: it becomes an array of what it has and what is "
                                 "captured",
                                 STR_ARG(name));
    fields_hint(fields, message, "add overwrite => [\"%.*s\"]", STR_ARG(field));
}

static void capture_fields(const struct grok *grok, uint32_t number, const struct path *source,
                           bool is_one_of_several, struct field_set *fields)
{
    const struct grok_capture *capture = &grok->captures[number];
    struct str name = group_name(grok, capture->group);
    struct str where = name_within(grok->pattern, name);
    unsigned before = fields_types_before(fields, &capture->path);
    unsigned types = type_of_capture(grok, capture);
    bool is_again = grok_capture_is_repeated(grok, number), is_said = false;
    if (!capture->is_overwrite) {
        unsigned matched = fields_types_before(fields, source);
        if (is_one_of_several) matched |= fields_types(fields, source);
        bool is_list = matched & TYPE_ARRAY;
        unsigned now = is_one_of_several || is_list ? fields_types(fields, &capture->path) : before;
        bool is_there = !(before & (TYPE_MISSING | TYPE_ARRAY | TYPE_NULL)) ||
                        (is_source(&capture->path, source) && before != TYPE_MISSING);
        is_said = is_there && !is_again && capture->path.slot != SLOT_TAGS;
        if (is_said) say_collects(field_within(name), &capture->path, before, where, fields);
        if (is_again || is_list || now & (TYPE_STRING | TYPE_ARRAY)) types |= TYPE_ARRAY;
    }
    fields_capture(fields, &capture->path, types, where);
    if (is_said) fields_read_if_set(fields, &capture->path); /* one complaint is enough */
}

void grok_fields(const struct grok *grok, const struct path *source, bool is_one_of_several,
                 struct field_set *fields)
{
    for (uint32_t i = 0; i < grok->capture_count; i++)
        capture_fields(grok, i, source, is_one_of_several, fields);
}
