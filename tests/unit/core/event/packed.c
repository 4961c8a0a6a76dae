/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/packed.h"
#include <criterion/criterion.h>
#include <math.h>
#include "tests/unit/support/events.h"

static struct scene scene;
static void begin(void) { scene_begin(&scene); }
static void end(void) { scene_end(&scene); }
TestSuite(packed, .init = begin, .fini = end);

#define BYTES(text_) ((struct str){text_, sizeof text_ - 1})

static struct event *event_again(struct str bytes)
{
    struct event *event = batch_event(scene.batch);
    return unpack_event(&bytes, event) && !bytes.len ? event : NULL;
}

Test(packed, events_come_back_as_they_were)
{
    static const char *const rows[] = {
        "{}",
        "{'message':'m','tags':['a','b'],'n':[1,-1,0,9223372036854775807,-9223372036854775807],'t':true,'f':false}",
        "{'a':{'b':{'c':[{},[],null,'']}},'@metadata':{'x':{'y':1.5}}}",
        "{'tags':'one','message':{'is':'a map'}}",
        "{'':'a key without a letter','nul':'\\u0000','\\u00e9':'\\ud83d\\ude00'}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf bytes = {0};
        pack_event(&bytes, scene_event(&scene, rows[i]));
        struct event *again = event_again((struct str){bytes.ptr, bytes.len});
        cr_assert(again, "row %zu", i);
        scene_expect(again, rows[i]);
        struct value *time = event_slot(again, SLOT_TIMESTAMP);
        cr_assert(time && time->kind == VALUE_TIME && time->len == 120000000);
        buf_fini(&bytes);
    }
}

Test(packed, absent_slots_stay_absent_and_removed_fields_gone)
{
    struct event *event = scene_event(&scene, "{'a':1,'b':2}");
    event_slot_set(event, SLOT_TIMESTAMP, VALUE_NONE);
    struct key key = key_of(STR("a"));
    map_remove(&event->root, &key);
    struct buf bytes = {0};
    pack_event(&bytes, event);
    struct event *again = event_again((struct str){bytes.ptr, bytes.len});
    cr_assert(again && !event_slot(again, SLOT_TIMESTAMP));
    scene_expect(again, "{'b':2}");
    cr_assert_eq(again->root.live, event->root.live);
    buf_fini(&bytes);
}

Test(packed, values_keep_kind_digits_and_bits)
{
    const struct value rows[] = {
        value_int(INT64_MIN), value_int(INT64_MAX), value_double(-0.0), value_double(NAN), value_double(5e-324),
        value_number(STR("1.10")), value_number(STR("12345678901234567890e-400")), value_string(STR("")),
        value_string(BYTES("\xff\x00\xfe")), value_time(INT64_MIN, 0), value_time(253402300799, 999999999),
        value_null(), value_bool(true), value_bool(false),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf bytes = {0}, again = {0};
        pack_value(&bytes, &rows[i]);
        struct str in = {bytes.ptr, bytes.len};
        struct value value;
        cr_assert(unpack_value(&in, &scene.config, &value) && !in.len, "row %zu", i);
        cr_assert_eq(value.kind, rows[i].kind);
        pack_value(&again, &value);
        cr_assert(again.len == bytes.len && !memcmp(again.ptr, bytes.ptr, bytes.len), "row %zu", i);
        buf_fini(&again);
        buf_fini(&bytes);
    }
}

Test(packed, the_format_on_disk_is_this)
{
    struct value map = value_map(&scene.config, 2);
    struct value list = value_array(&scene.config, 2);
    array_push(list.array, &scene.config, value_int(-2));
    array_push(list.array, &scene.config, value_time(300, 7));
    map_set(map.map, &scene.config, key_of(STR("k")), list);
    map_set(map.map, &scene.config, key_of(STR("d")), value_double(1));
    struct buf bytes = {0};
    pack_value(&bytes, &map);
    struct str expected = BYTES("\x0a\x02\x01k\x09\x02\x04\x03\x08\xd8\x04\x07\x01"
                                "d\x05\0\0\0\0\0\0\xf0\x3f");
    cr_assert(str_eq((struct str){bytes.ptr, bytes.len}, expected));
    buf_fini(&bytes);
}

/* An event of fields that have one text in memory, as `message` and [event][original] have: its bytes. */
static size_t packed_len_of_one_text(size_t len, int fields)
{
    static const char *const names[] = {"a", "b", "c"};
    char text[PACKED_AGAIN_MIN];
    memset(text, 'x', sizeof text);
    struct event *event = batch_event(scene.batch);
    for (int i = 0; i < fields; i++)
        map_set(&event->root, event->arena, key_of(str_of(names[i])), value_string((struct str){text, len}));
    struct buf bytes = {0};
    pack_event(&bytes, event);
    struct event *again = event_again((struct str){bytes.ptr, bytes.len});
    cr_assert(again, "%zu bytes", len);
    for (int i = 0; i < fields; i++) {
        struct path path = scene_path(&scene, names[i]);
        cr_expect(str_eq(value_text(path_get(&path, again)), (struct str){text, len}), "%s", names[i]);
    }
    size_t packed = bytes.len;
    buf_fini(&bytes);
    return packed;
}

