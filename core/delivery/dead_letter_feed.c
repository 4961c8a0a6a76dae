/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/dead_letter_feed.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include "core/log.h"
#include "core/store/sincedb.h"
#include "core/xmalloc.h"

enum { CLEAN_MS = 5000 };

/* Letters given as events, one number after the other or passed over, and not settled yet. */
struct runs {
    struct dead_letter_range *items;
    uint32_t first, count, capacity;
};

struct feed_log {
    struct dead_letter_feed *feed;
    const struct dead_letter_view *view;
    struct stream stream;
    struct runs runs;
    uint64_t given;   /* the last number that was given or passed over for good */
    uint64_t settled; /* position of the stream */
    uint64_t saving;  /* done up to here, says what is being saved */
};

/* What a job read. */
struct pile {
    struct buf bytes;
    struct piled { uint32_t log; uint64_t number; size_t end; } *items;
    uint32_t count, capacity, at; /* at: to be given next */
    size_t charged;
};

struct dead_letter_feed {
    struct disk_job read_job, save_job;
    struct dead_letter_feed_options options;
    struct input *host;
    struct dead_letter_look look; /* the disk thread's while is_reading */
    struct feed_log *logs[DEAD_LETTER_LOGS_MAX];
    uint32_t log_count;
    struct pile pile;
    int read_status;
    struct dead_letter_marks marks;
    struct dead_letter_marks purged; /* when it began: never given */
    struct buf marks_text;
    int save_status;
    uint64_t lost;      /* letters in bytes that are damaged, so far */
    uint32_t save_logs; /* known when saving began */
    uint64_t cleaned_ms;
    bool is_held; /* by open_max */
    bool is_reading, is_saving, is_cleaning, is_changed, is_timer_closed, has_found, is_save_final;
    uv_timer_t timer;
    struct dead_letter_feed_counts counts;
};

static struct dead_letter_feed *feed_of(struct disk_job *job, size_t offset)
{
    return (struct dead_letter_feed *)(void *)((char *)job - offset);
}

static void go_on(struct dead_letter_feed *feed);
static void timer_fired(uv_timer_t *timer);
static void end_check(struct dead_letter_feed *feed);

/* ---- runs ---- */

static void run_add(struct runs *runs, uint64_t first, uint64_t last)
{
    struct dead_letter_range *end = runs->count ? &runs->items[runs->first + runs->count - 1] : NULL;
    if (end && end->last + 1 == first) {
        end->last = last;
        return;
    }
    if (runs->first + runs->count == runs->capacity) {
        if (runs->count) memmove(runs->items, runs->items + runs->first, runs->count * sizeof *runs->items);
        runs->first = 0;
        if (runs->count > runs->capacity / 2 || !runs->capacity) {
            runs->capacity = runs->capacity ? runs->capacity * 2 : 16;
            runs->items = xreallocarray(runs->items, runs->capacity, sizeof *runs->items);
        }
    }
    runs->items[runs->first + runs->count++] = (struct dead_letter_range){first, last};
}

/* Everything up to `position` is settled. */
static void runs_mark(struct feed_log *log, uint64_t position)
{
    struct runs *runs = &log->runs;
    struct dead_letter_feed *feed = log->feed;
    while (runs->count && runs->items[runs->first].first <= position) {
        struct dead_letter_range *run = &runs->items[runs->first];
        uint64_t last = run->last < position ? run->last : position;
        dead_letter_marks_add(&feed->marks, log->view->name, run->first, last);
        feed->counts.settled += last - run->first + 1;
        run->first = last + 1;
        if (run->first <= run->last) break;
        runs->first++;
        runs->count--;
    }
}

/* ---- marks ---- */

/* On the disk thread, once it is on disk that they are done. */
static void clean(struct dead_letter_feed *feed)
{
    for (uint32_t i = 0; i < feed->save_logs; i++)
        if (feed->logs[i]->saving)
            dead_letter_look_remove(&feed->look, feed->logs[i]->view->folder, feed->logs[i]->saving);
}

static void save_work(struct disk_job *job)
{
    struct dead_letter_feed *feed = feed_of(job, offsetof(struct dead_letter_feed, save_job));
    feed->save_status = sincedb_save(feed->options.marks, buf_str(&feed->marks_text));
    if (feed->save_status == 0 && feed->is_cleaning) clean(feed);
}

/* Not with every saving: a log is opened for it. */
static void clean_plan(struct dead_letter_feed *feed)
{
    uint64_t now = uv_now(&feed->host->loop->uv);
    feed->is_cleaning = feed->options.cleans && (feed->is_save_final || now - feed->cleaned_ms > CLEAN_MS);
    if (feed->is_cleaning) feed->cleaned_ms = now;
    feed->save_logs = feed->log_count;
    for (uint32_t i = 0; i < feed->save_logs; i++)
        feed->logs[i]->saving = dead_letter_marks_next(&feed->marks, feed->logs[i]->view->name) - 1;
}

