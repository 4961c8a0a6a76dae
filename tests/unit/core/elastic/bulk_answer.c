/* SPDX-License-Identifier: Apache-2.0 */
#include "core/elastic/bulk_answer.h"
#include <criterion/criterion.h>

#define ITEM(status_, error_) "{\"index\":{\"status\":" status_ error_ "}}"

/* What is read of an answer, as a text: problems in brackets, else status, type and reason of each item. */
static struct str summary(const char *text, struct arena *arena)
{
    struct bulk_answer answer;
    const char *problem = bulk_answer_read(str_of(text), arena, &answer);
    if (problem) return arena_printf(arena, "[%s]", problem);
    if (!answer.has_errors) return STR("good");
    struct str out = STR("");
    for (uint32_t i = 0; i < answer.count; i++) {
        const struct bulk_item *item = &answer.items[i];
        out = arena_printf(arena, "%.*s%s%u%s %.*s %.*s", STR_ARG(out), i ? "; " : "", item->status,
                           item->is_delete ? "d" : "", STR_ARG(item->type), STR_ARG(item->reason));
    }
    return out;
}

Test(bulk_answer, is_read)
{
    static const struct { const char *text, *wanted; } rows[] = {
        {"{\"errors\":false}", "good"},
        {"{\"took\":30,\"errors\":false,\"items\":[", "good"},
        {" { \"took\" : 30 , \"ingest_took\":7,\"errors\" : false", "good"},
        {"{\"items\":[],\"errors\":false}", "good"},
        {"{\"took\":1,\"errors\":true,\"items\":[" ITEM("201", "") "," ITEM("429", ",\"error\":{\"type\":\"busy\",\"reason\":\"full\"}") "]}",
         "201  ; 429 busy full"},
        {"{\"errors\":true,\"items\":[" ITEM("400", ",\"error\":{\"type\":\"t\",\"reason\":\"a\",\"caused_by\":{\"reason\":\"b\",\"caused_by\":{\"reason\":\"c\"}}}") "]}",
         "400 t a: b: c"},
        {"{\"errors\":true,\"items\":[" ITEM("400", ",\"error\":\"old text\"") "]}", "400 old text old text"},
        {"{\"errors\":true,\"items\":[" ITEM("400", ",\"error\":{}") "]}", "400 unknown "},
        {"{\"errors\":true,\"items\":[{\"delete\":{\"status\":404}}]}", "404d  "},
        {"{\"errors\":true,\"items\":[" ITEM("\"x\"", "") "," ITEM("-1", "") "," ITEM("1e9", "") "," ITEM("600", "") "]}",
         "0  ; 0  ; 0  ; 0  "},
        {"{\"errors\":true,\"items\":[]}", ""},
        {"", "[the text ends too early]"},
        {"{\"errors\":tru", "[not a value]"},
        {"[]", "[it does not say whether there were errors]"},
        {"{\"errors\":\"false\"}", "[it does not say whether there were errors]"},
        {"{\"errors\":true}", "[it has no items]"},
        {"{\"errors\":true,\"items\":{}}", "[it has no items]"},
        {"{\"errors\":true,\"items\":[1]}", "[an item of it is none]"},
        {"{\"errors\":true,\"items\":[{}]}", "[an item of it is none]"},
        {"{\"errors\":true,\"items\":[{\"index\":1}]}", "[an item of it is none]"},
        {"{\"errors\":true,\"items\":[{\"index\":{},\"create\":{}}]}", "[an item of it is none]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena;
        arena_init(&arena, NULL);
        struct str got = summary(rows[i].text, &arena);
        cr_expect(str_eq_z(got, rows[i].wanted), "%s: %.*s", rows[i].text, STR_ARG(got));
        arena_fini(&arena);
    }
}

Test(error_answer, is_the_error_of_a_whole_request)
{
    static const struct { const char *text; bool has; const char *type, *reason; } rows[] = {
        {"{\"error\":{\"type\":\"t\",\"reason\":\"r\"},\"status\":403}", true, "t", "r"},
        {"{\"error\":\"no handler\",\"status\":400}", true, "no handler", "no handler"},
        {"{\"status\":400}", false, "", ""}, {"<html>", false, "", ""}, {"[]", false, "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena;
        struct bulk_item error;
        arena_init(&arena, NULL);
        cr_expect_eq(error_answer_read(str_of(rows[i].text), &arena, &error), rows[i].has, "%s", rows[i].text);
        cr_expect(str_eq_z(error.type, rows[i].type) && str_eq_z(error.reason, rows[i].reason), "%s", rows[i].text);
        arena_fini(&arena);
    }
}
