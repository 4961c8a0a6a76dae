/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/grok/tell.h"
#include "core/text/grok.h"
#include "core/text/json.h"
#include "core/text/utf8.h"
#include "pipelines/repl/changes.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

enum { FLUSH_BYTES = 64 * 1024, EXAMPLE_SHOWN_MAX = 100 };

/* Lines that were missed alike. */
struct reason {
    struct str text;
    uint32_t candidate;
    uint64_t lines, first_line;
    struct str example;
};

/* ---- single lines ---- */

/* Long ones are cut between characters. */
static void cut_append(struct str text, size_t most, struct buf *out)
{
    bool is_cut = text.len > most;
    if (is_cut) text.len = most;
    size_t valid = utf8_valid_len(text);
    if (is_cut && text.len - valid < 4) text.len = valid;
    buf_append(out, text);
    if (is_cut) buf_append_z(out, "…");
}

static void json_member(struct buf *out, const char *name, struct str text)
{
    buf_printf(out, ",\"%s\":", name);
    json_encode_string(text, out);
}

static void json_candidate(const struct tell *tell, uint32_t number)
{
    const struct candidate *candidate = &tell->candidates->items[number];
    buf_printf(tell->out, "{\"number\":%u", number + 1);
    json_member(tell->out, "text", candidate->grok->pattern);
    if (candidate->place.source) {
        struct line_column at = place_line(candidate->place);
        json_member(tell->out, "file", candidate->place.source->name);
        buf_printf(tell->out, ",\"line\":%u,\"column\":%u", at.line, at.column);
    }
    buf_append_char(tell->out, '}');
}

static void tell_match(struct tell *tell, uint64_t line, struct str text, uint32_t number,
                       const struct event *event)
{
    if (tell->is_json) {
        buf_printf(tell->out, "{\"line\":%" PRIu64, line);
        json_member(tell->out, "text", text);
        buf_append_z(tell->out, ",\"matched\":true,\"pattern\":");
        json_candidate(tell, number);
        buf_append_z(tell->out, ",\"captures\":");
        json_encode_map(&event->root, tell->out);
        if (event->metadata.live) {
            buf_append_z(tell->out, ",\"metadata\":");
            json_encode_map(&event->metadata, tell->out);
        }
        buf_append_z(tell->out, "}\n");
        return;
    }
    buf_printf(tell->out, "line %" PRIu64 ": matched by ", line);
    candidate_name(&tell->candidates->items[number], tell->out);
    buf_append_char(tell->out, '\n');
    changes_print(NULL, event, "  ", tell->out);
}

static void miss_text(const struct grok_miss *miss, bool has_place, struct buf *out)
{
    if (miss->matched[0])
        buf_printf(out, "matched `%s`, then expected %s", miss->matched, miss->expected);
    else
        buf_printf(out, "expected %s", miss->expected);
    if (has_place) buf_printf(out, " at column %u", miss->column);
    if (miss->is_somewhere) buf_append_z(out, has_place ? " or behind it" : " somewhere");
    if (has_place) buf_printf(out, ", found %s", miss->found);
}

/* Without the quotes that tell it from words of ours. */
static struct str bare(const char *text)
{
    struct str bare = str_of(text);
    bool is_quoted = bare.len > 1 && str_starts(bare, STR("`")) && str_ends(bare, STR("`"));
    return is_quoted ? str_slice(bare, 1, bare.len - 1) : bare;
}

