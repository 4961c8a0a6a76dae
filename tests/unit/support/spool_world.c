/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/spool_world.h"
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

const struct spool_options world_options = {.folder = "sim/log", .bytes_max = 4096, .segment_bytes = 1024,
                                            .group_bytes = 480, .payload_max = WORLD_PAYLOAD_MAX + SPOOL_RUN_HEAD_BYTES,
                                            .has_runs = true};
static const char *const cursor_names[WORLD_CURSORS] = {"elasticsearch", "file"};

void world_init(struct world *world, uint64_t seed)
{
    *world = (struct world){.is_open = false};
    sim_init(&world->disk, seed);
}

void world_survive(const struct world *from, enum sim_survival survival, uint64_t seed, struct world *after)
{
    *after = (struct world){.books = from->books};
    sim_survive(&from->disk, survival, seed, &after->disk);
}

void world_fini(struct world *world)
{
    world_close(world);
    sim_fini(&world->disk);
}

static bool wrong(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool wrong(struct world *world, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!*world->problem) vsnprintf(world->problem, sizeof world->problem, format, args);
    va_end(args);
    return false;
}

static size_t payload_make(uint64_t sequence, uint32_t epoch, char to[WORLD_PAYLOAD_MAX])
{
    size_t len = 16 + sequence * 37 % (WORLD_PAYLOAD_MAX - 16);
    for (size_t i = 0; i < len; i++) to[i] = (char)(sequence * 31 + epoch * 7 + i * i);
    snprintf(to, 16, "%llu/%u", (unsigned long long)sequence, epoch);
    return len;
}

/* In which epoch it was appended, or -1: never like this. */
static int payload_epoch(const struct spool_record *record)
{
    unsigned long long sequence = 0;
    unsigned epoch = 0;
    char head[17] = "", whole[WORLD_PAYLOAD_MAX];
    memcpy(head, record->payload.ptr, record->payload.len < 16 ? record->payload.len : 16);
    if (sscanf(head, "%llu/%u", &sequence, &epoch) != 2 || sequence != record->sequence) return -1;
    size_t len = payload_make(sequence, epoch, whole);
    return str_eq(record->payload, (struct str){whole, len}) ? (int)epoch : -1;
}

int world_open(struct world *world)
{
    assert(!world->is_open && world->books.epoch + 1 < WORLD_EPOCHS_MAX);
    int error = spool_open(&world->spool, &world_options, &world->disk.ops, &world->report);
    if (error) return error;
    world->books.epoch++;
    world->is_open = true;
    for (int i = 0; i < WORLD_CURSORS && error == 0; i++)
        error = spool_cursor_open(&world->spool, cursor_names[i], SPOOL_FROM_FIRST, &world->cursors[i]);
    if (error) world_close(world);
    return error;
}

void world_close(struct world *world)
{
    if (world->is_open) spool_close(&world->spool);
    world->is_open = false;
}

int world_sync(struct world *world)
{
    struct world_books *books = &world->books;
    int error = spool_sync(&world->spool);
    if (error) return error;
    while (books->promised < world->spool.synced) {
        books->promised++;
        if (books->epochs[books->promised] & 1ull << books->epoch)
            books->epoch_of[books->promised] = (uint8_t)books->epoch;
        else /* recovered, of an earlier epoch */
            books->epoch_of[books->promised] = 0;
    }
    return 0;
}

static int room_make(struct world *world)
{
    int error = world_sync(world);
    for (int i = 0; i < WORLD_CURSORS && error == 0; i++) error = world_read(world, i, WORLD_RECORDS_MAX);
    return error ? error : world_checkpoint(world);
}

/* Of those that are divisible by three, runs of up to four numbers. */
static uint32_t numbers_of(uint64_t sequence) { return sequence % 3 == 0 ? 2 + (uint32_t)(sequence / 3 % 3) : 1; }

static int append_one(struct world *world)
{
    struct world_books *books = &world->books;
    char payload[WORLD_PAYLOAD_MAX];
    uint64_t sequence = world->spool.next;
    assert(sequence + SPOOL_RUN_MAX < WORLD_RECORDS_MAX);
    size_t len = payload_make(sequence, books->epoch, payload);
    struct str parts[2] = {{payload, 7}, {payload + 7, len - 7}};
    uint32_t numbers = numbers_of(sequence);
    int verdict = spool_append_run(&world->spool, parts, 2, numbers, &sequence);
    for (uint32_t i = 0; verdict == 0 && i < numbers; i++) books->epochs[sequence + i] |= 1ull << books->epoch;
    return verdict;
}

int world_append(struct world *world, int count)
{
    for (int i = 0; i < count; i++) {
        int verdict = append_one(world);
        if (verdict == SPOOL_SYNC_FIRST) verdict = world_sync(world);
        if (verdict == SPOOL_FULL) verdict = room_make(world);
        if (verdict) return verdict;
    }
    return 0;
}

static bool record_is_right(struct world *world, const struct spool_record *record)
{
    const struct world_books *books = &world->books;
    int epoch = payload_epoch(record);
    if (record->numbers != numbers_of(record->sequence))
        return wrong(world, "record %llu has %u numbers", (unsigned long long)record->sequence, record->numbers);
    if (epoch < 0 || record->sequence >= WORLD_RECORDS_MAX || !(books->epochs[record->sequence] & 1ull << epoch))
        return wrong(world, "record %llu was never appended", (unsigned long long)record->sequence);
    bool is_promised = record->sequence <= books->promised && books->epoch_of[record->sequence];
    if (is_promised && books->epoch_of[record->sequence] != epoch)
        return wrong(world, "record %llu is of epoch %d", (unsigned long long)record->sequence, epoch);
    return true;
}

