/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives an event. Texts that are put into kept variables or kept containers are copied at
 * once; lists and hashes when the event is done, so that until then everybody sees the same one:
 *
 *     batch's memory      kept memory
 *     [1, 2] ◀─ @a        after the event: @a ─▶ a copy. `moved` says where to, for a second
 * reference.
 *
 * Kept containers that were written are listed in the run. When much of the kept memory may be
 * garbage, everything that can still be reached moves into fresh memory. */
#include "core/ruby/machine.h"

enum { MOVE_BYTES_MIN = 256 * 1024, MOVE_DEPTH_MAX = 2 * RUBY_VALUE_DEPTH_MAX };

struct value ruby_keep(struct ruby_run *run, struct arena *home, struct value value)
{
    bool is_text_kind = is_text(value) || value.kind == VALUE_NUMBER;
    if (home == run->arena || !is_text_kind) return value;
    if (home->bytes > 4 * (size_t)RUBY_STATE_BYTES_MAX)
        run->steps = RUBY_STEPS_MAX + 1; /* the next step says so */
    value.text = arena_copy(home, ruby_text(value)).ptr;
    if (!value.text) value.text = "";
    return value;
}

struct move {
    struct ruby_run *run;
    struct arena *to;
    bool everything; /* also what is kept already */
    bool failed;
    uint32_t depth;
};

static struct value move_value(struct move *move, struct value value);

static struct value move_list(struct move *move, struct value value)
{
    struct ruby_list *list = list_of(value);
    if (list->moved) return (struct value){.kind = VALUE_ARRAY, .array = &list->moved->array};
    struct ruby_list *copy = arena_zalloc(move->to, sizeof *copy);
    copy->home = move->to;
    copy->is_frozen = list->is_frozen;
    copy->array.items = arena_alloc(move->to, (list->array.count + 1) * sizeof *copy->array.items);
    copy->array.capacity = list->array.count + 1;
    list->moved = copy;
    for (uint32_t i = 0; i < list->array.count; i++)
        copy->array.items[copy->array.count++] = move_value(move, list->array.items[i]);
    return (struct value){.kind = VALUE_ARRAY, .array = &copy->array};
}

static struct value move_hash(struct move *move, struct value value)
{
    struct ruby_hash *hash = hash_of(value);
    if (hash->moved) return (struct value){.kind = VALUE_MAP, .map = &hash->moved->map};
    struct ruby_hash *copy = arena_zalloc(move->to, sizeof *copy);
    copy->home = move->to;
    copy->is_frozen = hash->is_frozen;
    map_init(&copy->map, move->to, hash->map.live);
    hash->moved = copy;
    copy->fallback = move_value(move, hash->fallback);
    if (hash->maker) {
        if (!hash->maker->block->is_free) move->failed = true;
        struct ruby_proc *proc = arena_alloc(move->to, sizeof *proc);
        *proc = (struct ruby_proc){hash->maker->block, NULL};
        copy->maker = proc;
    }
    MAP_EACH (&hash->map, entry) {
        struct key key = entry->key;
        key.ptr = arena_copy(move->to, key_text(&key)).ptr;
        map_append(&copy->map, move->to, key, move_value(move, entry->value));
    }
    return (struct value){.kind = VALUE_MAP, .map = &copy->map};
}

/* Patterns of the text itself live as long as the code. */
static bool is_lasting(const struct ruby *ruby, struct value value)
{
    for (const struct ruby_regex *owned = ruby->regexes; owned; owned = owned->next)
        if (owned->regex == ruby_pointer(value)) return true;
    return false;
}