static void save_done(struct disk_job *job);

static void save_begin(struct dead_letter_feed *feed)
{
    if (!feed->options.marks || feed->is_saving || !feed->is_changed) return;
    clean_plan(feed);
    buf_clear(&feed->marks_text);
    dead_letter_marks_print(&feed->marks, &feed->marks_text);
    feed->is_changed = false;
    feed->is_saving = true;
    feed->save_job = (struct disk_job){.loop = feed->host->loop, .work = save_work, .done = save_done};
    disk_submit(feed->host->disk, &feed->save_job);
}

static void failed(struct dead_letter_feed *feed, int status, const char *what, const char *file)
{
    counter_add(&feed->host->counters.errors, 1);
    feed->counts.status = status;
    LOG(LOG_ERROR, "dead_letters.read", feed->host->id, "%s `%s`: %s; it is tried again", what, file,
        uv_strerror(status));
}

static void save_done(struct disk_job *job)
{
    struct dead_letter_feed *feed = feed_of(job, offsetof(struct dead_letter_feed, save_job));
    feed->is_saving = false;
    if (feed->save_status) {
        failed(feed, feed->save_status, "the positions of dead letters cannot be written to", feed->options.marks);
        feed->is_changed = !feed->is_save_final;
    } else if (feed->options.saves_at_once)
        save_begin(feed);
    end_check(feed);
}

static bool is_full(const struct dead_letter_feed *feed)
{
    return feed->options.open_max && feed->counts.given - feed->counts.settled >= feed->options.open_max;
}

static void advance(void *opaque, uint64_t position)
{
    struct feed_log *log = opaque;
    struct dead_letter_feed *feed = log->feed;
    log->settled = position;
    runs_mark(log, position);
    feed->is_changed = true;
    if (feed->options.saves_at_once) save_begin(feed);
    if (feed->is_held && !is_full(feed) && !uv_is_closing((uv_handle_t *)&feed->timer)) {
        feed->is_held = false;
        /* not here: this may be called while letters are given */
        uv_timer_start(&feed->timer, timer_fired, 0, DEAD_LETTER_FEED_INTERVAL_MS);
    }
    end_check(feed);
}
static const struct source_hooks feed_hooks = {.advance = advance};

/* ---- the disk thread ---- */

static bool pile_has_room(const struct pile *pile) { return pile->bytes.len < DEAD_LETTER_FEED_BYTES; }

static void pile_add(struct pile *pile, uint32_t log, const struct spool_record *record)
{
    if (pile->count == pile->capacity) {
        pile->capacity = pile->capacity ? pile->capacity * 2 : 64;
        pile->items = xreallocarray(pile->items, pile->capacity, sizeof *pile->items);
    }
    buf_append(&pile->bytes, record->payload);
    pile->items[pile->count++] = (struct piled){log, record->sequence, pile->bytes.len};
}

/* Logs that the loop knows are read; new ones come back to it first. */
static void read_work(struct disk_job *job)
{
    struct dead_letter_feed *feed = feed_of(job, offsetof(struct dead_letter_feed, read_job));
    struct spool_record record;
    int status = feed->has_found && feed->options.ends ? 0 : dead_letter_look_find(&feed->look);
    if (status == -ENOENT) status = 0; /* nothing has died yet */
    for (uint32_t i = 0; i < feed->log_count && status == 0; i++) {
        int verdict = 0;
        while (pile_has_room(&feed->pile) &&
               (verdict = dead_letter_view_read(&feed->look, feed->look.views[i], &record)) == 0)
            pile_add(&feed->pile, i, &record);
        if (verdict < 0) status = verdict;
    }
    feed->read_status = status;
}

/* ---- events ---- */

/* The letter as an event in scratch memory: is it whole, and wanted? */
static bool letter_is_wanted(struct dead_letter_feed *feed, const struct dead_letter_record *record, bool *is_whole)
{
    struct arena arena;
    struct event event;
    arena_init(&arena, NULL);
    event_init(&event, &arena, value_time(0, 0));
    *is_whole = dead_letter_event(record, &event);
    bool is_wanted = *is_whole && (!feed->options.wants || feed->options.wants(feed->options.opaque, record, &event));
    arena_fini(&arena);
    return is_wanted;
}

static void letter_damaged(struct dead_letter_feed *feed, const struct feed_log *log, uint64_t number)
{
    feed->counts.damaged++;
    counter_add(&feed->host->counters.errors, 1);
    LOG(LOG_ERROR, "dead_letters.damaged", feed->host->id,
        "dead letter %llu of %s is damaged, or a newer version wrote it: it is passed over", (unsigned long long)number,
        log->view->folder);
}

