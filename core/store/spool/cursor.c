/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a log, and how far its readers are. */
#include <assert.h>
#include <errno.h>
#include "core/store/spool/segment.h"

static uint32_t slot_find(const struct spool *spool, const char *name)
{
    uint32_t slot = 0;
    while (slot < spool->checkpoint.count && strcmp(spool->checkpoint.cursors[slot].name, name) != 0) slot++;
    return slot;
}

static uint64_t done_at_first(const struct spool *spool, enum spool_from from)
{
    /* whoever was there before is not known any more: rather twice than never */
    if (from == SPOOL_FROM_END && !spool->is_checkpoint_lost) return spool->synced;
    return spool->count ? spool->segments[0].first - 1 : spool->synced;
}

static int slot_add(struct spool *spool, const char *name, enum spool_from from)
{
    struct checkpoint *checkpoint = &spool->checkpoint;
    if (strlen(name) > SPOOL_CURSOR_NAME_MAX) return -ENAMETOOLONG;
    if (checkpoint->count == SPOOL_CURSORS_MAX) return -ENOBUFS;
    struct checkpoint_cursor *entry = &checkpoint->cursors[checkpoint->count++];
    *entry = (struct checkpoint_cursor){.done = done_at_first(spool, from)};
    memcpy(entry->name, name, strlen(name));
    checkpoint->synced = spool->synced;
    int error = checkpoint_write(spool->files, spool->checkpoint_fd, checkpoint);
    if (error) checkpoint->count--;
    return error;
}

int spool_cursor_open(struct spool *spool, const char *name, enum spool_from from, struct spool_cursor *cursor)
{
    assert(*name);
    uint32_t slot = slot_find(spool, name);
    int error = slot == spool->checkpoint.count ? slot_add(spool, name, from) : 0;
    if (error) return error;
    *cursor = (struct spool_cursor){.spool = spool, .next = spool->cursors, .slot = slot,
                                    .wanted = spool->checkpoint.cursors[slot].done + 1};
    spool_scan_init(&cursor->scan, spool->files);
    spool->cursors = cursor;
    return 0;
}

void spool_cursor_look(struct spool *spool, struct spool_cursor *cursor)
{
    *cursor = (struct spool_cursor){.spool = spool, .next = spool->cursors, .slot = SPOOL_CURSORS_MAX,
                                    .wanted = spool->count ? spool->segments[0].first : spool->synced + 1};
    spool_scan_init(&cursor->scan, spool->files);
    spool->cursors = cursor;
}

void spool_cursor_look_from(struct spool *spool, struct spool_cursor *cursor, uint64_t sequence)
{
    spool_cursor_look(spool, cursor);
    if (sequence > cursor->wanted) cursor->wanted = sequence;
}

void spool_cursor_close(struct spool_cursor *cursor)
{
    struct spool_cursor **at = &cursor->spool->cursors;
    while (*at != cursor) at = &(*at)->next;
    *at = cursor->next;
    spool_scan_fini(&cursor->scan);
}

bool spool_cursor_forget(struct spool *spool, const char *name)
{
    struct checkpoint *checkpoint = &spool->checkpoint;
    uint32_t slot = slot_find(spool, name);
    if (slot == checkpoint->count) return false;
    uint32_t last = --checkpoint->count;
    checkpoint->cursors[slot] = checkpoint->cursors[last];
    for (struct spool_cursor *open = spool->cursors; open; open = open->next) {
        assert(open->slot != slot);
        if (open->slot == last) open->slot = slot;
    }
    return true;
}

void spool_done(struct spool_cursor *cursor, uint64_t sequence)
{
    struct checkpoint_cursor *entry = &cursor->spool->checkpoint.cursors[cursor->slot];
    assert(sequence < cursor->wanted && cursor->slot < SPOOL_CURSORS_MAX);
    if (sequence > entry->done) entry->done = sequence;
}

uint64_t spool_done_up_to(const struct spool_cursor *cursor)
{
    return cursor->spool->checkpoint.cursors[cursor->slot].done;
}

/* ---- reading ---- */

/* Records [first, bound) are not there. What was wanted before `first` is not missed; 0: nothing is. */
static int lose(struct spool_cursor *cursor, struct spool_loss *loss, struct spool_loss what, uint64_t bound)
{
    if (what.first < cursor->wanted) what.first = cursor->wanted;
    if (what.first >= bound) return 0;
    what.last = bound - 1;
    cursor->wanted = bound;
    *loss = what;
    return SPOOL_LOSS;
}

static void leave(struct spool_cursor *cursor)
{
    spool_scan_close(&cursor->scan);
    cursor->segment = 0;
}

