/* SPDX-License-Identifier: Apache-2.0 */
/* cidr: does one of these networks hold one of these addresses? Then the common options run. Networks that do
 * not depend on the event are one sorted set (core/text/ip.h); those of a file are read again when it changes
 * (core/store/live_file.h). What is no address or no network holds nothing. */
#include <stdlib.h>
#include "core/log.h"
#include "core/plugin.h"
#include "core/store/live_file.h"
#include "core/text/ip.h"
#include "core/xmalloc.h"

enum {
    FILE_BYTES_MAX = 64 * 1024 * 1024,
    INLINE_BYTES = 64 * 1024, /* of a file whose change is read between two batches: about 1 ms */
};

struct cidr {
    struct template_list address, network;
    struct path address_field;
    struct str network_path, separator;
    int64_t refresh_interval;

    struct ip_set fixed;
    struct template *moving; /* networks that depend on the event */
    uint32_t moving_count;
    struct live_file file;
};

static const struct option cidr_options[] = {
    OPTION_TEMPLATES(struct cidr, address, .help = "Addresses: `%{[source][ip]}`."),
    OPTION_PATH(struct cidr, address_field, .help = "A field with an address, or with a list of them, instead."),
    OPTION_TEMPLATES(struct cidr, network,
                     .help = "Networks: `10.0.0.0/8`, `2001:db8::/32`; one text may have several, with commas."),
    OPTION_STRING(struct cidr, network_path, .help = "A file of networks instead; it is read again when it changes."),
    OPTION_STRING(struct cidr, separator, .preset = "\n", .help = "What stands between the networks of the file."),
    OPTION_INT(struct cidr, refresh_interval, .preset = "600", .min = INT64_MIN / 2, .max = INT64_MAX / 2,
               .help = "Seconds between two looks at whether the file has changed; 0 and less: never again."),
    OPTION_END};

/* ---- networks of a text ---- */

/* Where the first part ends. Separators are single bytes nearly always. */
static size_t part_len(struct str rest, struct str separator)
{
    if (separator.len == 1) {
        const char *end = memchr(rest.ptr, separator.ptr[0], rest.len);
        return end ? (size_t)(end - rest.ptr) : rest.len;
    }
    ptrdiff_t at = separator.len ? str_find(rest, separator) : -1;
    return at < 0 ? rest.len : (size_t)at;
}

/* The next part that is not blank; false at the end. */
static bool part_take(struct str *rest, struct str separator, struct str *part)
{
    while (rest->len) {
        size_t len = part_len(*rest, separator);
        *part = str_trimmed(str_slice(*rest, 0, len));
        *rest = str_from(*rest, len + separator.len);
        if (part->len) return true;
    }
    return false;
}

/* Networks while they are gathered. */
struct network_list {
    struct ip_network *items;
    uint32_t count, capacity;
};

static bool network_add(struct network_list *list, struct str text)
{
    if (list->count == IP_SET_MAX) return false;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->items = xreallocarray(list->items, list->capacity, sizeof *list->items);
    }
    bool is_network = ip_network_read(text, &list->items[list->count]);
    list->count += is_network;
    return is_network;
}

/* ---- the file ---- */

struct networks {
    struct arena arena;
    struct ip_set set;
    uint32_t skipped; /* parts that are no network */
    struct str first_skipped;
};

static void networks_destroy(void *table)
{
    struct networks *networks = table;
    arena_fini(&networks->arena);
    free(networks);
}

static void *networks_load(void *opaque, struct str content, const void *old, struct buf *problem)
{
    const struct cidr *self = opaque;
    struct networks *networks = xcalloc(1, sizeof *networks);
    struct network_list list = {0};
    struct str part;
    arena_init(&networks->arena, NULL);
    while (list.count < IP_SET_MAX && part_take(&content, self->separator, &part))
        if (!network_add(&list, part) && networks->skipped++ == 0)
            networks->first_skipped = arena_copy(&networks->arena, part);
    ip_set_make(&networks->set, list.items, list.count, &networks->arena);
    free(list.items);
    if (part_take(&content, self->separator, &part)) {
        buf_printf(problem, "it has more than %d networks", IP_SET_MAX);
        networks_destroy(networks);
        return NULL;
    }
    if (old && networks->skipped)
        LOG(LOG_WARN, "cidr.no_network", self->file.id, "%u parts of %s are no networks, and skipped: `%.*s`",
            networks->skipped, self->file.path, STR_ARG(networks->first_skipped));
    return networks;
}

static const struct live_file_type networks_file = {
    .noun = "list of networks",
    .load = networks_load,
    .destroy = networks_destroy,
    .bytes_max = FILE_BYTES_MAX,
    .inline_bytes = INLINE_BYTES,
};

/* ---- create ---- */

static bool file_create(struct cidr *self, const struct plugin_context *context)
{
    struct buf problem = {0};
    struct place place = context_place(context, "network_path");
    self->file = (struct live_file){.type = &networks_file,
                                    .opaque = self,
                                    .id = context->id,
                                    .path = arena_copy_z(context->arena, self->network_path),
                                    .interval_s = self->refresh_interval > 0 ? self->refresh_interval : 0};
    bool ok = live_file_open(&self->file, event_now().seconds, &problem);
    const struct networks *networks = self->file.table;
    if (!ok)
        diag_error(context->diag, place, "the list of networks `%s` cannot be read: %.*s", self->file.path,
                   STR_ARG(buf_str(&problem)));
    else if (networks->skipped)
        diag_warning(context->diag, place, "%u parts of the list are no networks, and skipped: `%.*s`",
                     networks->skipped, STR_ARG(networks->first_skipped));
    buf_fini(&problem);
    return ok;
}