/* In a batch of those that begin where it does. */
static struct event *event_make(struct dead_letter_feed *feed, struct feed_log *log,
                                const struct dead_letter_record *record)
{
    struct ingest *ingest = feed->host->ingest;
    uint32_t begins = feed->options.begins ? feed->options.begins(feed->options.opaque, record) : 0;
    if (ingest->batch && ingest->batch->begins_at != begins) ingest->batch_full(ingest);
    struct event *event = stream_event(&log->stream);
    assert(event && ingest->batch);
    ingest->batch->begins_at = begins;
    return event;
}

static void letter_give(struct dead_letter_feed *feed, struct feed_log *log, uint64_t number, struct str bytes)
{
    struct dead_letter_record record;
    bool is_whole = false, is_old = false, has_filter = feed->options.wants != NULL;
    if (dead_letter_marks_has(&feed->marks, log->view->name, number)) {
        log->given = number;
        return;
    }
    if (dead_letter_marks_has(&feed->purged, log->view->name, number)) return;
    bool is_wanted = dead_letter_unpack(bytes, &record) && letter_is_wanted(feed, &record, &is_whole);
    if (!is_whole)
        letter_damaged(feed, log, number);
    else
        is_old = record.time_ns < feed->options.start_ns;
    if (!is_whole || is_old || !is_wanted) {
        feed->counts.passed += is_whole;
        return;
    }
    struct event *event = event_make(feed, log, &record);
    dead_letter_unpack(arena_copy(event->arena, bytes), &record);
    bool is_event = dead_letter_event(&record, event);
    assert(is_event);
    (void)is_event;
    run_add(&log->runs, has_filter ? number : log->given + 1, number);
    log->given = number;
    feed->counts.given++;
    stream_event_done(&log->stream, event, number);
}

static void pile_clear(struct dead_letter_feed *feed)
{
    struct pile *pile = &feed->pile;
    budget_release(feed->host->loop->budget, pile->charged);
    pile->charged = 0;
    pile->count = pile->at = 0;
    if (pile->bytes.capacity > 2 * DEAD_LETTER_FEED_BYTES) buf_fini(&pile->bytes);
    buf_clear(&pile->bytes);
}

/* False: the input is paused, or enough are under way, and some are left. */
static bool pile_give(struct dead_letter_feed *feed)
{
    struct pile *pile = &feed->pile;
    while (pile->at < pile->count) {
        feed->is_held = is_full(feed);
        if (feed->is_held || input_is_paused(feed->host)) return false;
        size_t start = pile->at ? pile->items[pile->at - 1].end : 0;
        struct piled *item = &pile->items[pile->at++];
        letter_give(feed, feed->logs[item->log], item->number,
                    str_slice(buf_str(&pile->bytes), start, item->end));
    }
    pile_clear(feed);
    return true;
}

/* ---- its life ---- */

static void log_know(struct dead_letter_feed *feed, struct dead_letter_view *view)
{
    struct feed_log *log = xcalloc(1, sizeof *log);
    *log = (struct feed_log){.feed = feed, .view = view};
    view->is_bounded = feed->options.ends;
    view->next = dead_letter_marks_next(&feed->marks, view->name);
    log->given = view->next - 1;
    stream_open(&log->stream, feed->host, &feed_hooks, NULL, log);
    log->stream.position = log->settled = log->given;
    feed->logs[feed->log_count++] = log;
}

/* Bytes that were damaged on the disk: the log tells how many letters they were. */
static void losses_tell(struct dead_letter_feed *feed)
{
    uint64_t lost = 0;
    for (uint32_t i = 0; i < feed->look.count; i++) lost += feed->look.views[i]->lost;
    uint64_t fresh = lost - feed->lost;
    feed->lost = lost;
    feed->counts.damaged += fresh;
    if (!fresh) return;
    counter_add(&feed->host->counters.errors, fresh);
    LOG(LOG_ERROR, "dead_letters.damaged", feed->host->id, "%llu dead letters of %s are damaged: they are passed over",
        (unsigned long long)fresh, feed->look.folder);
}

static void read_done(struct disk_job *job)
{
    struct dead_letter_feed *feed = feed_of(job, offsetof(struct dead_letter_feed, read_job));
    feed->is_reading = false;
    bool is_first = !feed->has_found, has_new = feed->log_count < feed->look.count;
    feed->has_found = true;
    losses_tell(feed);
    while (feed->log_count < feed->look.count) log_know(feed, feed->look.views[feed->log_count]);
    if (feed->read_status) failed(feed, feed->read_status, "dead letters cannot be read from", feed->look.folder);
    feed->pile.charged = feed->pile.bytes.len;
    budget_charge(feed->host->loop->budget, feed->pile.charged);
    bool has_more = feed->pile.count > 0 || has_new;
    if (feed->options.ends && !has_more && !(is_first && has_new) && !feed->host->is_stopping) {
        feed->host->is_exhausted = true;
        dead_letter_feed_stop(feed);
        return;
    }
    if (has_more && feed->read_status == 0)
        go_on(feed);
    else
        end_check(feed);
}

