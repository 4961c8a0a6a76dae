/* SPDX-License-Identifier: Apache-2.0 */
/* The event: get, set, remove, tag, cancel, and events that are made. */
#include "core/event/path.h"
#include "core/event/template.h"
#include "core/ruby/methods.h"
#include "core/text/json.h"

static struct event *event_of(struct value value)
{
    return (struct event *)(uintptr_t)ruby_pointer(value);
}

/* The reference of the first argument, compiled now when it was not written out. */
static const struct path *path_of(struct ruby_run *run, const struct ruby_args *args,
                                  struct path *made)
{
    struct str text;
    if (!is_text(ARG(0)) && !want_text(run, ARG(0), &text)) return NULL;
    if (path_compile(made, arena_copy(run->arena, ruby_text(ARG(0))), run->arena)) return made;
    ruby_raise(run, "RuntimeError", "Invalid FieldReference: `%.*s`", STR_ARG(ruby_text(ARG(0))));
    return NULL;
}

METHOD(event_get)
{
    struct path made;
    struct value value;
    const struct path *path = path_of(run, args, &made);
    return path && ruby_from_event(run, path_get(path, event_of(args->self)), &value) ? value
                                                                                      : LEFT;
}

static struct value write_failed(struct ruby_run *run, const struct path *path)
{
    return ruby_raise(run, "RuntimeError", "the field %.*s cannot take this", STR_ARG(path->text));
}

struct value ruby_event_write(struct ruby_run *run, struct value event, const struct path *path,
                              struct value value)
{
    struct value stored;
    if (!ruby_to_event(run, value, 0, &stored)) return LEFT;
    bool is_time = !path->is_metadata && path->count == 1 && path->slot == SLOT_TIMESTAMP;
    if (is_time && stored.kind == VALUE_STRING)
        return ruby_raise(run, "TypeError", "@timestamp takes a LogStash::Timestamp, not a String");
    enum path_result result = path_set(path, event_of(event), stored);
    return result == PATH_SET || result == PATH_IGNORED ? value : write_failed(run, path);
}

METHOD(event_set)
{
    struct path made;
    const struct path *path = path_of(run, args, &made);
    return path ? ruby_event_write(run, args->self, path, ARG(1)) : LEFT;
}
METHOD(event_remove)
{
    struct path made;
    struct value value, removed;
    const struct path *path = path_of(run, args, &made);
    if (!path) return LEFT;
    removed = path_remove(path, event_of(args->self));
    return ruby_from_event(run, &removed, &value) ? value : LEFT;
}
METHOD(event_includes)
{
    struct path made;
    const struct path *path = path_of(run, args, &made);
    return path ? value_bool(path_get(path, event_of(args->self)) != NULL) : LEFT;
}
METHOD(event_tag_add)
{
    struct str tag;
    if (!want_text(run, ARG(0), &tag)) return LEFT;
    event_tag(event_of(args->self), arena_copy(run->arena, tag));
    return value_null();
}
METHOD(event_cancel)
{
    if (event_of(args->self) == run->event)
        run->work->is_cancelled = true;
    else
        return ruby_raise(run, "NotImplementedError", "cancel of an event that was made here");
    return value_bool(true);
}
METHOD(event_uncancel)
{
    if (event_of(args->self) == run->event) run->work->is_cancelled = false;
    return value_bool(true);
}
METHOD(event_is_cancelled)
{
    return value_bool(event_of(args->self) == run->event && run->work->is_cancelled);
}

METHOD(event_to_hash)
{
    struct event *event = event_of(args->self);
    bool metadata_too = args->node && str_ends(args->node->name, STR("metadata"));
    struct value hash = ruby_hash_new(run, event->root.live), value;
    MAP_EACH (&event->root, entry) {
        if (!ruby_from_event(run, &entry->value, &value)) return LEFT;
        if (!ruby_hash_set(run, hash, ruby_string(key_text(&entry->key)), value)) return LEFT;
    }
    if (!metadata_too || !event->metadata.live) return hash;
    if (!ruby_from_event(run, &event->metadata_value, &value)) return LEFT;
    return ruby_hash_set(run, hash, ruby_string(STR("@metadata")), value) ? hash : LEFT;
}
METHOD(event_timestamp)
{
    (void)run;
    const struct value *value = event_slot(event_of(args->self), SLOT_TIMESTAMP);
    return value ? *value : value_null();
}
METHOD(event_sprintf)
{
    struct str text, problem;
    struct template template;
    if (!want_text(run, ARG(0), &text) || !ruby_step(run, 20)) return LEFT;
    text = arena_copy(run->arena, text);
    if (!template_compile(&template, text, run->arena, &problem))
        return ruby_raise(run, "RuntimeError", "%.*s", STR_ARG(problem));
    return ruby_string(template_render(&template, event_of(args->self)));
}
METHOD(event_to_json)
{
    struct buf out = buf_in_arena(run->arena);
    json_encode_map(&event_of(args->self)->root, &out);
    return ruby_allows(run, out.len) ? text_of_buf(&out) : LEFT;
}

/* ---- another event's fields ---- */
static bool list_has(const struct array *array, const struct value *wanted)
{
    ARRAY_EACH (array, item)
        if (value_equal(item, wanted)) return true;
    return false;
}

