/* SPDX-License-Identifier: Apache-2.0 */
#include "core/elastic/bulk_answer.h"
#include "core/text/json.h"

enum { HEAD_MEMBERS_MAX = 4, CAUSES_MAX = 4 };

static struct str after_blanks(struct str text)
{
    while (text.len && is_blank(*text.ptr)) text = str_from(text, 1);
    return text;
}

static bool skip(struct str *text, struct str what)
{
    *text = after_blanks(*text);
    if (!str_starts(*text, what)) return false;
    *text = str_from(*text, what.len);
    return true;
}

/* `{"took":3,"errors":false` and whatever else of numbers comes first. */
static bool says_no_errors(struct str text)
{
    if (!skip(&text, STR("{"))) return false;
    for (int i = 0; i < HEAD_MEMBERS_MAX; i++) {
        if (skip(&text, STR("\"errors\""))) return skip(&text, STR(":")) && skip(&text, STR("false"));
        if (!skip(&text, STR("\"took\"")) && !skip(&text, STR("\"ingest_took\""))) return false;
        if (!skip(&text, STR(":"))) return false;
        text = after_blanks(text);
        while (text.len && is_digit(*text.ptr)) text = str_from(text, 1);
        if (!skip(&text, STR(","))) return false;
    }
    return false;
}

static const struct value *member(const struct value *map, const char *name, enum value_kind kind)
{
    if (!map || map->kind != VALUE_MAP) return NULL;
    struct key key = key_of(str_of(name));
    const struct value *value = map_get(map->map, &key);
    return value && value->kind == kind ? value : NULL;
}

static struct str text_of(const struct value *value) { return value ? value_text(value) : (struct str){0}; }

/* "reason: cause: its cause" */
static struct str reason_read(const struct value *error, struct arena *arena)
{
    struct str reason = text_of(member(error, "reason", VALUE_STRING));
    const struct value *cause = error;
    for (int i = 0; i < CAUSES_MAX && (cause = member(cause, "caused_by", VALUE_MAP)); i++) {
        struct str more = text_of(member(cause, "reason", VALUE_STRING));
        if (more.len && arena_allows(arena, reason.len + more.len))
            reason = arena_printf(arena, "%.*s: %.*s", STR_ARG(reason), STR_ARG(more));
    }
    return reason;
}

/* An error is an object, of old versions a text. */
static void error_read(const struct value *holder, struct arena *arena, struct bulk_item *item)
{
    const struct value *error = member(holder, "error", VALUE_MAP);
    struct str text = text_of(member(holder, "error", VALUE_STRING));
    item->type = error ? text_of(member(error, "type", VALUE_STRING)) : text;
    item->reason = error ? reason_read(error, arena) : text;
    if ((error || text.len) && !item->type.len) item->type = STR("unknown");
}

static bool item_read(const struct value *value, struct arena *arena, struct bulk_item *item)
{
    if (value->kind != VALUE_MAP || value->map->live != 1) return false;
    const struct entry *entry = value->map->entries;
    while (entry->value.kind == VALUE_MISSING) entry++;
    const struct value *status = member(&entry->value, "status", VALUE_INT);
    *item = (struct bulk_item){.is_delete = str_eq_z(key_text(&entry->key), "delete")};
    if (status && status->integer >= 100 && status->integer <= 599) item->status = (uint32_t)status->integer;
    error_read(&entry->value, arena, item);
    return entry->value.kind == VALUE_MAP;
}

static const char *items_read(const struct value *items, struct arena *arena, struct bulk_answer *answer)
{
    uint32_t count = items->array->count;
    answer->items = arena_alloc(arena, (count + 1) * sizeof *answer->items);
    ARRAY_EACH (items->array, value)
        if (!item_read(value, arena, &answer->items[answer->count++])) return "an item of it is none";
    return NULL;
}

const char *bulk_answer_read(struct str text, struct arena *arena, struct bulk_answer *answer)
{
    *answer = (struct bulk_answer){0};
    if (says_no_errors(text)) return NULL;
    struct value root;
    struct json_report report;
    if (!json_decode(text, JSON_WHOLE, arena, &root, &report)) return report.reason;
    const struct value *errors = member(&root, "errors", VALUE_BOOL), *items = member(&root, "items", VALUE_ARRAY);
    if (!errors) return "it does not say whether there were errors";
    answer->has_errors = errors->boolean;
    if (!answer->has_errors) return NULL;
    return items ? items_read(items, arena, answer) : "it has no items";
}

bool error_answer_read(struct str text, struct arena *arena, struct bulk_item *error)
{
    struct value root;
    struct json_report report;
    *error = (struct bulk_item){0};
    if (!json_decode(text, JSON_WHOLE, arena, &root, &report)) return false;
    error_read(&root, arena, error);
    return error->type.len;
}