static void go_on(struct dead_letter_feed *feed)
{
    if (feed->is_reading || feed->host->is_stopped) return;
    if (feed->host->is_stopping || feed->host->is_exhausted) {
        end_check(feed);
        return;
    }
    if (!pile_give(feed)) return;
    feed->is_reading = true;
    feed->read_job = (struct disk_job){.loop = feed->host->loop, .work = read_work, .done = read_done};
    disk_submit(feed->host->disk, &feed->read_job);
}

static void timer_fired(uv_timer_t *timer)
{
    struct dead_letter_feed *feed = timer->data;
    save_begin(feed);
    go_on(feed);
}

static bool is_settled(const struct dead_letter_feed *feed)
{
    for (uint32_t i = 0; i < feed->log_count; i++)
        if (feed->logs[i]->settled < feed->logs[i]->stream.position) return false;
    return true;
}

static void timer_closed(uv_handle_t *handle)
{
    struct dead_letter_feed *feed = handle->data;
    feed->is_timer_closed = true;
    for (uint32_t i = 0; i < feed->log_count; i++) stream_close(&feed->logs[i]->stream);
    pile_clear(feed);
    input_stopped(feed->host);
}

static void end_check(struct dead_letter_feed *feed)
{
    bool is_ending = feed->host->is_stopping || feed->host->is_exhausted;
    if (!is_ending || feed->is_reading || feed->is_saving || !is_settled(feed)) return;
    if (uv_is_closing((uv_handle_t *)&feed->timer)) return;
    feed->is_save_final = true;
    save_begin(feed);
    if (!feed->is_saving) uv_close((uv_handle_t *)&feed->timer, timer_closed);
}

static int marks_read(const struct dead_letter_feed *feed, const char *path, struct dead_letter_marks *marks)
{
    struct buf text = {0};
    int status = sincedb_load(path, &text);
    uint32_t bad = status ? 0 : dead_letter_marks_parse(marks, buf_str(&text));
    buf_fini(&text);
    if (bad)
        LOG(LOG_WARN, "dead_letters.marks", feed->host->id,
            "%u lines of `%s` are not readable: the dead letters that they meant come again", bad, path);
    return status;
}

static int marks_load(struct dead_letter_feed *feed)
{
    struct buf path = {0};
    buf_printf(&path, "%.*s/" DEAD_LETTERS_PURGED, STR_ARG(feed->options.folder));
    int status = marks_read(feed, buf_z(&path), &feed->purged);
    buf_fini(&path);
    return status || !feed->options.marks ? status : marks_read(feed, feed->options.marks, &feed->marks);
}

int dead_letter_feed_start(struct dead_letter_feed **out, const struct dead_letter_feed_options *options,
                           struct input *host)
{
    assert(!options->open_max || options->wants); /* else what is passed over counts as settled */
    struct dead_letter_feed *feed = xcalloc(1, sizeof *feed);
    *out = feed;
    feed->options = *options;
    feed->host = host;
    dead_letter_look_init(&feed->look, options->folder, &file_ops_real);
    int status = marks_load(feed);
    if (status) return status;
    uv_timer_init(&host->loop->uv, &feed->timer);
    feed->timer.data = feed;
    uv_timer_start(&feed->timer, timer_fired, 0, DEAD_LETTER_FEED_INTERVAL_MS);
    return 0;
}

void dead_letter_feed_pause(struct dead_letter_feed *feed, bool paused)
{
    if (!paused) go_on(feed);
}

void dead_letter_feed_stop(struct dead_letter_feed *feed) { end_check(feed); }

void dead_letter_feed_destroy(struct dead_letter_feed *feed)
{
    if (!feed) return;
    dead_letter_look_fini(&feed->look);
    dead_letter_marks_fini(&feed->marks);
    dead_letter_marks_fini(&feed->purged);
    for (uint32_t i = 0; i < feed->log_count; i++) {
        free(feed->logs[i]->runs.items);
        free(feed->logs[i]);
    }
    buf_fini(&feed->pile.bytes);
    free(feed->pile.items);
    buf_fini(&feed->marks_text);
    free(feed);
}

struct dead_letter_feed_counts dead_letter_feed_counts(const struct dead_letter_feed *feed) { return feed->counts; }
