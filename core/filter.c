/* SPDX-License-Identifier: Apache-2.0 */
#include "core/filter.h"
#include <assert.h>

void filter_ready(struct filter *filter)
{
    if (filter->ready) filter->ready(filter);
}

void filter_stopped(struct filter *filter)
{
    assert(!filter->is_stopped);
    filter->is_stopped = true;
}

static void remove_fields(const struct filter *filter, struct event *event)
{
    const struct template_list *list = &filter->common.remove_field;
    for (uint32_t i = 0; i < list->count; i++) {
        struct path path;
        if (path_compile(&path, template_render(&list->items[i], event), event->arena))
            path_remove(&path, event);
    }
}

void filter_matched(const struct filter *filter, struct event *event)
{
    const struct filter_common *common = &filter->common;
    for (uint32_t i = 0; i < common->add_field.count; i++)
        event_add_pair(event, &common->add_field.items[i]);
    remove_fields(filter, event);
    for (uint32_t i = 0; i < common->add_tag.count; i++)
        event_tag_append(event, template_render(&common->add_tag.items[i], event));
    for (uint32_t i = 0; i < common->remove_tag.count; i++)
        event_untag(event, template_render(&common->remove_tag.items[i], event));
}