static void tell_miss(struct tell *tell, uint64_t line, struct str text, uint32_t number,
                      const struct grok_miss *miss)
{
    if (!tell->is_json) {
        buf_printf(tell->out, "line %" PRIu64 ": no match", line);
        if (tell->candidates->count > 1) {
            buf_append_z(tell->out, "; the nearest is ");
            candidate_name(&tell->candidates->items[number], tell->out);
        }
        buf_append_z(tell->out, "\n  ");
        miss_text(miss, true, tell->out);
        buf_append_z(tell->out, "\n  ");
        cut_append(text, TELL_LINE_MAX, tell->out);
        if (miss->offset < TELL_LINE_MAX)
            buf_printf(tell->out, "\n  %*s^", (int)miss->column - 1, "");
        buf_append_char(tell->out, '\n');
        return;
    }
    buf_printf(tell->out, "{\"line\":%" PRIu64, line);
    json_member(tell->out, "text", text);
    buf_append_z(tell->out, ",\"matched\":false,\"nearest\":");
    json_candidate(tell, number);
    json_member(tell->out, "parts_matched", str_of(miss->matched));
    json_member(tell->out, "expected", bare(miss->expected));
    json_member(tell->out, "found", bare(miss->found));
    buf_printf(tell->out, ",\"column\":%u,\"or_behind\":%s}\n", miss->column,
               miss->is_somewhere ? "true" : "false");
}

static void tell_limit(struct tell *tell, uint64_t line, uint32_t number)
{
    if (tell->is_json) {
        buf_printf(tell->out, "{\"line\":%" PRIu64 ",\"matched\":false,\"timeout\":", line);
        json_candidate(tell, number);
        buf_append_z(tell->out, "}\n");
        return;
    }
    buf_printf(tell->out, "line %" PRIu64 ": ", line);
    candidate_name(&tell->candidates->items[number], tell->out);
    buf_append_z(tell->out, " was given up after 10 ms; `tailrace check` may say why\n");
}

/* ---- misses ---- */
static void reason_count(struct tell *tell, uint64_t line, struct str text, uint32_t number,
                         const struct grok_miss *miss)
{
    struct buf told = {.len = 0};
    miss_text(miss, false, &told);
    uint32_t at = 0;
    while (at < tell->reason_count && !(tell->reasons[at].candidate == number &&
                                        str_eq(tell->reasons[at].text, buf_str(&told))))
        at++;
    if (at == tell->reason_count && at < TELL_REASONS_MAX) {
        tell->reasons[at] =
            (struct reason){.text = arena_copy(tell->candidates->arena, buf_str(&told)),
                            .candidate = number,
                            .first_line = line,
                            .example = text};
        tell->reason_count++;
    }
    if (at < TELL_REASONS_MAX) tell->reasons[at].lines++;
    buf_fini(&told);
}

static void line_missed(struct tell *tell, uint64_t line, struct str text)
{
    struct grok_miss nearest = {.column = 1}, miss;
    uint32_t number = 0;
    for (uint32_t i = 0; i < tell->candidates->count; i++) {
        struct candidate *candidate = &tell->candidates->items[i];
        if (!candidate->explainer)
            candidate->explainer = grok_explainer_create(
                candidate->library, candidate->grok->pattern, tell->candidates->arena);
        grok_explain(candidate->explainer, text, &miss);
        if (i && miss.weight <= nearest.weight) continue;
        nearest = miss;
        number = i;
    }
    tell->misses++;
    reason_count(tell, line, text, number, &nearest);
    if (!tell->only_counts) tell_miss(tell, line, text, number, &nearest);
}

static void line_try(struct tell *tell, uint64_t line, struct str text)
{
    struct arena arena;
    struct event event;
    arena_init(&arena, NULL);
    event_init(&event, &arena, value_time(0, 0));
    event_slot_set(&event, SLOT_TIMESTAMP,
                   (struct value){.kind = VALUE_MISSING}); /* captures alone are shown */
    event_slot_set(&event, SLOT_VERSION, (struct value){.kind = VALUE_MISSING});
    enum regex_verdict verdict = REGEX_NO_MATCH;
    uint32_t number = 0;
    for (; number < tell->candidates->count && verdict == REGEX_NO_MATCH; number++)
        verdict = grok_apply(tell->candidates->items[number].grok, text, 0, &event);
    if (verdict == REGEX_NO_MATCH) {
        line_missed(tell, line, text);
    } else if (verdict == REGEX_MATCH) {
        tell->hits++;
        tell->candidates->items[--number].hits++;
        if (!tell->only_counts) tell_match(tell, line, text, number, &event);
    } else {
        tell->limits++;
        tell->candidates->items[--number].limits++;
        if (!tell->only_counts) tell_limit(tell, line, number);
    }
    arena_fini(&arena);
}

