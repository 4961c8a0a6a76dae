/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/dead_letter_record.h"
#include <criterion/criterion.h>
#include "tests/unit/support/events.h"

static struct scene scene;
static struct buf bytes;
static void begin(void) { scene_begin(&scene); }
static void end(void)
{
    buf_fini(&bytes);
    scene_end(&scene);
}
TestSuite(dead_letter_record, .init = begin, .fini = end);

#define TIME_NS UINT64_C(1709622489120000001)

static struct dead_letter letter_of(const struct event *event)
{
    return (struct dead_letter){.stage = DEAD_LETTER_OUTPUT, .plugin = STR("elasticsearch"), .id = STR("es"),
                                .reason = STR("mapping"), .text = STR("failed to parse [n]"), .attempts = 3,
                                .event = event};
}

static struct dead_letter_record again(const struct dead_letter *letter, uint32_t deaths)
{
    struct dead_letter_record record;
    buf_clear(&bytes);
    dead_letter_pack(&bytes, letter, TIME_NS, deaths, STR("abc"));
    cr_assert(dead_letter_unpack(buf_str(&bytes), &record));
    return record;
}

Test(dead_letter_record, tells_all_that_it_was_told)
{
    struct dead_letter letter = letter_of(scene_event(&scene, "{'a':1}"));
    letter.original = STR("raw \xff bytes");
    struct dead_letter_record record = again(&letter, 2);
    cr_expect(str_eq(record.letter.plugin, letter.plugin) && str_eq(record.letter.id, letter.id));
    cr_expect(str_eq(record.letter.reason, letter.reason) && str_eq(record.letter.text, letter.text));
    cr_expect(str_eq(record.letter.original, letter.original) && str_eq(record.hash, STR("abc")));
    cr_expect_eq(record.letter.stage, DEAD_LETTER_OUTPUT);
    cr_expect_eq(record.letter.attempts, 3);
    cr_expect_eq(record.deaths, 2);
    cr_expect_eq(record.time_ns, TIME_NS);
}

Test(dead_letter_record, the_event_comes_back_and_tells_of_its_death)
{
    struct dead_letter letter = letter_of(scene_event(&scene, "{'a':{'b':[1,null]},'@metadata':{'k':'v'}}"));
    struct dead_letter_record record = again(&letter, 1);
    struct event *event = batch_event(scene.batch);
    cr_assert(dead_letter_event(&record, event));
    scene_expect(event, "{'a':{'b':[1,null]},'@metadata':{'k':'v','dead_letter_queue':{'plugin_type':'elasticsearch',"
                        "'plugin_id':'es','reason':'mapping: failed to parse [n]','class':'mapping','stage':'output',"
                        "'entry_time':'2024-03-05T07:08:09.120000001Z','attempts':3,'deaths':1,'config_hash':'abc'}}}");
    cr_expect_eq(dead_letter_deaths(event), 1);
}

Test(dead_letter_record, bytes_alone_become_a_message)
{
    struct dead_letter letter = letter_of(NULL);
    letter.original = STR("{broken");
    struct dead_letter_record record = again(&letter, 1);
    struct event *event = batch_event(scene.batch);
    cr_assert(dead_letter_event(&record, event));
    struct value *message = event_slot(event, SLOT_MESSAGE), *time = event_slot(event, SLOT_TIMESTAMP);
    cr_expect(value_is_string(message) && str_eq(value_text(message), STR("{broken")));
    cr_expect(time && time->seconds == 1709622489 && time->len == 120000001);
}

Test(dead_letter_record, the_original_is_the_bytes_else_the_kept_text_else_the_message)
{
    static const struct { const char *event, *original, *expected; } rows[] = {
        {"{'message':'m','event':{'original':'o'}}", "raw", "raw"},
        {"{'message':'m','event':{'original':'o'}}", "", "o"},
        {"{'message':'m','event':{'original':1}}", "", "m"},
        {"{'message':'m','event':'text'}", "", "m"},
        {"{'message':{'a':1}}", "", ""},
        {"{}", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct event *event = scene_event(&scene, rows[i].event);
        struct dead_letter letter = letter_of(event);
        letter.original = str_of(rows[i].original);
        struct dead_letter_record record = again(&letter, 1);
        cr_expect(str_eq_z(dead_letter_original(&record, event), rows[i].expected), "row %zu", i);
    }
}

Test(dead_letter_record, deaths_are_counted_from_what_the_event_carries)
{
    static const struct { const char *event; uint32_t expected; } rows[] = {
        {"{}", 0},
        {"{'@metadata':{'dead_letter_queue':{'deaths':7}}}", 7},
        {"{'@metadata':{'dead_letter_queue':{'reason':'of Logstash'}}}", 1},
        {"{'@metadata':{'dead_letter_queue':{'deaths':-1}}}", 1},
        {"{'@metadata':{'dead_letter_queue':{'deaths':99999999999}}}", UINT32_MAX - 1},
        {"{'@metadata':{'dead_letter_queue':'text'}}", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(dead_letter_deaths(scene_event(&scene, rows[i].event)), rows[i].expected, "row %zu", i);
}

Test(dead_letter_record, long_texts_are_cut_between_characters)
{
    struct buf text = {0};
    buf_append_char(&text, 'a');
    while (text.len < DEAD_LETTER_TEXT_MAX + 10) buf_append_z(&text, "é");
    struct dead_letter letter = letter_of(NULL);
    letter.text = buf_str(&text);
    letter.original = buf_str(&text);
    struct dead_letter_record record = again(&letter, 1);
    cr_expect_eq(record.letter.text.len, DEAD_LETTER_TEXT_MAX - 1);
    cr_expect_eq(record.letter.original.len, text.len);
    while (text.len <= DEAD_LETTER_ORIGINAL_MAX) buf_append_z(&text, "0123456789abcdef");
    letter.text = letter.original = buf_str(&text);
    record = again(&letter, 1);
    cr_expect_eq(record.letter.original.len, DEAD_LETTER_ORIGINAL_MAX);
    buf_fini(&text);
}

Test(dead_letter_record, a_newer_format_and_what_is_cut_off_are_refused)
{
    struct dead_letter letter = letter_of(scene_event(&scene, "{'a':1}"));
    struct dead_letter_record record = again(&letter, 1);
    size_t whole = bytes.len, head = whole - record.event.len;
    for (size_t len = 0; len <= head; len++)
        cr_expect_not(dead_letter_unpack((struct str){bytes.ptr, len}, &record), "%zu bytes", len);
    cr_expect(dead_letter_unpack(buf_str(&bytes), &record));
    record.event.len--;
    cr_expect_not(dead_letter_event(&record, batch_event(scene.batch)));
    bytes.ptr[0]++;
    cr_expect_not(dead_letter_unpack(buf_str(&bytes), &record));
}

Test(dead_letter_record, the_format_on_disk_is_this)
{
    struct dead_letter letter = {.stage = DEAD_LETTER_CODEC, .plugin = STR("p"), .id = STR("i"), .reason = STR("r"),
                                 .text = STR("t"), .original = STR("o"), .attempts = 200};
    dead_letter_pack(&bytes, &letter, 0x0102030405060708, 1, STR("h"));
    static const char expected[] = "\x01\x00\x00\x08\x07\x06\x05\x04\x03\x02\x01\xc8\x01\x01\x01p\x01i\x01r\x01t\x01h\x01o";
    cr_assert_eq(bytes.len, sizeof expected - 1);
    cr_expect_arr_eq(bytes.ptr, expected, sizeof expected - 1);
}