void spool_skip(struct spool_cursor *cursor, uint64_t sequence)
{
    assert(sequence <= cursor->spool->synced);
    if (sequence >= cursor->wanted) {
        cursor->wanted = sequence + 1;
        if (cursor->segment && cursor->wanted >= segment_bound(cursor->spool, cursor->segment)) leave(cursor);
    }
    spool_done(cursor, sequence);
}

/* Goes to the segment in which the wanted record is to be. */
static int enter(struct spool_cursor *cursor, struct spool_loss *loss)
{
    const struct spool *spool = cursor->spool;
    uint32_t rank = segment_rank(spool, cursor->wanted);
    if (rank == 0) {
        uint64_t bound = spool->count ? spool->segments[0].first : spool->synced + 1;
        return lose(cursor, loss, (struct spool_loss){.kind = SPOOL_LOSS_MISSING}, bound);
    }
    struct spool_segment segment = spool->segments[rank - 1];
    uint64_t bound = segment_bound(spool, segment.first);
    struct spool_header header;
    char path[SPOOL_PATH_MAX];
    segment_path(spool, segment.first, path);
    int state = spool_scan_open(&cursor->scan, path, &header);
    struct spool_loss what = {.segment = segment.first, .first = segment.first, .kind = SPOOL_LOSS_HEADER};
    what.bytes = segment.bytes;
    if (state == -ENOENT && spool->is_look) { /* it was there: its owner is done with it */
        cursor->wanted = bound;
        return 0;
    }
    if (state == -ENOENT) what.kind = SPOOL_LOSS_MISSING;
    if (state < 0 && state != -ENOENT) return state;
    if (state == SPOOL_HEADER_NEWER) return -EPROTONOSUPPORT;
    if (state != SPOOL_HEADER_GOOD || header.first != segment.first) {
        leave(cursor);
        return lose(cursor, loss, what, bound);
    }
    cursor->segment = cursor->expected = segment.first;
    return 0;
}

/* The scan ends at what is durable: the file being written has more. */
static void end_renew(struct spool_cursor *cursor)
{
    const struct spool *spool = cursor->spool;
    uint32_t rank = segment_rank(spool, cursor->segment);
    if (rank && spool->segments[rank - 1].first == cursor->segment)
        cursor->scan.end = spool->segments[rank - 1].bytes;
}

/* No record with the expected number is at the scan's offset: goes on with the next that is whole. */
static int skip(struct spool_cursor *cursor, struct spool_loss *loss, uint64_t bound, bool is_end)
{
    struct spool_scan *scan = &cursor->scan;
    struct spool_record found;
    struct spool_loss what = {.kind = is_end ? SPOOL_LOSS_MISSING : SPOOL_LOSS_DAMAGED, .segment = cursor->segment,
                              .offset = scan->offset, .first = cursor->expected};
    int verdict = is_end ? SCAN_END : spool_scan_find(scan, cursor->expected, bound - 1, &found);
    if (verdict < 0) return verdict;
    if (!is_end) what.bytes = scan->offset - what.offset;
    cursor->expected = verdict == SCAN_RECORD ? found.sequence : bound;
    return lose(cursor, loss, what, cursor->expected);
}

/* One record further: 0 when it is the wanted one. */
static int step(struct spool_cursor *cursor, struct spool_record *record, struct spool_loss *loss, uint64_t bound,
                bool *is_wanted)
{
    uint64_t offset = cursor->scan.offset;
    *is_wanted = false;
    int verdict = spool_scan_next(&cursor->scan, record);
    if (verdict < 0) return verdict;
    if (verdict == SCAN_RECORD && record->sequence == cursor->expected && spool_record_last(record) < bound) {
        cursor->expected = spool_record_last(record) + 1;
        *is_wanted = cursor->expected > cursor->wanted;
        if (*is_wanted) cursor->wanted = cursor->expected;
        return 0;
    }
    cursor->scan.offset = offset;
    return skip(cursor, loss, bound, verdict == SCAN_END);
}

int spool_read(struct spool_cursor *cursor, struct spool_record *record, struct spool_loss *loss)
{
    bool is_wanted = false;
    int verdict = 0;
    while (verdict == 0 && !is_wanted) {
        if (cursor->wanted > cursor->spool->synced) return SPOOL_END;
        if (cursor->segment == 0) {
            verdict = enter(cursor, loss);
            continue;
        }
        uint64_t bound = segment_bound(cursor->spool, cursor->segment);
        if (cursor->expected >= bound) {
            leave(cursor);
            continue;
        }
        end_renew(cursor);
        verdict = step(cursor, record, loss, bound, &is_wanted);
    }
    return verdict;
}
