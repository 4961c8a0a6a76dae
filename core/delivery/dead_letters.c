/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/dead_letters.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include "core/delivery/dead_letter_log.h"
#include "core/log.h"
#include "core/xmalloc.h"

enum { AGE_LOOK_MS = 1000 }; /* how often old ones are looked for */

/* Letters on their way, and whom to tell. */
struct post {
    struct dead_letter_heap heap;
    struct dead_letter_debt *debts; /* of each letter */
    uint32_t capacity;
};

struct dead_letters {
    struct disk_job job;
    struct dead_letter_log log; /* of those without a door */
    struct dead_letters_door door; /* no `take`: there is none */
    bool has_door;
    struct dead_letters_counters counters;
    struct str pipeline, hash;
    struct loop *loop; /* NULL: not started */
    struct disk *disk;
    struct post waiting, writing;
    size_t charged;
    bool is_writing, is_stopping, is_stopped;
    uv_timer_t timer; /* while letters may become too old */
    bool has_timer;
};

static const char *const loss_names[] = {
    [DEAD_LETTERS_FULL] = "full", [DEAD_LETTERS_DISK] = "disk", [DEAD_LETTERS_TOO_LARGE] = "too_large",
    [DEAD_LETTERS_WAITING] = "waiting", [DEAD_LETTERS_POISON] = "poison", [DEAD_LETTERS_TOPIC] = "topic"};
static const char *const loss_texts[] = {
    [DEAD_LETTERS_FULL] = "its dead letters have reached dead_letter_queue.max_bytes",
    [DEAD_LETTERS_DISK] = "the disk does not take it",
    [DEAD_LETTERS_TOO_LARGE] = "it is larger than an eighth of its worker's part of dead_letter_queue.max_bytes",
    [DEAD_LETTERS_WAITING] = "too many wait for the disk",
    [DEAD_LETTERS_POISON] = "it has died too often",
    [DEAD_LETTERS_TOPIC] = "no broker takes its record for dead_letter_topic"};

const char *dead_letters_loss_name(enum dead_letters_loss loss) { return loss_names[loss]; }

static uint64_t wall_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- settling ---- */

static void settle(const struct dead_letter_debt *debt, enum verdict verdict)
{
    if (debt->settle)
        debt->settle(debt->opaque, debt->obligation, debt->event, verdict);
    else
        obligation_failed(debt->obligation, debt->event, verdict);
}

static void lose(struct dead_letters *letters, const struct dead_letter_debt *debt, enum dead_letters_loss loss,
                 int status)
{
    counter_add(&letters->counters.dropped[loss], 1);
    LOG(LOG_ERROR, "dead_letters.dropped", letters->pipeline, "a dead letter is not kept, its event is lost: %s%s%s",
        loss_texts[loss], status < 0 ? ": " : "", status < 0 ? uv_strerror(status) : "");
    settle(debt, VERDICT_DROPPED);
}

static enum dead_letters_loss loss_of(int status)
{
    return status == SPOOL_FULL ? DEAD_LETTERS_FULL
           : status == SPOOL_TOO_LARGE ? DEAD_LETTERS_TOO_LARGE : DEAD_LETTERS_DISK;
}

/* ---- the disk thread ---- */

static void work(struct disk_job *job)
{
    struct dead_letters *letters = DISK_JOB_OWNER(job, struct dead_letters, job);
    struct dead_letter_log *log = &letters->log;
    dead_letter_log_write(log, &letters->writing.heap, wall_clock_ns());
    if (letters->is_stopping && !letters->writing.heap.count) dead_letter_log_close(log);
}

static void done(struct disk_job *job);

static void write_begin(struct dead_letters *letters)
{
    assert(!letters->is_writing && !letters->writing.heap.count);
    struct post empty = letters->writing;
    letters->writing = letters->waiting;
    letters->waiting = empty;
    letters->is_writing = true;
    letters->job = (struct disk_job){.loop = letters->loop, .work = work, .done = done};
    disk_submit(letters->disk, &letters->job);
}

static void counters_publish(struct dead_letters *letters)
{
    struct dead_letters_counters *counters = &letters->counters;
    const struct dead_letter_log *log = &letters->log;
    atomic_store_explicit(&counters->bytes, log->bytes, memory_order_relaxed);
    atomic_store_explicit(&counters->expired, log->expired, memory_order_relaxed);
    atomic_store_explicit(&counters->evicted, log->evicted, memory_order_relaxed);
    atomic_store_explicit(&counters->last_error, log->status, memory_order_relaxed);
    if (log->status < 0)
        LOG(LOG_ERROR, "dead_letters.disk", letters->pipeline, "dead letters cannot be written to %s: %s", log->folder,
            uv_strerror(log->status));
}

/* Settling may bring new letters: they wait until all of these are told. */
static void done(struct disk_job *job)
{
    struct dead_letters *letters = DISK_JOB_OWNER(job, struct dead_letters, job);
    struct post *post = &letters->writing;
    counters_publish(letters);
    for (uint32_t i = 0; i < post->heap.count; i++) {
        int status = post->heap.letters[i].status;
        if (status) {
            lose(letters, &post->debts[i], loss_of(status), status);
            continue;
        }
        counter_add(&letters->counters.written, 1);
        settle(&post->debts[i], VERDICT_DEAD_LETTERED);
    }
    budget_release(letters->loop->budget, post->heap.bytes.len);
    letters->charged -= post->heap.bytes.len;
    dead_letter_heap_clear(&post->heap);
    letters->is_writing = false;
    if (letters->waiting.heap.count) write_begin(letters);
}