/* Literal networks become the set, the others are kept as templates. */
static void networks_create(struct cidr *self, const struct plugin_context *context)
{
    struct network_list list = {0};
    self->moving = arena_alloc(context->arena, (self->network.count + 1) * sizeof *self->moving);
    for (uint32_t i = 0; i < self->network.count; i++) {
        struct str part, rest = self->network.items[i].text;
        if (!self->network.items[i].is_literal) {
            self->moving[self->moving_count++] = self->network.items[i];
            continue;
        }
        while (part_take(&rest, STR(","), &part)) {
            if (network_add(&list, part)) continue;
            diag_hint(context->diag,
                      diag_warning(context->diag, context_item_place(context, "network", i),
                                   "`%.*s` is no network, and is skipped", STR_ARG(part)),
                      "as in 10.0.0.0/8 or 2001:db8::/32");
        }
    }
    ip_set_make(&self->fixed, list.items, list.count, context->arena);
    free(list.items);
}

static bool excludes(const struct plugin_context *context, const char *one, const char *other)
{
    if (!context_is_given(context, one) || !context_is_given(context, other)) return false;
    struct message *message = diag_error(context->diag, context_place(context, other),
                                         "`%s` and `%s` exclude each other", one, other);
    diag_other(context->diag, message, context_place(context, one), "the other one is here");
    return true;
}

static bool cidr_create(void *opaque, const struct plugin_context *context)
{
    struct cidr *self = opaque;
    bool ok = !excludes(context, "address", "address_field");
    ok = !excludes(context, "network", "network_path") && ok;
    if (!self->address.count && !self->address_field.text.len) {
        diag_error(context->diag, context->place, "cidr needs `address` or `address_field`");
        ok = false;
    }
    if (!self->network.count && !self->network_path.len) {
        diag_error(context->diag, context->place, "cidr needs `network` or `network_path`");
        ok = false;
    }
    if (!ok) return false;
    networks_create(self, context);
    return !self->network_path.len || file_create(self, context);
}

static void cidr_destroy(void *opaque)
{
    struct cidr *self = opaque;
    live_file_close(&self->file);
}

/* ---- apply ---- */

static bool is_within(const struct cidr *self, const struct ip_set *set, struct str address, const struct event *event)
{
    struct ip ip;
    if (!ip_read(str_trimmed(address), &ip)) return false;
    if (ip_set_contains(set, &ip)) return true;
    for (uint32_t i = 0; i < self->moving_count; i++) {
        struct str part, rest = template_render(&self->moving[i], event);
        struct ip_network network;
        while (part_take(&rest, STR(","), &part))
            if (ip_network_read(part, &network) && ip_network_contains(&network, &ip)) return true;
    }
    return false;
}

static bool apply_event(const struct cidr *self, const struct ip_set *set, const struct event *event)
{
    for (uint32_t i = 0; i < self->address.count; i++)
        if (is_within(self, set, template_render(&self->address.items[i], event), event)) return true;
    const struct value *value = self->address_field.text.len ? path_get(&self->address_field, event) : NULL;
    if (!value) return false;
    if (value->kind == VALUE_STRING) return is_within(self, set, value_text(value), event);
    if (value->kind != VALUE_ARRAY) return false;
    ARRAY_EACH(value->array, item)
        if (item->kind == VALUE_STRING && is_within(self, set, value_text(item), event)) return true;
    return false;
}

static void cidr_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    struct cidr *self = opaque;
    const struct networks *networks =
        self->network_path.len ? live_file_current(&self->file, batch->now.seconds) : NULL;
    const struct ip_set *set = networks ? &networks->set : &self->fixed;
    SELECTION_EACH(batch, in, event)
        if (apply_event(self, set, event)) outcome_matched(out, event);
}

static void cidr_fields(const void *opaque, struct field_set *fields)
{
    const struct cidr *self = opaque;
    for (uint32_t i = 0; i < self->address.count; i++) fields_read_template(fields, &self->address.items[i]);
    for (uint32_t i = 0; i < self->network.count; i++) fields_read_template(fields, &self->network.items[i]);
    if (self->address_field.text.len) fields_read(fields, &self->address_field);
}

static uint32_t cidr_metrics(void *opaque, struct metric_row *rows, uint32_t capacity)
{
    struct cidr *self = opaque;
    if (!self->network_path.len || capacity < 2) return 0;
    rows[0] = (struct metric_row){"reloads", &self->file.reloads};
    rows[1] = (struct metric_row){"reload_failures", &self->file.failures};
    return 2;
}

const struct filter_type filter_cidr = {
    .name = "cidr",
    .summary = "Asks whether networks hold an address.",
    .size = sizeof(struct cidr),
    .options = cidr_options,
    .create = cidr_create,
    .apply = cidr_apply,
    .destroy = cidr_destroy,
    .metrics = cidr_metrics,
    .fields = cidr_fields,
};