/* Of two hashes one of both, of two lists one without repetition, else the other's value. */
static struct value merged(struct ruby_run *run, const struct value *mine,
                           const struct value *other)
{
    bool lists = mine && mine->kind == VALUE_ARRAY && other->kind == VALUE_ARRAY;
    bool maps = mine && mine->kind == VALUE_MAP && other->kind == VALUE_MAP;
    if (!lists && !maps) return value_copy(run->arena, other, false);
    struct value result = maps ? value_copy(run->arena, mine, false) : value_array(run->arena, 0);
    if (maps) {
        MAP_EACH (other->map, entry) {
            struct value inner = merged(run, map_get(result.map, &entry->key), &entry->value);
            map_set(result.map, run->arena, entry->key, inner);
        }
        return result;
    }
    const struct array *both[2] = {mine->array, other->array};
    for (int i = 0; i < 2; i++)
        ARRAY_EACH (both[i], item) {
            run->steps += result.array->count / 8;
            if (run->steps <= RUBY_STEPS_MAX && !list_has(result.array, item))
                array_push(result.array, run->arena, value_copy(run->arena, item, false));
        }
    return result;
}
METHOD(event_append)
{
    struct event *event = event_of(args->self);
    if (ARG(0).kind != RUBY_EVENT)
        return ruby_raise(run, "TypeError", "wrong argument type %s (expected LogStash::Event)",
                          ruby_class_name(ARG(0)));
    MAP_EACH (&event_of(ARG(0))->root, entry) {
        size_t bytes = value_footprint(&entry->value) + run->arena->bytes / 1024;
        const struct value *mine = map_get(&event->root, &entry->key);
        if (mine) bytes += value_footprint(mine);
        if (!arena_allows(run->arena, bytes))
            return ruby_raise_limit(run, "the batch has no memory left");
        event_set_decoded(event, entry->key, merged(run, mine, &entry->value));
        if (!ruby_step(run, 1)) return LEFT;
    }
    return args->self;
}

/* ---- events that are made ---- */
struct value ruby_event_new(struct ruby_run *run, const struct event *copied, struct value fields)
{
    if (!run->event) return ruby_raise(run, "RuntimeError", "there is no event yet");
    if (++run->made > RUBY_EVENTS_MAX)
        return ruby_raise_limit(run, "the code makes too many events");
    struct event *event = arena_zalloc(run->arena, sizeof *event);
    event_init(event, run->arena, event_now());
    if (!ruby_step(run, 10)) return LEFT;
    if (copied) {
        const struct value *root = &copied->metadata_value;
        size_t bytes = value_footprint(root) + (size_t)copied->root.live * 64;
        if (!arena_allows(run->arena, bytes))
            return ruby_raise_limit(run, "the batch has no memory left");
        event_copy(event, copied, false);
    }
    if (fields.kind == VALUE_MAP) {
        struct value map;
        if (!ruby_to_event(run, fields, 0, &map)) return LEFT;
        event_take_map(event, map.map);
    }
    return ruby_of_pointer(RUBY_EVENT, event);
}

bool ruby_emit(struct ruby_run *run, struct value value)
{
    if (value.kind != RUBY_EVENT)
        return ruby_raise(run, "TypeError", "new_event_block takes an event"), false;
    if (!run->event || event_of(value) == run->event)
        return ruby_raise(run, "NotImplementedError",
                          "new_event_block with the event itself: clone it"),
               false;
    if (!run->work->make(run->work->opaque, event_of(value)))
        return ruby_raise_limit(run, "the batch takes no more events"), false;
    return true;
}
METHOD(event_clone) { return ruby_event_new(run, event_of(args->self), value_null()); }
METHOD(event_new)
{
    if (HAS(0) && ARG(0).kind != VALUE_MAP)
        return ruby_raise(run, "TypeError", "LogStash::Event.new takes a hash");
    return ruby_event_new(run, NULL, HAS(0) ? ARG(0) : value_null());
}

#define IS_EVENT IS(RUBY_EVENT)
const struct ruby_native ruby_event_methods[] = {
    {"get", IS_EVENT, 1, 1, 0, event_get, NULL},
    {"set", IS_EVENT, 2, 2, 0, event_set, NULL},
    {"remove", IS_EVENT, 1, 1, 0, event_remove, NULL},
    {"include?", IS_EVENT, 1, 1, 0, event_includes, NULL},
    {"tag", IS_EVENT, 1, 1, 0, event_tag_add, NULL},
    {"cancel", IS_EVENT, 0, 0, 0, event_cancel, NULL},
    {"uncancel", IS_EVENT, 0, 0, 0, event_uncancel, NULL},
    {"cancelled?", IS_EVENT, 0, 0, 0, event_is_cancelled, NULL},
    {"to_hash", IS_EVENT, 0, 0, 0, event_to_hash, NULL},
    {"to_hash_with_metadata", IS_EVENT, 0, 0, 0, event_to_hash, NULL},
    {"append", IS_EVENT, 1, 1, 0, event_append, NULL},
    {"timestamp", IS_EVENT, 0, 0, 0, event_timestamp, NULL},
    {"sprintf", IS_EVENT, 1, 1, 0, event_sprintf, NULL},
    {"to_json", IS_EVENT, 0, 0, 0, event_to_json, NULL},
    {"clone", IS_EVENT, 0, 0, 0, event_clone, NULL},
    {"dup", IS_EVENT, 0, 0, 0, event_clone, NULL},
    {"new", 0, 0, 1, 0, event_new, "LogStash::Event"},
    {NULL, 0, 0, 0, 0, NULL, NULL}};
