/* SPDX-License-Identifier: Apache-2.0 */
/* One table says everything about a plugin's options: the loader fills the plugin's struct from it,
 * the checker finds typos with it, `tailrace docs` prints the manual from it. The option's name is
 * the struct member's name, so the key, the C field and the manual cannot drift apart, and a member
 * of the wrong C type does not compile (_Generic).
 *
 * All memory comes from the configuration arena: a plugin frees no option. Start-up only. */
#ifndef CORE_OPTION_H
#define CORE_OPTION_H
#include "core/diag.h"
#include "core/event/path.h"
#include "core/event/template.h"

/* ---- a value as written in a configuration (language or YAML), with its place ---- */
enum config_kind { CONFIG_STRING, CONFIG_BAREWORD, CONFIG_NUMBER, CONFIG_ARRAY, CONFIG_HASH, CONFIG_PLUGIN };

struct config_value {
    enum config_kind kind;
    struct place place;
    struct str text; /* string (quotes and escapes resolved), bareword, number as written, plugin's name */
    struct config_value *items; /* of an array, or the values of a hash */
    struct config_value *keys;  /* of a hash: as many as items */
    struct setting *settings;   /* of a plugin */
    uint32_t count;             /* of items or settings */
    bool is_joined;             /* an array that the option's being given twice has made */
};

struct setting {
    struct str key;
    struct place key_place;
    struct config_value value; /* attributes given twice are already merged */
};

/* A number as written: with a dot a double, else an integer; a leading 0 makes it octal. */
enum number_form { NUMBER_INT, NUMBER_DOUBLE, NUMBER_BAD_OCTAL, NUMBER_TOO_LARGE, NUMBER_NONE };
enum number_form config_number(struct str text, int64_t *integer, double *real);

/* ---- what a plugin's option may be: its C type says the kind ---- */
struct duration { int64_t ns; };
struct byte_size { int64_t bytes; };
struct secret { struct str text; };                      /* never printed */
struct str_list { struct str *items; uint32_t count; };
struct choice { int32_t value; };                        /* index into .choices */
struct template_list { struct template *items; uint32_t count; };
struct path_list { struct path *items; uint32_t count; };
/* Ordered pairs of a hash (or of an even array). */
struct template_pair {
    struct template name;
    struct path path; /* of a name that is a field reference without placeholders */
    bool has_path;
    struct template_list values;
    struct place place;
};
struct template_pairs { struct template_pair *items; uint32_t count; };
struct str_pair { struct str name, value; struct place place, name_place; };
struct str_pairs { struct str_pair *items; uint32_t count; }; /* a repeated key stays repeated */
struct config_option { const struct config_value *value; };  /* raw; NULL when not given */
struct codec_option { struct codec *codec; };                 /* built by the host (core/plugin.h) */

enum option_kind {
    OPTION_IS_BOOL, OPTION_IS_INT, OPTION_IS_DOUBLE, OPTION_IS_STRING, OPTION_IS_SECRET,
    OPTION_IS_DURATION, OPTION_IS_SIZE, OPTION_IS_CHOICE, OPTION_IS_STRINGS, OPTION_IS_PATH,
    OPTION_IS_PATHS, OPTION_IS_TEMPLATE, OPTION_IS_TEMPLATES, OPTION_IS_TEMPLATE_PAIRS,
    OPTION_IS_PAIRS, OPTION_IS_CODEC, OPTION_IS_RAW, OPTION_IS_GROUP
};

struct option {
    const char *name;
    enum option_kind kind;
    size_t offset;
    const char *preset; /* written as a user would write it; NULL: zero (absent) */
    bool required;
    int64_t min, max;            /* both 0: no bounds; of ints, durations (ns), sizes, list lengths */
    const char *const *choices;  /* NULL-ended; of a choice */
    const char *unit;            /* of a duration given as a bare number: "ns" "ms" "s" "days"; of a size
                                    "1024": kb is 1024, as in settings files */
    const char *obsolete;        /* not NULL: refused, with this remedy */
    const char *deprecated;      /* not NULL: accepted with a warning and this remedy */
    bool is_ignored;             /* accepted, without effect here (JVM-only); the help says so */
    const struct option *group;  /* of a group: its table, offsets relative to the member */
    const char *alias_of;        /* an old spelling: `offset` and kind are the other's */
    const char *help;            /* one sentence */
};

#define OPTION(kind_, ctype_, struct_, member_, ...)                                              \
    {.name = #member_, .kind = kind_,                                                             \
     .offset = offsetof(struct_, member_) + 0 * sizeof(_Generic(((struct_ *)0)->member_, ctype_: 1)), \
     __VA_ARGS__}
