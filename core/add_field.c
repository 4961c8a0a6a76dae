/* SPDX-License-Identifier: Apache-2.0 */
/* The common option add_field: name and values are templates, every value is added as text; a field
 * that exists becomes an array (Logstash's filter_matched and decorate). */
#include "core/common_options.h"

void event_add_pair(struct event *event, const struct template_pair *pair)
{
    struct path expanded;
    const struct path *path = &pair->path;
    if (!pair->has_path) {
        if (!path_compile(&expanded, template_render(&pair->name, event), event->arena)) {
            event_tag(event, STR("_add_field_failure"));
            return;
        }
        path = &expanded;
    }
    for (uint32_t i = 0; i < pair->values.count; i++)
        event_add_field(event, path, value_string(template_render(&pair->values.items[i], event)));
}
