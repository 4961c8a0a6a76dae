/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plugin.h"

struct place context_place(const struct plugin_context *context, const char *option)
{
    for (uint32_t i = 0; i < context->setting_count; i++)
        if (str_eq_z(context->settings[i].key, option)) return context->settings[i].value.place;
    return context->place;
}