#define OPTION_BOOL(s_, m_, ...)      OPTION(OPTION_IS_BOOL, bool, s_, m_, __VA_ARGS__)
#define OPTION_INT(s_, m_, ...)       OPTION(OPTION_IS_INT, int64_t, s_, m_, __VA_ARGS__)
#define OPTION_DOUBLE(s_, m_, ...)    OPTION(OPTION_IS_DOUBLE, double, s_, m_, __VA_ARGS__)
#define OPTION_STRING(s_, m_, ...)    OPTION(OPTION_IS_STRING, struct str, s_, m_, __VA_ARGS__)
#define OPTION_SECRET(s_, m_, ...)    OPTION(OPTION_IS_SECRET, struct secret, s_, m_, __VA_ARGS__)
#define OPTION_DURATION(s_, m_, ...)  OPTION(OPTION_IS_DURATION, struct duration, s_, m_, __VA_ARGS__)
#define OPTION_SIZE(s_, m_, ...)      OPTION(OPTION_IS_SIZE, struct byte_size, s_, m_, __VA_ARGS__)
#define OPTION_CHOICE(s_, m_, ...)    OPTION(OPTION_IS_CHOICE, struct choice, s_, m_, __VA_ARGS__)
#define OPTION_STRINGS(s_, m_, ...)   OPTION(OPTION_IS_STRINGS, struct str_list, s_, m_, __VA_ARGS__)
#define OPTION_PATH(s_, m_, ...)      OPTION(OPTION_IS_PATH, struct path, s_, m_, __VA_ARGS__)
#define OPTION_PATHS(s_, m_, ...)     OPTION(OPTION_IS_PATHS, struct path_list, s_, m_, __VA_ARGS__)
#define OPTION_TEMPLATE(s_, m_, ...)  OPTION(OPTION_IS_TEMPLATE, struct template, s_, m_, __VA_ARGS__)
#define OPTION_TEMPLATES(s_, m_, ...) OPTION(OPTION_IS_TEMPLATES, struct template_list, s_, m_, __VA_ARGS__)
#define OPTION_TEMPLATE_PAIRS(s_, m_, ...) \
    OPTION(OPTION_IS_TEMPLATE_PAIRS, struct template_pairs, s_, m_, __VA_ARGS__)
#define OPTION_PAIRS(s_, m_, ...)     OPTION(OPTION_IS_PAIRS, struct str_pairs, s_, m_, __VA_ARGS__)
#define OPTION_CODEC(s_, m_, ...)     OPTION(OPTION_IS_CODEC, struct codec_option, s_, m_, __VA_ARGS__)
#define OPTION_RAW(s_, m_, ...)       OPTION(OPTION_IS_RAW, struct config_option, s_, m_, __VA_ARGS__)
/* The rows of another table, whose struct is this member: tls_options, http_options. */
#define OPTION_GROUP(s_, m_, table_) \
    {.name = #m_, .kind = OPTION_IS_GROUP, .offset = offsetof(s_, m_), .group = table_}
/* An option that Logstash has and that has no effect here. */
#define OPTION_IGNORED(name_, help_) \
    {.name = name_, .kind = OPTION_IS_RAW, .is_ignored = true, .offset = SIZE_MAX, .help = help_}
#define OPTION_OBSOLETE(name_, remedy_)                                                    \
    {.name = name_, .kind = OPTION_IS_RAW, .offset = SIZE_MAX, .obsolete = remedy_, .help = remedy_}
#define OPTION_END                    {.name = NULL}

struct options_context {
    struct diag *diag;
    struct arena *arena;   /* of the configuration */
    const char *section;   /* "filter", "input", "output", "codec", "setting" */
    struct str plugin;     /* name; empty for a settings file */
    struct place place;    /* of the plugin's name: where missing options are reported */
    /* Builds the codec of an OPTION_CODEC (core/plugin.h). NULL where codecs make no sense. */
    struct codec *(*codec)(struct options_context *, const struct config_value *);
    void *codec_opaque;
};

/* Fills `self` (zeroed) with presets, then with the settings. All complaints go to the diag: unknown
 * names with a suggestion, wrong types, bounds, missing required ones. False if there was any error.
 * Conversion rules: Logstash's config validators (a scalar is wrapped into a list, "5" is a number,
 * a leading 0 is octal, an even array is a hash, …). */
bool options_load(const struct option *table, void *self, const struct setting *settings,
                  size_t count, struct options_context *context);

/* The same for several tables at once, each with its own struct: a plugin's own options and those
 * that its kind has in common (core/common_options.h). A name in two tables belongs to the first. */
struct options_part {
    const struct option *table; /* NULL: none */
    void *self;
};
bool options_load_parts(const struct options_part *parts, size_t part_count,
                        const struct setting *settings, size_t count, struct options_context *context);

/* Calls `found` for each template that was loaded. */
void options_templates(const struct option *table, const void *self,
                       void (*found)(void *opaque, const struct template *), void *opaque);

/* The row of `name` in the table or its groups; NULL when there is none. */
const struct option *option_find(const struct option *table, struct str name);

#endif