static bool loss_is_right(struct world *world, const struct spool_loss *loss)
{
    bool has_promised = false;
    for (uint64_t i = loss->first; i <= loss->last; i++)
        has_promised |= i <= world->books.promised && world->books.epoch_of[i];
    if (world->books.may_lose && !has_promised) return true;
    return wrong(world, "lost %llu to %llu, kind %d in %llu at %llu", (unsigned long long)loss->first,
                 (unsigned long long)loss->last, loss->kind, (unsigned long long)loss->segment,
                 (unsigned long long)loss->offset);
}

int world_read(struct world *world, int cursor, int most)
{
    struct spool_cursor *at = &world->cursors[cursor];
    uint64_t expected = at->wanted;
    struct spool_record record;
    struct spool_loss loss;
    int verdict = 0;
    for (int i = 0; i < most; i++) {
        verdict = spool_read(at, &record, &loss);
        if (verdict == SPOOL_LOSS && loss_is_right(world, &loss)) {
            expected = loss.last + 1;
            continue;
        }
        if (verdict) break;
        uint64_t last = spool_record_last(&record);
        if (record.sequence > expected || last < expected)
            wrong(world, "record %llu comes where %llu is to", (unsigned long long)record.sequence, (unsigned long long)expected);
        expected = last + 1;
        if (!record_is_right(world, &record)) break;
        uint64_t done = cursor == 0 && last > record.sequence ? last - 1 : last; /* within the run, now and then */
        spool_done(at, done);
        if (done > world->books.done[cursor]) world->books.done[cursor] = done;
    }
    return verdict == SPOOL_END || verdict == SPOOL_LOSS ? 0 : verdict;
}

int world_checkpoint(struct world *world)
{
    uint64_t done[WORLD_CURSORS];
    for (int i = 0; i < WORLD_CURSORS; i++) done[i] = spool_done_up_to(&world->cursors[i]);
    uint64_t generation = world->spool.checkpoint.generation;
    int error = spool_checkpoint(&world->spool);
    /* it holds, too, when only a segment could not be deleted */
    if (world->spool.checkpoint.generation > generation) memcpy(world->books.done_durable, done, sizeof done);
    return error;
}

static uint64_t draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static int step(struct world *world, uint64_t *random)
{
    uint64_t count = draw(random) % 4;
    switch (draw(random) % 12) {
    case 0: case 1: case 2: case 3: case 4: return world_append(world, (int)count + 1);
    case 5: case 6: return world_sync(world);
    case 7: case 8: return world_read(world, 0, 6);
    case 9: return world_read(world, 1, 5);
    case 10: return world_checkpoint(world);
    default:
        if (count) return world_sync(world);
        world_close(world);
        return 0;
    }
}

void world_live(struct world *world, uint64_t seed, int steps)
{
    for (int i = 0; i < steps && !world->disk.is_stopped && !*world->problem; i++) {
        int error = world->is_open ? 0 : world_open(world);
        if (error == 0) error = step(world, &seed);
        if (error < 0 && !world->disk.is_stopped && !world->disk.fail_at && !world->disk.room)
            wrong(world, "step %d: error %d without a reason", i, error);
    }
}

static bool begins_right(struct world *world, int cursor)
{
    uint64_t wanted = world->cursors[cursor].wanted;
    if (wanted > world->books.done_durable[cursor] && wanted <= world->books.done[cursor] + 1) return true;
    return wrong(world, "%s begins with %llu, done were %llu, durable %llu", cursor_names[cursor],
                 (unsigned long long)wanted, (unsigned long long)world->books.done[cursor],
                 (unsigned long long)world->books.done_durable[cursor]);
}

bool world_is_right(struct world *world)
{
    int error = world_open(world);
    if (error) return world->disk.is_stopped ? true : wrong(world, "does not open: %d", error);
    if (world->report.is_checkpoint_lost || world->report.foreign)
        return wrong(world, "something is taken for lost or foreign");
    if (world->report.missing.kind && !world->books.may_lose) return wrong(world, "something is taken for missing");
    for (int i = 0; i < WORLD_CURSORS; i++) {
        if (!begins_right(world, i)) return false;
        error = world_read(world, i, WORLD_RECORDS_MAX);
        if (error && !world->disk.is_stopped) return wrong(world, "reading: %d", error);
        if (error == 0 && world->cursors[i].wanted <= world->books.promised)
            return wrong(world, "%s ends at %llu, promised were %llu", cursor_names[i],
                         (unsigned long long)world->cursors[i].wanted - 1,
                         (unsigned long long)world->books.promised);
    }
    if (*world->problem) return false;
    error = world_append(world, 3);
    uint64_t fresh = world->spool.next - 1;
    if (error == 0) error = world_sync(world);
    if (error == 0) error = world_checkpoint(world);
    if (error == 0) error = world_read(world, 1, 10);
    if (error) return world->disk.is_stopped ? !*world->problem : wrong(world, "a fresh record: %d", error);
    if (world->cursors[1].wanted != fresh + 1) return wrong(world, "the fresh record did not pass");
    return !*world->problem;
}
