/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plugin.h"
#include <assert.h>

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