/* ---- the end ---- */
static int by_lines(const void *a, const void *b)
{
    const struct reason *one = a, *other = b;
    if (one->lines != other->lines) return one->lines > other->lines ? -1 : 1;
    return one->first_line < other->first_line ? -1 : 1;
}

static void tell_patterns(struct tell *tell)
{
    struct buf *out = tell->out;
    for (uint32_t i = 0; i < tell->candidates->count; i++) {
        const struct candidate *candidate = &tell->candidates->items[i];
        if (tell->is_json) {
            buf_append_z(out, i ? "," : ",\"patterns\":[");
            buf_append_z(out, "{\"pattern\":");
            json_candidate(tell, i);
            buf_printf(out, ",\"hits\":%" PRIu64 ",\"timeouts\":%" PRIu64 "}", candidate->hits,
                       candidate->limits);
            continue;
        }
        buf_printf(out, "%8" PRIu64 " by ", candidate->hits);
        candidate_name(candidate, out);
        buf_append_z(out, "  ");
        candidate_text(candidate, out);
        buf_append_char(out, '\n');
    }
    if (tell->is_json) buf_append_char(out, ']');
}

static void tell_reasons(struct tell *tell)
{
    struct buf *out = tell->out;
    qsort(tell->reasons, tell->reason_count, sizeof *tell->reasons, by_lines);
    if (tell->is_json) buf_append_z(out, ",\"missed_because\":[");
    for (uint32_t i = 0; i < tell->reason_count; i++) {
        const struct reason *reason = &tell->reasons[i];
        if (tell->is_json) {
            buf_printf(out, "%s{\"lines\":%" PRIu64 ",\"first_line\":%" PRIu64, i ? "," : "",
                       reason->lines, reason->first_line);
            json_member(out, "reason", reason->text);
            buf_append_char(out, '}');
            continue;
        }
        buf_printf(out, "%8" PRIu64 " missed", reason->lines);
        if (tell->candidates->count > 1) {
            buf_append_z(out, ", nearest ");
            candidate_name(&tell->candidates->items[reason->candidate], out);
        }
        buf_printf(out, ": %.*s; line %" PRIu64 ": ", STR_ARG(reason->text), reason->first_line);
        cut_append(reason->example, EXAMPLE_SHOWN_MAX, out);
        buf_append_char(out, '\n');
    }
    if (tell->is_json) buf_append_char(out, ']');
}

static void tell_end(struct tell *tell, uint64_t lines)
{
    if (tell->is_json)
        buf_printf(tell->out,
                   "{\"lines\":%" PRIu64 ",\"matched\":%" PRIu64 ",\"missed\":%" PRIu64
                   ",\"timeouts\":%" PRIu64,
                   lines, tell->hits, tell->misses, tell->limits);
    else
        buf_printf(tell->out,
                   "%" PRIu64 " line%s: %" PRIu64 " matched, %" PRIu64 " missed, %" PRIu64
                   " given up\n",
                   lines, lines == 1 ? "" : "s", tell->hits, tell->misses, tell->limits);
    tell_patterns(tell);
    tell_reasons(tell);
    if (tell->is_json) buf_append_z(tell->out, "}\n");
    tell->flush(tell->opaque);
}

bool tell_lines(struct tell *tell, const struct sample *sample)
{
    assert(tell->candidates->count);
    tell->reasons = arena_zalloc(tell->candidates->arena, TELL_REASONS_MAX * sizeof *tell->reasons);
    for (uint32_t i = 0; i < sample->count; i++) {
        line_try(tell, i + 1, sample->lines[i]);
        if (tell->out->len > FLUSH_BYTES) tell->flush(tell->opaque);
    }
    tell_end(tell, sample->count);
    return tell->misses + tell->limits == 0;
}
