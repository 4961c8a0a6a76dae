/* SPDX-License-Identifier: Apache-2.0 */
/* What a bulk answer means: for the whole request by its status, else for each document. */
#include "core/elastic/elastic.h"
#include "core/log.h"

enum { SAID_MAX = 300 }; /* bytes of a store's words in the log */

static int said(struct str text) { return (int)(text.len < SAID_MAX ? text.len : SAID_MAX); }

static bool has_text(const struct str_list *list, struct str text)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (str_eq(list->items[i], text)) return true;
    return false;
}

static bool is_custom_code(const struct elastic *self, uint32_t status)
{
    for (uint32_t i = 0; i < self->code_count; i++)
        if (self->codes[i] == status) return true;
    return false;
}

/* ---- one document ---- */

static enum delivery_class class_of(const struct bulk_item *item)
{
    if (str_eq_z(item->type, "cluster_block_exception")) return DELIVERY_BLOCKED;
    if (item->status == 429) return DELIVERY_BUSY;
    if (item->status == 401 || item->status == 403) return DELIVERY_DENIED;
    return DELIVERY_SERVER;
}

static void again_say(const struct elastic *self, const struct bulk_item *item, enum delivery_class class)
{
    struct str id = self->output->id;
    if (has_text(&self->options.silence_errors_in_log, item->type)) return;
    if (class == DELIVERY_DENIED)
        LOG(LOG_ERROR, "elasticsearch.denied", id,
            "may not write a document (%u, %.*s: %.*s): give the login the right; tried again until then", item->status,
            STR_ARG(item->type), said(item->reason), item->reason.ptr);
    else if (class == DELIVERY_BLOCKED)
        LOG(LOG_WARN, "elasticsearch.blocked", id, "the store takes no writes (%.*s): free its disk or take the block "
            "off; waiting", said(item->reason), item->reason.ptr);
    else
        LOG(LOG_INFO, "elasticsearch.again", id, "a document was not taken (%u, %.*s: %.*s) and is sent again",
            item->status, STR_ARG(item->type), said(item->reason), item->reason.ptr);
}

static void conflict(struct elastic *self, struct parcel *parcel, uint32_t at, const struct bulk_item *item)
{
    bool is_dropped = has_text(&self->options.drop_error_types, item->type);
    if (!is_dropped && self->options.conflict.value == CONFLICT_SENT) return;
    if (!has_text(&self->options.silence_errors_in_log, item->type))
        LOG(LOG_WARN, "elasticsearch.dropped", self->output->id, "a document was dropped (%u, %.*s: %.*s)",
            item->status, STR_ARG(item->type), said(item->reason), item->reason.ptr);
    delivery_drop(&self->delivery, parcel, at);
}

static void reject(struct elastic *self, struct parcel *parcel, uint32_t at, const struct bulk_item *item)
{
    struct arena arena;
    arena_init(&arena, NULL);
    struct str text = arena_printf(&arena, "status %u, %.*s: %.*s", item->status, STR_ARG(item->type),
                                   item->reason.len < DEAD_LETTER_TEXT_MAX ? (int)item->reason.len
                                                                           : DEAD_LETTER_TEXT_MAX,
                                   item->reason.ptr ? item->reason.ptr : "");
    delivery_reject(&self->delivery, parcel, at, item->type.len ? item->type : STR("refused"), text);
    arena_fini(&arena);
}

/* The class of those that are sent again; GOOD: this one is not. */
static enum delivery_class judge(struct elastic *self, struct parcel *parcel, uint32_t at,
                                 const struct bulk_item *item)
{
    bool is_done = item->status >= 200 && item->status < 300;
    bool is_gone = item->status == 404 && item->is_delete && !item->type.len; /* nothing left to delete */
    if (is_done || is_gone) return DELIVERY_GOOD;
    if (item->status == 409 || has_text(&self->options.drop_error_types, item->type)) {
        conflict(self, parcel, at, item);
        return DELIVERY_GOOD;
    }
    if (item->status == 400 || item->status == 404 || is_custom_code(self, item->status)) {
        reject(self, parcel, at, item);
        return DELIVERY_GOOD;
    }
    enum delivery_class class = class_of(item);
    again_say(self, item, class);
    parcel->items[at].verdict = ITEM_AGAIN;
    return class;
}