static struct value move_other(struct move *move, struct value value)
{
    bool is_made = value.kind == RUBY_REGEX && !is_lasting(move->run->ruby, value);
    if (value.kind == RUBY_RANGE) {
        struct ruby_range *range = arena_alloc(move->to, sizeof *range);
        *range = *(const struct ruby_range *)ruby_pointer(value);
        range->from = move_value(move, range->from);
        range->to = move_value(move, range->to);
        return ruby_of_pointer(RUBY_RANGE, range);
    }
    if (value.kind == RUBY_PROC) {
        const struct ruby_proc *proc = ruby_pointer(value);
        if (proc->block->is_free && proc->block->body) {
            struct ruby_proc *copy = arena_alloc(move->to, sizeof *copy);
            *copy = (struct ruby_proc){proc->block, NULL};
            return ruby_of_pointer(RUBY_PROC, copy);
        }
    }
    if (value.kind == RUBY_EVENT || value.kind == RUBY_MATCH || value.kind == RUBY_ERROR ||
        value.kind == RUBY_PROC || value.kind == RUBY_NEW_EVENT || is_made) {
        move->failed = true;
        return value_null();
    }
    return value; /* classes are of the text; the rest holds nothing */
}

static struct value move_value(struct move *move, struct value value)
{
    if (is_text(value) || value.kind == VALUE_NUMBER) {
        return ruby_keep(move->run, move->to, value);
    }
    bool is_container = value.kind == VALUE_ARRAY || value.kind == VALUE_MAP;
    if (!is_container) return move_other(move, value);
    struct arena *home = value.kind == VALUE_MAP ? hash_of(value)->home : list_of(value)->home;
    if (home == move->to) return value;
    if (!move->everything && home != move->run->arena) return value; /* kept already */
    if (move->depth > MOVE_DEPTH_MAX) {
        move->failed = true;
        return value_null();
    }
    move->depth++;
    value = value.kind == VALUE_MAP ? move_hash(move, value) : move_list(move, value);
    move->depth--;
    return value;
}

/* Texts were copied when they were put there. */
static bool needs_move(struct value value)
{
    return value.kind == VALUE_ARRAY || value.kind == VALUE_MAP || value.kind >= RUBY_TIME;
}

static void move_written(struct move *move)
{
    struct ruby_run *run = move->run;
    for (struct ruby_list *list = run->written_lists; list; list = list->next_written) {
        for (uint32_t i = 0; i < list->array.count; i++)
            if (needs_move(list->array.items[i]))
                list->array.items[i] = move_value(move, list->array.items[i]);
        list->is_written = false;
    }
    for (struct ruby_hash *hash = run->written_hashes; hash; hash = hash->next_written) {
        MAP_EACH (&hash->map, entry)
            if (needs_move(entry->value)) entry->value = move_value(move, entry->value);
        if (needs_move(hash->fallback)) hash->fallback = move_value(move, hash->fallback);
        hash->is_written = false;
    }
}

static void move_together(struct move *move)
{
    struct ruby *ruby = move->run->ruby;
    struct arena *old = ruby->kept;
    move->to = old == &ruby->kepts[0] ? &ruby->kepts[1] : &ruby->kepts[0];
    move->everything = true;
    for (uint32_t i = 0; i < ruby->state_count; i++)
        ruby->state[i] = move_value(move, ruby->state[i]);
    arena_fini(old);
    ruby->kept = move->to;
    ruby->kept_live = ruby->kept->bytes;
}

bool ruby_state_settle(struct ruby_run *run)
{
    struct ruby *ruby = run->ruby;
    if (!run->is_state_written && !run->written_lists && !run->written_hashes) return true;
    struct move move = {.run = run, .to = ruby->kept};
    for (uint32_t i = 0; i < ruby->state_count && run->is_state_written; i++)
        if (needs_move(ruby->state[i])) ruby->state[i] = move_value(&move, ruby->state[i]);
    move_written(&move);
    run->written_lists = NULL;
    run->written_hashes = NULL;
    if (ruby->kept->bytes > 2 * ruby->kept_live + MOVE_BYTES_MIN) move_together(&move);
    if (move.failed) {
        ruby_raise(run, "NotImplementedError",
                   "an instance variable can keep texts, numbers, times, lists and hashes only");
        return false;
    }
    ruby->is_state_full = ruby->kept_live > RUBY_STATE_BYTES_MAX;
    if (!ruby->is_state_full) return true;
    ruby_raise_limit(run, "the instance variables hold too much");
    return false;
}
