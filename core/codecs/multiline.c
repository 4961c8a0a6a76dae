/* SPDX-License-Identifier: Apache-2.0 */
/* multiline: lines that belong together are one event. Which do, a pattern says, or what is known of
 * stack traces (core/text/stack_trace.h); joining, limits and positions are the host's
 * (core/joiner.h). Each connection, file and partition has its own record.
 *
 * Departures: empty lines within a record are kept; a record without an end is read again after a
 * restart where its source can repeat it; it is not lost when a connection closes. */
#include "core/codec.h"
#include "core/joiner.h"
#include "core/pattern_files.h"
#include "core/text/grok.h"
#include "core/text/stack_trace.h"

enum { MODE_PATTERN, MODE_STACK_TRACE };
static const char *const MODES[] = {"pattern", "stack_trace", NULL};
enum { WHAT_PREVIOUS, WHAT_NEXT };
static const char *const WHATS[] = {"previous", "next", NULL};

enum { STACK_TRACE_IDLE_MS = 2000 }; /* preset of auto_flush_interval in that mode */

struct multiline {
    struct choice mode, what;
    struct str pattern;
    bool negate;
    struct str_list patterns_dir;
    struct str charset, multiline_tag;
    int64_t max_lines;
    struct byte_size max_bytes;
    struct duration auto_flush_interval;
    /* not options */
    struct text_codec text;
    struct grok *grok;
    struct join_rules rules;
};

static const struct option options[] = {
    OPTION_CHOICE(struct multiline, mode, .preset = "pattern", .choices = MODES,
                  .help = "How lines are joined: by `pattern` and `what`, or as stack traces of Java, .NET, "
                          "JavaScript, Python, Go, PHP and Ruby, which need no pattern."),
    OPTION_STRING(struct multiline, pattern,
                  .help = "Lines that match belong to another one; names of grok's library may be used."),
    OPTION_CHOICE(struct multiline, what, .choices = WHATS,
                  .help = "A line that belongs goes with the one before it, or with the one behind."),
    OPTION_BOOL(struct multiline, negate, .preset = "false",
                .help = "Lines that do not match belong, instead of those that do."),
    OPTION_STRINGS(struct multiline, patterns_dir,
                   .help = "Folders or files with patterns of your own, `NAME regex` lines."),
    OPTION_STRING(struct multiline, charset, .preset = "UTF-8",
                  .help = "Character set of the bytes: UTF-8, BINARY, or any that libc's iconv knows."),
    OPTION_STRING(struct multiline, multiline_tag, .preset = "multiline",
                  .help = "Tag of events of more than one line; empty: none."),
    OPTION_INT(struct multiline, max_lines, .preset = "500", .min = 1, .max = 1000000,
               .help = "Lines of a record; behind so many it ends and is tagged multiline_codec_max_lines_reached."),
    OPTION_SIZE(struct multiline, max_bytes, .preset = "10 MiB", .min = 1, .max = 64 << 20,
                .help = "Bytes of a record; behind so many it ends and is tagged multiline_codec_max_bytes_reached."),
    OPTION_DURATION(struct multiline, auto_flush_interval, .min = 0, .max = INT64_MAX,
                    .help = "A record ends when no line came for so long; preset: never, with stack_trace 2 s."),
    OPTION_END};

static bool belongs_by_pattern(void *opaque, struct str line, uint32_t *state)
{
    struct multiline *self = opaque;
    (void)state;
    /* an attempt that was given up says nothing: as no match */
    return (regex_match(self->grok->regex, line, 0, 0, NULL) == REGEX_MATCH) != self->negate;
}

static bool belongs_by_trace(void *opaque, struct str line, uint32_t *state)
{
    (void)opaque;
    return stack_trace_goes_on(line, state);
}

static bool pattern_compile(struct multiline *self, const struct plugin_context *context)
{
    struct grok_library library;
    grok_library_init(&library, false, context->arena);
    if (!pattern_files_read(&library, &self->patterns_dir, STR("*"), context)) return false;
    struct grok_options wanted = {.named_only = true};
    struct grok_problem problem;
    self->grok = grok_compile(&library, self->pattern, &wanted, context->arena, &problem);
    if (self->grok) return true;
    struct place place = context_place(context, "pattern");
    place = place_within(place, self->pattern, problem.offset, self->pattern.len);
    struct message *message = diag_error(context->diag, place, "%s", problem.text);
    if (problem.hint[0]) diag_hint(context->diag, message, "%s", problem.hint);
    return false;
}

static bool missing(const struct plugin_context *context, const char *option)
{
    struct message *message = diag_error(context->diag, context->place, "multiline needs `%s`", option);
    diag_hint(context->diag, message, "for stack traces write `mode => stack_trace`, which needs no pattern");
    return false;
}

static bool rules_create(struct multiline *self, const struct plugin_context *context)
{
    uint64_t idle_ms = (uint64_t)self->auto_flush_interval.ns / 1000000;
    self->rules = (struct join_rules){.is_next = self->what.value == WHAT_NEXT,
                                      .lines_max = (uint32_t)self->max_lines,
                                      .bytes_max = (uint64_t)self->max_bytes.bytes,
                                      .idle_ms = idle_ms,
                                      .belongs = belongs_by_pattern};
    if (self->mode.value == MODE_PATTERN) {
        bool has_pattern = self->pattern.len || missing(context, "pattern");
        bool has_what = context_is_given(context, "what") || missing(context, "what");
        return has_pattern && has_what && pattern_compile(self, context);
    }
    self->rules.belongs = belongs_by_trace;
    self->rules.is_next = false;
    if (!idle_ms) self->rules.idle_ms = STACK_TRACE_IDLE_MS;
    static const char *const others[] = {"pattern", "what", "negate", "patterns_dir"};
    uint32_t errors = context->diag->errors;
    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
        if (context_is_given(context, others[k]))
            diag_error(context->diag, context_place(context, others[k]), "`%s` says nothing with `mode => stack_trace`",
                       others[k]);
    return context->diag->errors == errors;
}

static void destroy(void *opaque)
{
    struct multiline *self = opaque;
    grok_destroy(self->grok);
    text_codec_destroy(&self->text);
}

static bool create(void *opaque, const struct plugin_context *context)
{
    struct multiline *self = opaque;
    self->text.charset = self->charset;
    bool ok = text_codec_create(&self->text, context);
    ok &= rules_create(self, context);
    context->codec->join = &self->rules;
    if (!ok) destroy(self);
    return ok;
}

static void decode(void *opaque, struct str frame, struct decoder *decoder)
{
    struct multiline *self = opaque;
    struct event *event = text_codec_decode(&self->text, frame, decoder);
    if (event && self->multiline_tag.len && str_find(frame, STR("\n")) >= 0) event_tag(event, self->multiline_tag);
}

static void encode(void *opaque, const struct event *event, struct buf *out)
{
    struct multiline *self = opaque;
    text_codec_encode(&self->text, event, out);
}

static void fields(const void *opaque, struct field_set *said)
{
    const struct multiline *self = opaque;
    text_codec_fields(&self->text, said);
}

const struct codec_type codec_multiline = {
    .name = "multiline",
    .summary = "Lines that belong together are one event: by a pattern, or stack traces.",
    .size = sizeof(struct multiline),
    .options = options,
    .framing = FRAMING_LINES,
    .create = create,
    .decode = decode,
    .encode = encode,
    .destroy = destroy,
    .fields = fields,
    .is_ecs = true,
};