static void items_judge(struct elastic *self, struct parcel *parcel, const struct bulk_answer *answer)
{
    enum delivery_class why = DELIVERY_GOOD;
    for (uint32_t i = 0; i < parcel->count; i++) {
        enum delivery_class class = judge(self, parcel, i, &answer->items[i]);
        if (class != DELIVERY_GOOD && why != DELIVERY_BLOCKED) why = class;
    }
    delivery_mixed(&self->delivery, parcel, why);
}

/* ---- the whole request ---- */

static void failed(struct elastic *self, struct parcel *parcel, enum delivery_class why, const char *text, int len)
{
    const char *host = self->hosts.bases[parcel->endpoint];
    if (why == DELIVERY_DENIED)
        LOG(LOG_ERROR, "elasticsearch.denied", self->output->id, "%s refuses the login (%.*s): mend user, password or "
            "api_key, or the rights it has; tried again until then", host, len, text);
    else
        LOG(LOG_WARN, "elasticsearch.failed", self->output->id, "%s: %.*s; %u documents are sent again", host, len,
            text, parcel->count);
    delivery_failed(&self->delivery, parcel, why);
}

static void answer_read(struct elastic *self, struct parcel *parcel, struct str text, struct arena *arena)
{
    struct bulk_answer answer;
    const char *problem = bulk_answer_read(text, arena, &answer);
    if (!problem && answer.has_errors && answer.count != parcel->count)
        problem = "it has another number of items than the request";
    if (problem) {
        char said_[HTTP_ERROR_MAX];
        int len = snprintf(said_, sizeof said_, "the answer cannot be understood: %s", problem);
        failed(self, parcel, DELIVERY_GARBAGE, said_, len);
    } else if (answer.has_errors) {
        items_judge(self, parcel, &answer);
    } else {
        delivery_sent(&self->delivery, parcel);
    }
}

static enum delivery_class class_of_status(long status, const struct bulk_item *error)
{
    if (str_eq_z(error->type, "cluster_block_exception")) return DELIVERY_BLOCKED;
    if (status == 401 || status == 403) return DELIVERY_DENIED;
    if (status == 429) return DELIVERY_BUSY;
    return status >= 500 ? DELIVERY_SERVER : DELIVERY_GARBAGE;
}

static void status_judge(struct elastic *self, struct parcel *parcel, const struct http_request *http,
                         struct arena *arena)
{
    struct bulk_item error;
    bool has_error = error_answer_read(buf_str(&http->answer), arena, &error);
    struct str reason = error.reason;
    if (http->status == 413 || (http->status == 400 && has_error)) {
        struct str text = reason.len ? reason : STR("413: the store says that the request is too large");
        delivery_too_large(&self->delivery, parcel, text); /* a bad one among good ones is found in halves */
        return;
    }
    char text[SAID_MAX + 64];
    int len = snprintf(text, sizeof text, "status %ld%s%.*s", http->status, reason.len ? ", " : "", said(reason),
                       reason.ptr ? reason.ptr : "");
    failed(self, parcel, class_of_status(http->status, &error), text, len);
}

void verdict_give(struct elastic *self, struct parcel *parcel, const struct http_request *http)
{
    struct arena arena;
    if (http->is_too_large && parcel->count > 1) {
        LOG(LOG_WARN, "elasticsearch.answer_limit", self->output->id,
            "an answer has more than %lld bytes (answer_limit); its request is sent again in halves",
            (long long)self->options.answer_limit.bytes);
        delivery_too_large(&self->delivery, parcel, STR(""));
        return;
    }
    if (!http->status) {
        enum delivery_class why = http->is_too_large ? DELIVERY_GARBAGE
                                  : http->is_late    ? DELIVERY_TIMEOUT
                                                     : DELIVERY_UNREACHED;
        failed(self, parcel, why, http->error, (int)strlen(http->error));
        return;
    }
    arena_init(&arena, &self->output->loop->pool);
    if (http->status >= 200 && http->status < 300)
        answer_read(self, parcel, buf_str(&http->answer), &arena);
    else
        status_judge(self, parcel, http, &arena);
    arena_fini(&arena);
}
