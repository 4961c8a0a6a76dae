/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of an event as a tree, for whoever follows a configuration (dsl/flow.c): what each can be
 * now, where that comes from, and how it was before a branch.
 *
 *     fields_push();  …one arm…   fields_pop(&changes[0]);
 *     fields_push();  …another…   fields_pop(&changes[1]);
 *     fields_join(changes, 2, …);      // each field: what it is in one arm or the other
 *
 * A state is written with a note of what it was, at most once a level, so a branch costs what is
 * changed in it, not what the event has. A field that nobody has named yet has no entry: what it is
 * follows from its parent, which is `is_open` when fields may be below it that no text names. The roots
 * are the event and @metadata.
 *
 * All memory is the arena's but for the notes and changes. Start-up only; one thread. */
#ifndef CORE_FIELDS_STATE_H
#define CORE_FIELDS_STATE_H
#include "core/fields/fields.h"
#include "core/option.h"

enum {
    FIELDS_MAX = 4096,     /* fields followed; beyond them every name may be there */
    FIELD_SITES_MAX = 6,   /* places remembered from which a field's value comes */
    FIELDS_LEVELS_MAX = 4 * 128 + 16, /* branches and parentheses within each other */
};

/* Whose options the texts are. */
struct field_user {
    struct str name; /* of the plugin */
    struct place place;
    const struct setting *settings;
    uint32_t setting_count;
};

enum field_origin {
    FIELD_FROM_HOST,       /* every event has it */
    FIELD_FROM_INPUT,
    FIELD_FROM_PLUGIN,
    FIELD_FROM_CAPTURE,
    FIELD_FROM_ASSIGNMENT,
    FIELD_REMOVED,
};

/* One place that gives a field its value, or takes it. */
struct field_site {
    enum field_origin origin;
    struct place place;            /* source NULL: that of `where` in the user's settings */
    const struct field_user *user;
    struct str where;
    const struct field *field;     /* of the first field it was said of */
    bool has_text;                 /* the value is always `text` */
    struct str text;
    bool is_read;                  /* by anything, on any way */
    const struct field_site *undone_by; /* another one that set or removed it, unread */
    struct field_site *next;       /* of all, newest first */
};

struct field_known; /* what conditions have said of a value; the follower's */

struct field_state {
    uint16_t types;    /* enum type_set */
    bool is_inherited; /* … or what its parent says of fields that have no name */
    bool is_open;      /* fields may be below it that have no name */
    bool has_more_sites;
    uint8_t site_count;
    struct field_site *sites[FIELD_SITES_MAX];
    const struct field_known *known;
};

struct field {
    struct key key;
    struct field *parent, *child, *last_child, *next; /* children in the order of being named */
    struct field *next_of_hash;
    struct field_state state;
    uint32_t level; /* whose note is the latest; 0: none */
    uint32_t note;  /* its number */
    uint32_t join;  /* scratch of fields_join() */
};

struct field_note {
    struct field *field;
    struct field_state before;
    uint32_t level, note;      /* of the field, before */
    /* of a plugin's level: what events have that stopped within it */
    bool has_stopped;
    struct field_state stopped;
    uint32_t written;          /* after so many stops */
};

struct field_change {
    struct field *field;
    struct field_state state;
};
struct field_changes {
    struct field_change *items; /* malloc */
    uint32_t count;
};

struct field_set {
    struct arena *arena;
    struct diag *diag;
    struct field root, metadata;
    struct field **table; /* by parent and name */
    uint32_t count, mask;
    bool is_full;         /* FIELDS_MAX was reached */
    struct field_note *notes; /* malloc */
    uint32_t note_count, note_capacity;
    uint32_t levels[FIELDS_LEVELS_MAX]; /* first note of each level */
    uint32_t level;
    struct field_site *sites;
    uint32_t quiet;       /* complaints are not said */
    /* of the plugin or assignment that speaks now */
    const struct field_user *user;
    enum field_origin origin;
    struct place place;   /* of an assignment; source NULL: a plugin's */
    uint32_t stops;       /* fields_fail() was said so often */
    bool is_cancelled;
};

/* An event as inputs begin it: @timestamp, @version, perhaps tags. */
void fields_init(struct field_set *fields, struct arena *arena, struct diag *diag);
void fields_fini(struct field_set *fields);

/* ---- levels ---- */
void fields_push(struct field_set *fields);
/* Everything is again as it was at the push; what was changed goes to `changes`. */
void fields_pop(struct field_set *fields, struct field_changes *changes);
/* Everything is as at the push in one arm, or as it is now when `stays`. At least one way there is. */
void fields_join(struct field_set *fields, const struct field_changes *arms, uint32_t count, bool stays);
void field_changes_fini(struct field_changes *changes);

/* A plugin speaks: between these two its functions above are called. End gives false when no event
 * goes on. */
void fields_begin(struct field_set *fields, const struct field_user *user, enum field_origin origin);
bool fields_end(struct field_set *fields);

/* ---- fields ---- */
/* NULL: it has no entry (fields_find), or can have none any more (fields_name). */
struct field *fields_find(const struct field_set *fields, const struct path *path);
struct field *fields_name(struct field_set *fields, const struct path *path);
struct field *fields_name_child(struct field_set *fields, struct field *parent, struct key key);
unsigned field_types(const struct field_set *fields, const struct field *field);
bool field_is_open(const struct field_set *fields, const struct field *field); /* … below it */
bool field_has_unnamed(const struct field_set *fields, const struct field *field); /* the same but for items of lists */
/* Writes a state, noting the old one. */
void field_write(struct field_set *fields, struct field *field, const struct field_state *state);
/* Only these of its types are left, on this way, and this is known. */
void field_narrow(struct field_set *fields, struct field *field, unsigned types,
                  const struct field_known *known);
/* As fields_put(), but for the way there. */
struct field_site *field_put(struct field_set *fields, struct field *field, unsigned types, struct str where);
void field_mark_read(struct field *field);
void fields_mark_read(struct field_set *fields); /* all */

/* `message`, `[a][b]`, `[@metadata][x]`. */
void field_print(const struct field_set *fields, const struct field *field, struct buf *out);
struct place field_site_place(const struct field_site *site);
/* Of a text in the settings: the very bytes, by the text's address; else the plugin's name. */
struct place field_user_place(const struct field_user *user, struct str where);

/* `[x]` is never set here, with what may have been meant and where it was removed. */
struct message *fields_say_unset(struct field_set *fields, struct place place, const struct path *path);
/* The field that may have been meant, written as `path` is; empty: none is near. `is_typo`: not one
 * that has quite another name. */
struct str fields_suggest(struct field_set *fields, const struct path *path, bool is_typo);

#endif
