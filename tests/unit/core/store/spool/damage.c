/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that are not what was written: every byte of a small log changed, files cut at every length, bytes
 * that only look like records. What is lost is told exactly, and nothing else is lost. */
#include <criterion/criterion.h>
#include <stdio.h>
#include "core/store/spool/spool.h"
#include "tests/unit/support/sim_disk.h"

enum { RECORDS = 23, GROUP = 3, LAST_GROUP = 22 /* first number of the last group */, RUN = 3 };

static struct spool_options options = {.folder = "sim/log", .bytes_max = 8192, .segment_bytes = 700,
                                       .group_bytes = 400, .payload_max = 100};
static struct sim_disk disk;

/* With runs, whole groups are some of them. */
static uint32_t numbers_of(uint64_t sequence)
{
    return options.has_runs && sequence % GROUP == 1 && sequence / GROUP % 2 == 0 ? RUN : 1;
}

static size_t payload_make(uint64_t sequence, char to[100])
{
    size_t len = 20 + sequence * 13 % 50;
    memset(to, (int)('a' + sequence), len);
    return len;
}

/* Groups of three; the checkpoint is of the beginning, so that it proves nothing about the rest. */
static void log_make(struct sim_disk *to, bool has_checkpoint)
{
    struct spool spool;
    struct spool_report report;
    struct spool_cursor cursor;
    char payload[100];
    uint64_t sequence;
    sim_init(to, 3);
    cr_assert_eq(spool_open(&spool, &options, &to->ops, &report), 0);
    cr_assert_eq(spool_cursor_open(&spool, "a", SPOOL_FROM_FIRST, &cursor), 0);
    for (uint64_t i = 1; i <= RECORDS; i++) {
        struct str part = {payload, payload_make(i, payload)};
        uint32_t numbers = numbers_of(i);
        cr_assert_eq(spool_append_run(&spool, &part, 1, numbers, &sequence), 0);
        cr_assert_eq(sequence, i);
        i += numbers - 1;
        if (i % GROUP == 0 || i == RECORDS) cr_assert_eq(spool_sync(&spool), 0);
    }
    if (has_checkpoint) cr_assert_eq(spool_checkpoint(&spool), 0);
    spool_close(&spool);
}

struct found {
    uint64_t read, lost;       /* how many */
    uint64_t lost_first, lost_last;
    struct spool_loss loss;    /* the last one */
    struct spool_report report;
};

/* Opens, reads all, and checks that numbers are in order, payloads intact, and gaps told. */
static struct found look(struct sim_disk *at)
{
    struct found found = {0};
    struct spool spool;
    struct spool_cursor cursor;
    struct spool_record record;
    struct spool_loss loss;
    char payload[100];
    cr_assert_eq(spool_open(&spool, &options, &at->ops, &found.report), 0);
    cr_assert_eq(spool_cursor_open(&spool, "a", SPOOL_FROM_FIRST, &cursor), 0);
    uint64_t expected = 1;
    int verdict;
    while ((verdict = spool_read(&cursor, &record, &loss)) != SPOOL_END) {
        cr_assert(verdict == 0 || verdict == SPOOL_LOSS, "%d", verdict);
        cr_assert_eq(verdict ? loss.first : record.sequence, expected);
        if (verdict) {
            found.lost += loss.last - loss.first + 1;
            if (!found.lost_first) found.lost_first = loss.first;
            found.loss = loss;
            found.lost_last = loss.last;
        } else {
            size_t len = payload_make(record.sequence, payload);
            cr_assert(str_eq(record.payload, (struct str){payload, len}), "%llu", (unsigned long long)expected);
            cr_assert_eq(record.numbers, numbers_of(record.sequence));
            found.read += record.numbers;
        }
        expected = (verdict ? loss.last : spool_record_last(&record)) + 1;
    }
    spool_close(&spool);
    return found;
}

static const char *segment_name(uint32_t number)
{
    const char *name = NULL;
    for (uint32_t i = 0, seen = 0; i < disk.now.count; i++)
        if (strstr(disk.now.items[i].name, ".seg") && seen++ == number) name = disk.now.items[i].name;
    return name;
}

static void flip(struct sim_disk *copy, const char *name, uint64_t at, unsigned bits)
{
    sim_survive(&disk, SIM_SYNCED, 1, copy);
    struct sim_image *image = sim_content(copy, name);
    image->bytes[at] = (char)(image->bytes[at] ^ (char)bits);
}

static void change_every_byte(void)
{
    static struct sim_disk copy;
    log_make(&disk, false);
    uint32_t flips = 0, segments = 0;
    for (const char *name; (name = segment_name(segments)); segments++) {
        uint64_t size = sim_content(&disk, name)->size;
        for (uint64_t at = 0; at < size; at++) {
            static const unsigned bits[] = {1, 0x80, 0xff};
            for (int b = 0; b < 3; b++, flips++) {
                flip(&copy, name, at, bits[b]);
                struct found found = look(&copy);
                const struct spool_loss *torn = &found.report.torn;
                uint64_t cut = torn->kind ? RECORDS - torn->first + 1 : 0;
                cr_assert_eq(found.read + found.lost + cut, RECORDS, "%s at %llu", name, (unsigned long long)at);
                uint64_t most = found.lost ? numbers_of(found.lost_first) : 0;
                cr_assert_leq(found.lost, most, "%s at %llu: %llu lost", name, (unsigned long long)at,
                              (unsigned long long)found.lost);
                cr_assert_eq(found.lost + cut > 0, at >= SPOOL_HEADERS_BYTES, "%s at %llu", name, (unsigned long long)at);
                if (cut) cr_assert_geq(torn->first, LAST_GROUP, "only the last group may never have been synced");
                if (found.lost) {
                    cr_assert_eq(found.loss.kind, SPOOL_LOSS_DAMAGED);
                    cr_assert(found.loss.offset <= at && at < found.loss.offset + found.loss.bytes);
                }
                sim_fini(&copy);
            }
        }
    }
    cr_expect_gt(segments, 1);
    cr_expect_gt(flips, options.has_runs ? 2500 : 4000);
    sim_fini(&disk);
}

