/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/dead_letter_record.h"
#include <assert.h>
#include "core/event/packed.h"
#include "core/text/time.h"

enum { FLAG_EVENT = 1, HEAD_BYTES = 11 };

static const char *const stages[] = {
    [DEAD_LETTER_CODEC] = "codec", [DEAD_LETTER_FILTER] = "filter",
    [DEAD_LETTER_CONDITION] = "condition", [DEAD_LETTER_OUTPUT] = "output",
    [DEAD_LETTER_QUEUE] = "queue"};
enum { STAGE_COUNT = sizeof stages / sizeof *stages };

const char *dead_letter_stage_name(enum dead_letter_stage stage)
{
    assert((unsigned)stage < STAGE_COUNT);
    return stages[stage];
}

/* Never within a character. */
static struct str cut(struct str text, size_t most)
{
    size_t len = text.len < most ? text.len : most;
    while (len && len < text.len && ((unsigned char)text.ptr[len] & 0xC0) == 0x80) len--;
    return str_slice(text, 0, len);
}

void dead_letter_pack(struct buf *out, const struct dead_letter *letter, uint64_t time_ns, uint32_t deaths,
                      struct str hash)
{
    assert((unsigned)letter->stage < STAGE_COUNT && deaths > 0);
    char head[HEAD_BYTES] = {DEAD_LETTER_FORMAT, (char)letter->stage, letter->event ? FLAG_EVENT : 0};
    for (int i = 0; i < 8; i++) head[3 + i] = (char)(time_ns >> 8 * i);
    buf_append(out, (struct str){head, sizeof head});
    pack_varint(out, letter->attempts);
    pack_varint(out, deaths);
    pack_text(out, letter->plugin);
    pack_text(out, letter->id);
    pack_text(out, letter->reason);
    pack_text(out, cut(letter->text, DEAD_LETTER_TEXT_MAX));
    pack_text(out, hash);
    pack_text(out, cut(letter->original, DEAD_LETTER_ORIGINAL_MAX));
    if (letter->event) pack_event(out, letter->event);
}

static bool unpack_small(struct str *in, uint32_t *number)
{
    uint64_t wide;
    if (!unpack_varint(in, &wide) || wide > UINT32_MAX) return false;
    *number = (uint32_t)wide;
    return true;
}

bool dead_letter_unpack(struct str bytes, struct dead_letter_record *record)
{
    *record = (struct dead_letter_record){0};
    if (bytes.len < HEAD_BYTES || bytes.ptr[0] != DEAD_LETTER_FORMAT) return false;
    unsigned stage = (unsigned char)bytes.ptr[1], flags = (unsigned char)bytes.ptr[2];
    if (stage >= STAGE_COUNT || flags > FLAG_EVENT) return false;
    struct dead_letter *letter = &record->letter;
    letter->stage = (enum dead_letter_stage)stage;
    for (int i = 0; i < 8; i++) record->time_ns |= (uint64_t)(unsigned char)bytes.ptr[3 + i] << 8 * i;
    struct str in = str_from(bytes, HEAD_BYTES);
    if (!unpack_small(&in, &letter->attempts) || !unpack_small(&in, &record->deaths) || !record->deaths) return false;
    if (!unpack_text(&in, &letter->plugin) || !unpack_text(&in, &letter->id) || !unpack_text(&in, &letter->reason) ||
        !unpack_text(&in, &letter->text) || !unpack_text(&in, &record->hash) || !unpack_text(&in, &letter->original))
        return false;
    record->event = in;
    return (flags == FLAG_EVENT) == (in.len > 0);
}

/* ---- events ---- */

static const struct str metadata_name = {"dead_letter_queue", 17};

uint32_t dead_letter_deaths(const struct event *event)
{
    struct key name = key_of(metadata_name), deaths = key_of(STR("deaths"));
    const struct value *told = map_get(&event->metadata, &name);
    if (!told || told->kind != VALUE_MAP) return 0;
    const struct value *count = map_get(told->map, &deaths);
    bool is_count = count && count->kind == VALUE_INT && count->integer > 0;
    /* told by Logstash, or by who wrote the event: it has died once */
    if (!is_count) return 1;
    return count->integer < UINT32_MAX ? (uint32_t)count->integer : UINT32_MAX - 1;
}

static void tell(struct value *told, struct arena *arena, const char *name, struct value value)
{
    map_append(told->map, arena, key_of(str_of(name)), value);
}

static void tell_death(const struct dead_letter_record *record, struct event *event, struct value time)
{
    const struct dead_letter *letter = &record->letter;
    struct arena *arena = event->arena;
    struct value told = value_map(arena, 12);
    tell(&told, arena, "plugin_type", value_string(letter->plugin));
    tell(&told, arena, "plugin_id", value_string(letter->id));
    struct str reason = letter->reason;
    if (letter->text.len) reason = arena_printf(arena, "%.*s: %.*s", STR_ARG(letter->reason), STR_ARG(letter->text));
    tell(&told, arena, "reason", value_string(reason));
    tell(&told, arena, "entry_time", time);
    tell(&told, arena, "stage", value_string(str_of(dead_letter_stage_name(letter->stage))));
    tell(&told, arena, "class", value_string(letter->reason));
    tell(&told, arena, "attempts", value_int(letter->attempts));
    tell(&told, arena, "deaths", value_int(record->deaths));
    tell(&told, arena, "config_hash", value_string(record->hash));
    if (letter->original.len) tell(&told, arena, "original", value_string(letter->original));
    map_set(&event->metadata, arena, key_of(metadata_name), told);
}

bool dead_letter_event(const struct dead_letter_record *record, struct event *event)
{
    struct str in = record->event;
    if (in.len && (!unpack_event(&in, event) || in.len)) return false;
    struct value time =
        value_time((int64_t)(record->time_ns / 1000000000), (uint32_t)(record->time_ns % 1000000000));
    if (!record->event.len) {
        event_slot_set(event, SLOT_TIMESTAMP, time);
        event_slot_set(event, SLOT_MESSAGE, value_string(record->letter.original));
    }
    tell_death(record, event, time);
    return true;
}

struct str dead_letter_original(const struct dead_letter_record *record, const struct event *event)
{
    if (record->letter.original.len || !event) return record->letter.original;
    struct key outer = key_of(STR("event")), inner = key_of(STR("original"));
    const struct value *value = map_get(&event->root, &outer);
    value = value && value->kind == VALUE_MAP ? map_get(value->map, &inner) : NULL;
    if (!value_is_string(value)) value = event_slot(event, SLOT_MESSAGE);
    return value_is_string(value) ? value_text(value) : (struct str){0};
}