Test(packed, a_long_text_of_two_fields_is_written_once)
{
    enum { KEY = 2, HEAD = 2, AGAIN = 3, LONG = PACKED_AGAIN_MIN }; /* bytes of each */
    size_t none = packed_len_of_one_text(LONG, 0);
    cr_expect_eq(packed_len_of_one_text(LONG - 1, 2), none + 2 * (KEY + HEAD + LONG - 1), "a short one: twice");
    cr_expect_eq(packed_len_of_one_text(LONG, 2), none + 2 * KEY + HEAD + LONG + AGAIN);
    cr_expect_eq(packed_len_of_one_text(LONG, 3), none + 3 * KEY + 2 * (HEAD + LONG) + AGAIN, "once again, not for ever");
}

Test(packed, other_bytes_are_refused)
{
    static const struct { const char *what; struct str bytes; } rows[] = {
        {"nothing", BYTES("")},
        {"kind 0", BYTES("\0")},
        {"kind 12", BYTES("\x0c")},
        {"again, and nothing more", BYTES("\x0b")},
        {"again, without a length", BYTES("\x0b\x00")},
        {"again, from before the bytes", BYTES("\x09\x02\x07\x01x\x0b\x06\x01")},
        {"again, with bytes of its own", BYTES("\x09\x02\x07\x01x\x0b\x01\x02")},
        {"again, in all more bytes than were given", BYTES("\x09\x05\x07\x04xxxx\x0b\x04\x04\x0b\x07\x04\x0b\x0a\x04\x0b\x0d\x09")},
        {"an integer that does not end", BYTES("\x04\xff\xff")},
        {"an integer of 65 bits", BYTES("\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")},
        {"an integer of 11 bytes", BYTES("\x04\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")},
        {"a short double", BYTES("\x05\0\0\0\0\0\0\0")},
        {"a string longer than its bytes", BYTES("\x07\x02x")},
        {"no number", BYTES("\x06\x00")},
        {"a number that is none", BYTES("\x06\x02" "1x")},
        {"a second of more than a second", BYTES("\x08\x00\x80\x94\xeb\xdc\x03")},
        {"an array longer than its bytes", BYTES("\x09\x02\x01")},
        {"an array that claims 4 GiB", BYTES("\x09\xff\xff\xff\xff\x0f\x01")},
        {"a map with half an entry", BYTES("\x0a\x01\x01k")},
        {"a map that claims 4 GiB", BYTES("\x0a\xff\xff\xff\xff\x0f\x01k\x01")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str in = rows[i].bytes;
        struct value value;
        cr_expect(!unpack_value(&in, &scene.config, &value), "%s", rows[i].what);
    }
}

Test(packed, events_that_cannot_be_are_refused)
{
    static const struct { const char *what; struct str bytes; } rows[] = {
        {"@timestamp a string", BYTES("\x01\x0a@timestamp\x07\x00\x00")},
        {"tags a number", BYTES("\x01\x04tags\x04\x02\x00")},
        {"@metadata among the fields", BYTES("\x01\x09@metadata\x0a\x00\x00")},
        {"no metadata", BYTES("\x00")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect(!event_again(rows[i].bytes), "%s", rows[i].what);
    cr_assert(event_again(BYTES("\x00\x00")));
}

Test(packed, no_part_of_an_event_is_an_event)
{
    struct buf bytes = {0};
    pack_event(&bytes, scene_event(&scene, "{'message':'m','a':{'b':[1,2.5,'x']},'@metadata':{'k':null}}"));
    for (size_t len = 0; len < bytes.len; len++)
        cr_assert(!event_again((struct str){bytes.ptr, len}), "%zu of %zu bytes", len, bytes.len);
    cr_assert(event_again((struct str){bytes.ptr, bytes.len}));
    buf_fini(&bytes);
}

static bool depth_is_taken(uint32_t depth)
{
    struct buf bytes = {0};
    for (uint32_t i = 0; i < depth; i++) buf_append(&bytes, BYTES("\x09\x01"));
    buf_append(&bytes, BYTES("\x01"));
    struct str in = {bytes.ptr, bytes.len};
    struct value value;
    bool is_taken = unpack_value(&in, &scene.config, &value);
    buf_fini(&bytes);
    return is_taken;
}

Test(packed, containers_lie_within_each_other_up_to_the_limit)
{
    cr_assert(depth_is_taken(VALUE_DEPTH_MAX));
    cr_assert(!depth_is_taken(VALUE_DEPTH_MAX + 1));
    cr_assert(!depth_is_taken(1000000));
}
