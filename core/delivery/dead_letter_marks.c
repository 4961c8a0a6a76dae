/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/dead_letter_marks.h"
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"

enum { LOGS_MAX = 1024 };
#define NUMBER_MAX (UINT64_MAX / 2)

void dead_letter_marks_fini(struct dead_letter_marks *marks)
{
    for (uint32_t i = 0; i < marks->count; i++) free(marks->logs[i].ranges);
    free(marks->logs);
    *marks = (struct dead_letter_marks){0};
}

bool dead_letter_log_is(struct str name)
{
    bool is_number = name.len > 0 && name.len <= 10;
    for (size_t i = 0; i < name.len && is_number; i++) is_number = is_digit(name.ptr[i]);
    return is_number || str_eq(name, STR("replay"));
}

static struct dead_letter_mark *mark_find(const struct dead_letter_marks *marks, const char *log)
{
    for (uint32_t i = 0; i < marks->count; i++)
        if (!strcmp(marks->logs[i].log, log)) return &marks->logs[i];
    return NULL;
}

static struct dead_letter_mark *mark_make(struct dead_letter_marks *marks, const char *log)
{
    struct dead_letter_mark *mark = mark_find(marks, log);
    if (mark || marks->count == LOGS_MAX) return mark;
    assert(strlen(log) <= DEAD_LETTER_LOG_NAME_MAX);
    marks->logs = xreallocarray(marks->logs, marks->count + 1, sizeof *marks->logs);
    mark = &marks->logs[marks->count++];
    *mark = (struct dead_letter_mark){0};
    memcpy(mark->log, log, strlen(log));
    return mark;
}

/* How many ranges begin at or before this number. */
static uint32_t rank(const struct dead_letter_mark *mark, uint64_t number)
{
    uint32_t low = 0, high = mark->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (mark->ranges[middle].first <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void range_insert(struct dead_letter_mark *mark, uint32_t at, struct dead_letter_range range)
{
    if (mark->count == mark->capacity) {
        mark->capacity = mark->capacity ? mark->capacity * 2 : 8;
        mark->ranges = xreallocarray(mark->ranges, mark->capacity, sizeof *mark->ranges);
    }
    memmove(mark->ranges + at + 1, mark->ranges + at, (mark->count - at) * sizeof *mark->ranges);
    mark->ranges[at] = range;
    mark->count++;
}

bool dead_letter_marks_add(struct dead_letter_marks *marks, const char *log, uint64_t first, uint64_t last)
{
    assert(first > 0 && first <= last && last <= NUMBER_MAX);
    struct dead_letter_mark *mark = mark_make(marks, log);
    if (!mark) return false;
    uint32_t at = rank(mark, first);
    if (at && mark->ranges[at - 1].last >= first - 1) { /* it begins within its neighbour, or behind it */
        at--;
        if (mark->ranges[at].last < last) mark->ranges[at].last = last;
    } else {
        if (marks->ranges == DEAD_LETTER_RANGES_MAX) return false;
        range_insert(mark, at, (struct dead_letter_range){first, last});
        marks->ranges++;
    }
    uint32_t next = at + 1; /* those that it reaches become part of it */
    for (; next < mark->count && mark->ranges[next].first <= mark->ranges[at].last + 1; next++)
        if (mark->ranges[next].last > mark->ranges[at].last) mark->ranges[at].last = mark->ranges[next].last;
    uint32_t gone = next - at - 1;
    memmove(mark->ranges + at + 1, mark->ranges + next, (mark->count - next) * sizeof *mark->ranges);
    mark->count -= gone;
    marks->ranges -= gone;
    return true;
}

bool dead_letter_marks_has(const struct dead_letter_marks *marks, const char *log, uint64_t number)
{
    const struct dead_letter_mark *mark = mark_find(marks, log);
    uint32_t at = mark ? rank(mark, number) : 0;
    return at && mark->ranges[at - 1].last >= number;
}

uint64_t dead_letter_marks_next(const struct dead_letter_marks *marks, const char *log)
{
    const struct dead_letter_mark *mark = mark_find(marks, log);
    return mark && mark->count && mark->ranges[0].first == 1 ? mark->ranges[0].last + 1 : 1;
}

/* ---- the text ---- */

static struct str word_take(struct str *line)
{
    size_t len = 0;
    while (len < line->len && line->ptr[len] != ' ') len++;
    struct str word = str_slice(*line, 0, len);
    *line = str_from(*line, len < line->len ? len + 1 : len);
    return word;
}

static bool number_take(struct str *line, uint64_t *number)
{
    struct str word = word_take(line);
    if (!word.len || word.len > 19) return false;
    *number = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (!is_digit(word.ptr[i])) return false;
        *number = *number * 10 + (uint64_t)(word.ptr[i] - '0');
    }
    return *number > 0 && *number <= NUMBER_MAX;
}

static bool line_take(struct dead_letter_marks *marks, struct str line)
{
    char log[DEAD_LETTER_LOG_NAME_MAX + 1] = "";
    struct str name = word_take(&line);
    uint64_t first, last;
    if (!dead_letter_log_is(name) || !number_take(&line, &first) || !number_take(&line, &last)) return false;
    if (line.len || first > last) return false;
    memcpy(log, name.ptr, name.len);
    return dead_letter_marks_add(marks, log, first, last);
}

uint32_t dead_letter_marks_parse(struct dead_letter_marks *marks, struct str text)
{
    uint32_t bad = 0;
    while (text.len) {
        ptrdiff_t end = str_find(text, STR("\n"));
        struct str line = end < 0 ? text : str_slice(text, 0, (size_t)end);
        text = end < 0 ? (struct str){0} : str_from(text, (size_t)end + 1);
        bad += !line_take(marks, line);
    }
    return bad;
}

void dead_letter_marks_print(const struct dead_letter_marks *marks, struct buf *out)
{
    for (uint32_t i = 0; i < marks->count; i++)
        for (uint32_t k = 0; k < marks->logs[i].count; k++)
            buf_printf(out, "%s %llu %llu\n", marks->logs[i].log, (unsigned long long)marks->logs[i].ranges[k].first,
                       (unsigned long long)marks->logs[i].ranges[k].last);
}
