/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a Lumberjack connection: whatever the cuts, the same windows and events come out, in memory
 * that is bounded; acknowledgements never run ahead of what has come, and all is acknowledged in the end. */
#include <assert.h>
#include <stdlib.h>
#include "core/net/lumberjack_acks.h"

/* What came out, in short: the end, how many of each, and a sum over their bytes. */
struct seen {
    enum lumberjack_found last;
    uint64_t windows, events, sum;
};

static void see(struct seen *seen, const struct lumberjack_item *item, enum lumberjack_found found)
{
    seen->windows += found == LUMBERJACK_WINDOW;
    seen->events += found == LUMBERJACK_EVENT;
    seen->sum = seen->sum * 31 + item->number + (unsigned char)item->version;
    for (size_t i = 0; found == LUMBERJACK_EVENT && i < item->json.len; i++)
        seen->sum = seen->sum * 31 + (unsigned char)item->json.ptr[i];
}

static void track(struct lumberjack_acks *acks, const struct lumberjack_item *item, enum lumberjack_found found)
{
    struct buf out = {0};
    if (found == LUMBERJACK_WINDOW) lumberjack_acks_window(acks, item->version, item->number);
    else lumberjack_acks_event(acks, item->number);
    if (lumberjack_acks_owes(acks)) lumberjack_acks_keep_alive(acks, &out);
    /* every other event is settled at once */
    if (acks->received % 2) lumberjack_acks_settled(acks, acks->received, &out);
    assert(out.len % LUMBERJACK_ACK_BYTES == 0);
    buf_fini(&out);
}

static struct seen run(const char *data, size_t size, size_t piece)
{
    struct lumberjack jack;
    struct lumberjack_acks acks = {0};
    struct seen seen = {0};
    lumberjack_init(&jack);
    for (size_t at = 0; at < size && seen.last != LUMBERJACK_BROKEN; at += piece) {
        /* memory of its own, so that a read beyond it is seen */
        size_t len = size - at < piece ? size - at : piece;
        char *copy = malloc(len);
        memcpy(copy, data + at, len);
        struct str bytes = {copy, len};
        struct lumberjack_item item;
        while ((seen.last = lumberjack_next(&jack, &bytes, &item)) != LUMBERJACK_MORE) {
            if (seen.last == LUMBERJACK_BROKEN) break;
            see(&seen, &item, seen.last);
            track(&acks, &item, seen.last);
        }
        assert(seen.last == LUMBERJACK_BROKEN || (bytes.len == 0 && !lumberjack_has_more(&jack)));
        free(copy);
    }
    struct buf out = {0};
    lumberjack_acks_settled(&acks, acks.received, &out);
    assert(!lumberjack_acks_owes(&acks));
    buf_fini(&out);
    lumberjack_acks_fini(&acks);
    lumberjack_fini(&jack);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size) return 0;
    struct seen whole = run((const char *)data, size, size);
    size_t pieces[] = {1, 7, size / 2 + 1};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct seen cut = run((const char *)data, size, pieces[i]);
        assert((cut.last == LUMBERJACK_BROKEN) == (whole.last == LUMBERJACK_BROKEN));
        /* how much comes out before the end that a damaged frame makes depends on the cuts */
        if (whole.last == LUMBERJACK_BROKEN) continue;
        assert(cut.windows == whole.windows && cut.events == whole.events && cut.sum == whole.sum);
    }
    return 0;
}
