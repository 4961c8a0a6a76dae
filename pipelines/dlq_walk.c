/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <uv.h>
#include "core/store/sincedb.h"
#include "core/text/time.h"
#include "core/text/utf8.h"
#include "pipelines/dlq_parts.h"

static bool letter_visit(struct dlq_walk *walk, const struct dead_letter_view *view, const struct spool_record *record)
{
    struct arena arena;
    struct event event;
    bool goes_on = true;
    if (dead_letter_marks_has(&walk->purged, view->name, record->sequence)) return true;
    struct dlq_letter letter = {.view = view, .sequence = record->sequence, .event = &event,
                            .is_replayed = dead_letter_marks_has(&walk->marks, view->name, record->sequence)};
    arena_init(&arena, NULL);
    event_init(&event, &arena, value_time(0, 0));
    if (!dead_letter_unpack(record->payload, &letter.record) || !dead_letter_event(&letter.record, &event))
        walk->damaged++;
    else if (dlq_holds(walk->command, &event))
        goes_on = walk->visit(walk->opaque, &letter);
    arena_fini(&arena);
    return goes_on;
}

static void marks_read(struct dead_letter_marks *marks, struct str folder, const char *name)
{
    struct buf path = {0}, text = {0};
    buf_printf(&path, "%.*s/%s", STR_ARG(folder), name);
    if (sincedb_load(buf_z(&path), &text) == 0) dead_letter_marks_parse(marks, buf_str(&text));
    buf_fini(&path);
    buf_fini(&text);
}

void dlq_marks_load(struct dlq_walk *walk) { marks_read(&walk->marks, walk->folder, DLQ_POSITION); }

void dlq_purged_load(struct str folder, struct dead_letter_marks *purged)
{
    marks_read(purged, folder, DEAD_LETTERS_PURGED);
}

/* 0 or a negative errno. */
int dlq_walk(struct dlq_walk *walk)
{
    struct dead_letter_look look;
    struct spool_record record;
    bool goes_on = true;
    dead_letter_look_init(&look, walk->folder, &file_ops_real);
    dlq_marks_load(walk);
    dlq_purged_load(walk->folder, &walk->purged);
    int status = dead_letter_look_find(&look);
    for (uint32_t i = 0; i < look.count && status == 0 && goes_on; i++) {
        struct dead_letter_view *view = look.views[i];
        status = dead_letter_view_open(&look, view);
        if (status == -ENOENT) status = 0;
        if (view->is_open) walk->bytes += view->spool.bytes;
        int verdict = view->is_open ? 0 : SPOOL_END;
        while (goes_on && verdict == 0 && (verdict = dead_letter_view_read(&look, view, &record)) == 0)
            goes_on = letter_visit(walk, view, &record);
        if (verdict < 0) status = verdict;
        walk->damaged += view->lost;
    }
    dead_letter_look_fini(&look);
    dead_letter_marks_fini(&walk->marks);
    dead_letter_marks_fini(&walk->purged);
    return status;
}

enum exit_code dlq_walk_end(struct dlq_walk *walk, int status)
{
    struct diag *diag = walk->command->diag;
    if (status)
        diag_error(diag, (struct place){0}, "%.*s cannot be read: %s", STR_ARG(walk->folder), uv_strerror(status));
    if (walk->damaged)
        diag_warning(diag, (struct place){0}, "%llu letter%s damaged, or of a newer version", (number)walk->damaged,
                     walk->damaged == 1 ? " is" : "s are");
    return status || walk->damaged ? EXIT_RUNTIME : EXIT_DONE;
}

void dlq_append_time(struct buf *out, uint64_t time_ns)
{
    char text[TIME_ISO_SIZE];
    size_t len = time_print_iso((int64_t)(time_ns / 1000000000), (uint32_t)(time_ns % 1000000000 / 1000000 * 1000000),
                                text);
    buf_append(out, (struct str){text, len});
}

void dlq_append_text(struct buf *out, struct str text)
{
    while (text.len) {
        size_t len;
        uint32_t code = utf8_decode(text, &len);
        bool is_plain = len && code >= ' ' && !(code >= 0x7f && code <= 0x9f);
        if (is_plain)
            buf_append(out, str_slice(text, 0, len));
        else
            for (size_t i = 0; i < (len ? len : 1); i++) buf_printf(out, "\\x%02x", (unsigned char)text.ptr[i]);
        text = str_from(text, len ? len : 1);
    }
}