/* ---- the worker's thread ---- */

static void age_look(uv_timer_t *timer)
{
    struct dead_letters *letters = timer->data;
    if (!letters->is_writing && !letters->is_stopping) write_begin(letters);
}

struct dead_letters *dead_letters_create(const struct dead_letters_options *options)
{
    struct dead_letters *letters = xcalloc(1, sizeof *letters);
    letters->pipeline = options->pipeline;
    letters->hash = options->hash;
    letters->has_door = !options->folder.len;
    if (!letters->has_door) dead_letter_log_init(&letters->log, options);
    return letters;
}

static void post_fini(struct post *post)
{
    dead_letter_heap_fini(&post->heap);
    free(post->debts);
}

void dead_letters_destroy(struct dead_letters *letters)
{
    if (!letters) return;
    assert(!letters->loop || letters->is_stopped || letters->has_door);
    if (!letters->has_door) dead_letter_log_fini(&letters->log);
    post_fini(&letters->waiting);
    post_fini(&letters->writing);
    free(letters);
}

const struct dead_letters_counters *dead_letters_counters(const struct dead_letters *letters)
{
    return &letters->counters;
}

const char *dead_letters_problem(const struct dead_letters *letters)
{
    int status = atomic_load_explicit((atomic_int *)(uintptr_t)&letters->counters.last_error, memory_order_relaxed);
    return status == 0 ? NULL : status < 0 ? uv_strerror(status) : loss_texts[loss_of(status)];
}

void dead_letters_start(struct dead_letters *letters, struct loop *loop, struct disk *disk)
{
    letters->loop = loop;
    letters->disk = disk;
    if (letters->has_door) return;
    if (letters->log.age_ns_max) {
        uv_timer_init(&loop->uv, &letters->timer);
        letters->timer.data = letters;
        letters->has_timer = true;
        uv_timer_start(&letters->timer, age_look, AGE_LOOK_MS, AGE_LOOK_MS);
    }
    write_begin(letters); /* opens the log, so that its state is known before there is a letter */
}

void dead_letters_take(struct dead_letters *letters, const struct dead_letter *letter,
                       const struct dead_letter_debt *debt)
{
    assert(letters->loop && !letters->is_stopped);
    uint32_t deaths = letter->event ? dead_letter_deaths(letter->event) : 0;
    if (deaths >= DEAD_LETTERS_DEATHS_MAX) {
        lose(letters, debt, DEAD_LETTERS_POISON, 0);
        return;
    }
    if (letters->has_door) {
        letters->door.take(letters->door.opaque, letter, deaths + 1, debt);
        return;
    }
    if (letters->charged >= DEAD_LETTERS_WAITING_BYTES_MAX) {
        lose(letters, debt, DEAD_LETTERS_WAITING, 0);
        return;
    }
    struct post *post = &letters->waiting;
    if (post->heap.count == post->capacity) {
        post->capacity = post->capacity ? post->capacity * 2 : 64;
        post->debts = xreallocarray(post->debts, post->capacity, sizeof *post->debts);
    }
    post->debts[post->heap.count] = *debt;
    size_t before = post->heap.bytes.len;
    dead_letter_heap_add(&post->heap, letter, wall_clock_ns(), deaths + 1, letters->hash);
    letters->charged += post->heap.bytes.len - before;
    budget_charge(letters->loop->budget, post->heap.bytes.len - before);
    if (!letters->is_writing) write_begin(letters);
}

void dead_letters_open_door(struct dead_letters *letters, const struct dead_letters_door *door)
{
    assert(letters->has_door && !letters->door.take);
    letters->door = *door;
}

bool dead_letters_have_door(const struct dead_letters *letters) { return letters && letters->has_door; }

struct str dead_letters_hash(const struct dead_letters *letters) { return letters->hash; }

void dead_letters_written(struct dead_letters *letters, const struct dead_letter_debt *debt)
{
    counter_add(&letters->counters.written, 1);
    settle(debt, VERDICT_DEAD_LETTERED);
}

void dead_letters_lose(struct dead_letters *letters, const struct dead_letter_debt *debt, enum dead_letters_loss loss)
{
    lose(letters, debt, loss, 0);
}

bool dead_letters_are_behind(const struct dead_letters *letters)
{
    if (!letters) return false;
    if (letters->has_door) return letters->door.take && letters->door.is_behind(letters->door.opaque);
    return letters->charged >= DEAD_LETTERS_WAITING_BYTES_MAX / 2;
}

bool dead_letters_stop(struct dead_letters *letters)
{
    if (!letters->loop || letters->is_stopped || letters->has_door) return true;
    if (letters->is_writing) return false;
    if (!letters->is_stopping) {
        letters->is_stopping = true;
        if (letters->has_timer) uv_close((uv_handle_t *)&letters->timer, NULL);
        write_begin(letters);
        return false;
    }
    letters->is_stopped = true;
    return true;
}

bool dead_letters_folder(struct buf *out, struct str path, struct str pipeline)
{
    buf_append(out, path);
    buf_append_char(out, '/');
    for (size_t i = 0; i < pipeline.len; i++) {
        char c = pipeline.ptr[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '-' ||
                        (c == '.' && i);
        if (is_plain)
            buf_append_char(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned char)c);
    }
    return out->len <= DEAD_LETTERS_FOLDER_MAX;
}