Test(spool_damage, a_changed_byte_costs_its_record_and_no_other) { change_every_byte(); }

Test(spool_damage, a_changed_byte_of_a_run_costs_all_its_numbers_and_no_others)
{
    options.has_runs = true;
    change_every_byte();
}

Test(spool_damage, with_a_checkpoint_the_last_group_is_known_to_have_been_synced)
{
    static struct sim_disk copy;
    log_make(&disk, true);
    uint32_t last = 0;
    while (segment_name(last + 1)) last++;
    const char *name = segment_name(last);
    uint64_t size = sim_content(&disk, name)->size;
    for (uint64_t at = SPOOL_HEADERS_BYTES; at < size; at++) {
        flip(&copy, name, at, 4);
        struct found found = look(&copy);
        cr_assert_eq(found.report.torn.kind, SPOOL_LOSS_NONE);
        cr_assert_eq(found.lost, 1);
        cr_assert_eq(found.read, RECORDS - 1);
        sim_fini(&copy);
    }
    sim_fini(&disk);
}

Test(spool_damage, a_changed_byte_of_the_checkpoint_repeats_records_and_loses_none)
{
    static struct sim_disk copy;
    log_make(&disk, true);
    for (uint64_t at = 0; at < 8192; at++) {
        flip(&copy, "checkpoint", at, 0x10);
        struct found found = look(&copy);
        cr_assert_eq(found.read, RECORDS, "at %llu", (unsigned long long)at);
        cr_assert_not(found.report.is_checkpoint_lost, "the other slot is whole");
        sim_fini(&copy);
    }
    sim_fini(&disk);
}

Test(spool_damage, a_file_cut_at_any_length_loses_its_end)
{
    static struct sim_disk copy;
    log_make(&disk, true);
    uint32_t segments = 0;
    for (const char *name; (name = segment_name(segments)); segments++) {
        uint64_t size = sim_content(&disk, name)->size;
        for (uint64_t length = 0; length < size; length++) {
            sim_survive(&disk, SIM_SYNCED, 1, &copy);
            sim_resize(&copy, name, length);
            struct found found = look(&copy);
            cr_assert_eq(found.read + found.lost, RECORDS, "%s cut at %llu: %llu and %llu", name,
                         (unsigned long long)length, (unsigned long long)found.read, (unsigned long long)found.lost);
            cr_assert_eq(found.lost, found.lost_last - found.lost_first + 1, "one piece");
            sim_fini(&copy);
        }
    }
    sim_fini(&disk);
}

Test(spool_damage, without_both_headers_the_records_of_a_segment_are_lost_and_no_others)
{
    static struct sim_disk copy;
    log_make(&disk, true);
    const char *name = segment_name(1);
    sim_survive(&disk, SIM_SYNCED, 1, &copy);
    struct sim_image *image = sim_content(&copy, name);
    image->bytes[9] ^= 1;
    image->bytes[9 + SPOOL_HEADER_BYTES] ^= 1;
    struct found found = look(&copy);
    cr_expect_eq(found.loss.kind, SPOOL_LOSS_HEADER);
    cr_expect_gt(found.lost, 2);
    cr_expect_eq(found.read + found.lost, RECORDS);
    sim_fini(&copy);
    sim_fini(&disk);
}

/* A sender may put whole records into its lines, and these are searched behind a damaged place. */
Test(spool_damage, a_payload_that_looks_like_a_record_is_none)
{
    struct spool spool;
    struct spool_report report;
    struct spool_cursor cursor;
    struct spool_record record;
    struct spool_loss loss;
    uint64_t sequence;
    char forged[80] = {0};
    sim_init(&disk, 5);
    cr_assert_eq(spool_open(&spool, &options, &disk.ops, &report), 0);
    cr_assert_eq(spool_cursor_open(&spool, "a", SPOOL_FROM_FIRST, &cursor), 0);
    spool_record_put(forged, spool_seed(0), 2, 1, 40, true);
    struct str part = {forged, sizeof forged};
    for (int i = 0; i < 3; i++) cr_assert_eq(spool_append(&spool, &part, 1, &sequence), 0);
    cr_assert_eq(spool_sync(&spool), 0);
    sim_content(&disk, "00000000000000000001.seg")->bytes[SPOOL_HEADERS_BYTES + 90] ^= 1;
    cr_expect_eq(spool_read(&cursor, &record, &loss), SPOOL_LOSS);
    cr_expect_eq(loss.first, 1);
    cr_expect_eq(loss.last, 1);
    cr_expect_eq(spool_read(&cursor, &record, &loss), 0);
    cr_expect(record.sequence == 2 && record.payload.len == sizeof forged);
    spool_close(&spool);
    sim_fini(&disk);
}
