/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a dead letter and as a text of marks: they are refused, or what was read is written and read again
 * as the same. */
#include <assert.h>
#include <stdlib.h>
#include "core/delivery/dead_letter_marks.h"
#include "core/delivery/dead_letter_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void letter(struct str bytes)
{
    struct dead_letter_record record, same;
    struct arena arena;
    struct event event;
    struct buf again = {0};
    arena_init(&arena, NULL);
    event_init(&event, &arena, value_time(0, 0));
    if (dead_letter_unpack(bytes, &record) && dead_letter_event(&record, &event)) {
        assert(dead_letter_deaths(&event) > 0);
        dead_letter_original(&record, &event);
        struct dead_letter told = record.letter;
        told.event = record.event.len ? &event : NULL;
        dead_letter_pack(&again, &told, record.time_ns, record.deaths, record.hash);
        assert(dead_letter_unpack(buf_str(&again), &same));
        assert(str_eq(same.letter.id, record.letter.id) && str_eq(same.letter.reason, record.letter.reason));
        assert(same.time_ns == record.time_ns && same.deaths == record.deaths);
    }
    buf_fini(&again);
    arena_fini(&arena);
}

static void marks(struct str text)
{
    struct dead_letter_marks first = {0}, second = {0};
    struct buf printed = {0}, again = {0};
    dead_letter_marks_parse(&first, text);
    dead_letter_marks_print(&first, &printed);
    assert(dead_letter_marks_parse(&second, buf_str(&printed)) == 0);
    dead_letter_marks_print(&second, &again);
    assert(str_eq(buf_str(&printed), buf_str(&again)));
    dead_letter_marks_fini(&first);
    dead_letter_marks_fini(&second);
    buf_fini(&printed);
    buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    letter(bytes);
    marks(bytes);
    return 0;
}
