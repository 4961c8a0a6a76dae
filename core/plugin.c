/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plugin.h"
#include <assert.h>
#include "core/text/crc32c.h"

struct place context_place(const struct plugin_context *context, const char *option)
{
    for (uint32_t i = 0; i < context->setting_count; i++)
        if (str_eq_z(context->settings[i].key, option)) return context->settings[i].value.place;
    return context->place;
}

struct place context_item_place(const struct plugin_context *context, const char *option, uint32_t n)
{
    for (uint32_t i = 0; i < context->setting_count; i++) {
        const struct config_value *value = &context->settings[i].value;
        bool is_list = value->kind == CONFIG_ARRAY && n < value->count;
        if (is_list && str_eq_z(context->settings[i].key, option)) return value->items[n].place;
    }
    return context_place(context, option);
}

bool option_complain(const struct plugin_context *context, const char *option, const char *what, const char *hint)
{
    struct message *message = diag_error(context->diag, context_place(context, option), "%s", what);
    if (hint) diag_hint(context->diag, message, "%s", hint);
    return false;
}

bool context_is_given(const struct plugin_context *context, const char *option)
{
    for (uint32_t i = 0; i < context->setting_count; i++)
        if (str_eq_z(context->settings[i].key, option)) return true;
    return false;
}

struct shared *context_share(const struct plugin_context *context, const struct shared_type *type,
                             struct str key)
{
    assert(context->scope && context->shared && !*context->shared);
    return *context->shared = state_scope_share(context->scope, type, key);
}

/* Kinds and counts keep apart what has the same texts: `["ab"]`, `["a", "b"]`. */
static uint32_t value_sum(uint32_t sum, const struct config_value *value)
{
    uint32_t head[] = {(uint32_t)value->kind, (uint32_t)value->text.len, value->count};
    sum = crc32c(sum, head, sizeof head);
    if (value->text.len) sum = crc32c(sum, value->text.ptr, value->text.len);
    if (value->kind != CONFIG_ARRAY && value->kind != CONFIG_HASH) return sum; /* a plugin is no option of a filter */
    for (uint32_t i = 0; i < value->count; i++) {
        if (value->kind == CONFIG_HASH) sum = value_sum(sum, &value->keys[i]);
        sum = value_sum(sum, &value->items[i]);
    }
    return sum;
}

struct shared *context_share_own(const struct plugin_context *context, const struct shared_type *type)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < context->setting_count; i++) {
        const struct setting *setting = &context->settings[i];
        uint32_t len = (uint32_t)setting->key.len;
        sum = crc32c(crc32c(sum, &len, sizeof len), setting->key.ptr, len);
        sum = value_sum(sum, &setting->value);
    }
    return context_share(context, type, arena_printf(context->arena, "%.*s %08x", STR_ARG(context->id), sum));
}
