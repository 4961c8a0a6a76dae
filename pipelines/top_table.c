/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/top_table.h"
#include <stdio.h>
#include <stdlib.h>
#include "core/xmalloc.h"
#include "pipelines/terminal.h"

#define BOLD "\x1b[1m"
#define DIM "\x1b[2m"
#define RED "\x1b[31m"
#define REVERSE "\x1b[7m"
#define PLAIN "\x1b[0m"

enum {
    WIDE_COLUMNS = 110, /* of a screen that has room for long ids */
    NAME_WIDE = 32,
    NAME_NARROW = 20,
};

/* What is being printed. */
struct table {
    const struct top_view *view;
    double seconds; /* of the sample */
    double workers; /* of the pipeline whose rows these are */
    struct buf line;
    struct buf *out;
    unsigned rows; /* so far */
};

/* ---- lines and cells ---- */

/* The first `most` characters; each counts as one column. */
static struct str cut(struct str text, size_t most, size_t *used)
{
    size_t len = 0;
    for (*used = 0; len < text.len && *used < most; ++*used) {
        do len++;
        while (len < text.len && ((unsigned char)text.ptr[len] & 0xC0) == 0x80);
    }
    return str_slice(text, 0, len);
}

/* Ends the line, cut at the screen's edge, in its style. */
static void line_end(struct table *table, const char *style)
{
    const struct top_view *view = table->view;
    size_t used;
    struct str line = cut(buf_str(&table->line), view->columns ? view->columns : SIZE_MAX, &used);
    while (str_ends(line, STR(" "))) line.len--;
    bool has_style = view->has_colours && *style && line.len;
    if (!view->rows || table->rows < view->rows) {
        if (has_style) buf_append_z(table->out, style);
        buf_append(table->out, line);
        if (has_style) buf_append_z(table->out, PLAIN);
        buf_append_char(table->out, '\n');
    }
    table->rows++;
    buf_clear(&table->line);
}

/* Two blanks and `width` columns, to the right; a negative width: to the left. */
static void cell(struct table *table, int width, const char *text)
{
    struct buf clean = {0};
    size_t used, most = (size_t)abs(width);
    terminal_put_clean(str_of(text), &clean);
    struct str shown = cut(buf_str(&clean), most, &used);
    buf_printf(&table->line, "  %*s", width > 0 ? (int)(most - used) : 0, "");
    buf_append(&table->line, shown);
    buf_printf(&table->line, "%*s", width < 0 ? (int)(most - used) : 0, "");
    buf_fini(&clean);
}

/* Three digits are enough: 999, 1.2k, 350M. */
static void scaled(char text[32], double number, double base)
{
    static const char *const letters[] = {"", "k", "M", "G", "T", "P"};
    size_t i = 0;
    for (; number >= base - 0.5 && i + 1 < sizeof letters / sizeof *letters; i++) number /= base;
    bool is_whole = number >= 99.95 || (i == 0 && number == (double)(long long)number);
    snprintf(text, 32, is_whole ? "%.0f%s" : "%.1f%s", number, letters[i]);
}

static void duration(char text[32], double ns)
{
    static const struct {
        double least, divisor;
        const char *unit;
    } rows[] = {{1e9, 1e9, "s"}, {1e6, 1e6, "ms"}, {1e4, 1e3, "us"}, {0, 1, "ns"}};
    size_t i = 0;
    while (ns < rows[i].least) i++;
    double number = ns / rows[i].divisor;
    snprintf(text, 32, number < 9.95 && i < 3 ? "%.1f %s" : "%.0f %s", number, rows[i].unit);
}

/* ---- columns ---- */

enum column_kind {
    COLUMN_NAME, /* of the item */
    COLUMN_TEXT,
    COLUMN_COUNT, /* now */
    COLUMN_BYTES,
    COLUMN_RATE, /* growth a second */
    COLUMN_BYTES_RATE,
    COLUMN_WORKERS, /* growth in nanoseconds as a part of the workers' time */
    COLUMN_EACH,    /* growth in nanoseconds for each of `other` */
    COLUMN_SHARE,   /* growth as a part of that of `other` */
    COLUMN_LAG,     /* now, at the rate at which `other` grows */
};

struct column {
    const char *head;
    int width; /* of names: 0, as the screen has room */
    enum column_kind kind;
    const char *names, *other;
};

struct item {
    struct top_pair pair;
    const char *name;
    double cost, since_start;
    double scale; /* of times: 1, unless they are an estimate that is known to be too high */
    size_t number;
};

/* How long it takes for what is there to go, as it goes now: the mean time a thing is in there. */
static void lag_print(const struct table *table, char text[32], double held, double gone)
{
    if (held <= 0)
        snprintf(text, 32, "0");
    else if (gone <= 0)
        snprintf(text, 32, "stuck");
    else
        duration(text, held / gone * table->seconds * 1e9);
}

static void growth_print(const struct table *table, const struct column *column,
                         const struct item *item, char text[32])
{
    double growth = top_growth(item->pair, column->names);
    double other = column->other ? top_growth(item->pair, column->other) : 0;
    switch (column->kind) {
    case COLUMN_RATE: scaled(text, growth / table->seconds, 1000); break;
    case COLUMN_BYTES_RATE: scaled(text, growth / table->seconds, 1024); break;
    case COLUMN_WORKERS:
        snprintf(text, 32, "%.1f",
                 table->workers > 0 ? growth * item->scale / 1e7 / table->seconds / table->workers
                                    : 0);
        break;
    case COLUMN_EACH:
        if (other > 0) duration(text, growth * item->scale / other);
        break;
    case COLUMN_SHARE:
        if (other > 0) snprintf(text, 32, "%.1f", growth * 100 / other);
        break;
    case COLUMN_LAG: lag_print(table, text, top_now(item->pair, column->names), other); break;
    default: assert(false && "needs no growth");
    }
}

static int width_of(const struct table *table, const struct column *column)
{
    unsigned columns = table->view->columns;
    if (column->kind != COLUMN_NAME) return column->width;
    return columns && columns < WIDE_COLUMNS ? -NAME_NARROW : -NAME_WIDE;
}

static void column_put(struct table *table, const struct column *column, const struct item *item)
{
    char text[32] = "-";
    if (column->kind == COLUMN_NAME)
        cell(table, width_of(table, column), item->name);
    else if (column->kind == COLUMN_TEXT)
        cell(table, column->width, top_text(item->pair, column->names));
    else {
        if (column->kind == COLUMN_COUNT)
            scaled(text, top_now(item->pair, column->names), 1000);
        else if (column->kind == COLUMN_BYTES)
            scaled(text, top_now(item->pair, column->names), 1024);
        else if (table->seconds > 0)
            growth_print(table, column, item, text);
        cell(table, column->width, text);
    }
}

static void heads_put(struct table *table, const struct column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) cell(table, width_of(table, &columns[i]), columns[i].head);
    line_end(table, REVERSE);
}

static void row_put(struct table *table, const struct column *columns, size_t count,
                    const struct item *item, char mark, const char *style)
{
    for (size_t i = 0; i < count; i++) column_put(table, &columns[i], item);
    if (mark) table->line.ptr[0] = mark;
    line_end(table, style);
}

/* ---- what is sorted by its cost ---- */

struct items {
    struct item items[TOP_ITEMS_MAX];
    size_t count;
};

static int costlier(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->cost != y->cost) return x->cost < y->cost ? 1 : -1;
    if (x->since_start != y->since_start) return x->since_start < y->since_start ? 1 : -1;
    return (x->number > y->number) - (x->number < y->number);
}

static void item_add(struct items *items, struct top_pair pair, const char *name, const char *cost)
{
    if (items->count == TOP_ITEMS_MAX) return;
    items->items[items->count] = (struct item){.pair = pair,
                                               .name = name,
                                               .cost = top_growth(pair, cost),
                                               .since_start = top_now(pair, cost),
                                               .scale = 1,
                                               .number = items->count};
    items->count++;
}

static void items_sort(struct items *items)
{
    qsort(items->items, items->count, sizeof *items->items, costlier);
}

static void rows_add(struct items *items, struct top_pair list, const char *cost)
{
    for (size_t i = 0; i < json_array_size(list.now); i++) {
        struct top_pair row = top_pair_row(list, i);
        item_add(items, row, top_text(row, "id"), cost);
    }
    items_sort(items);
}

/* ---- the parts of the screen ---- */

#define COUNT(columns_) (sizeof columns_ / sizeof *columns_)

static const struct column pipeline_columns[] = {
    {"PIPELINE", 0, COLUMN_NAME, NULL, NULL},
    {"STATE", -8, COLUMN_TEXT, "activity.state", NULL},
    {"IN/s", 6, COLUMN_RATE, "events.in", NULL},
    {"OUT/s", 6, COLUMN_RATE, "events.out", NULL},
    {"BUSY%", 6, COLUMN_WORKERS, "activity.busy_in_nanos", NULL},
    {"PAUSED%", 7, COLUMN_WORKERS, "activity.paused_in_nanos", NULL},
    {"IN FLIGHT", 9, COLUMN_COUNT, "books.in_flight", NULL},
    {"WAITS FOR", -16, COLUMN_TEXT, "activity.waits_for", NULL},
    {"QUEUED", 6, COLUMN_COUNT, "activity.queued_batches", NULL},
    {"MEMORY", 6, COLUMN_BYTES, "activity.memory_used_in_bytes", NULL},
    {"OF", 5, COLUMN_BYTES, "activity.memory_limit_in_bytes", NULL},
    {"WORKERS", 7, COLUMN_COUNT, "pipeline.workers", NULL},
    {"PAUSED", 6, COLUMN_COUNT, "activity.paused_workers", NULL},
};

static const struct column filter_columns[] = {
    {"FILTER", 0, COLUMN_NAME, NULL, NULL},
    {"TYPE", -9, COLUMN_TEXT, "name", NULL},
    {"COST%", 6, COLUMN_WORKERS, "outcome.duration_in_nanos", NULL},
    {"EACH", 7, COLUMN_EACH, "outcome.duration_in_nanos", "events.in"},
    {"EVENTS/s", 8, COLUMN_RATE, "events.in", NULL},
    {"MATCHED%", 8, COLUMN_SHARE, "outcome.matched", "events.in"},
    {"FAILED/s", 8, COLUMN_RATE, "outcome.failed", NULL},
    {"DROPPED/s", 9, COLUMN_RATE, "outcome.cancelled", NULL},
    {"MADE/s", 6, COLUMN_RATE, "outcome.created", NULL},
};

static const struct column pattern_columns[] = {
    {"SLOWEST PATTERNS", 0, COLUMN_NAME, NULL, NULL},
    {"COST%", 6, COLUMN_WORKERS, "duration_in_nanos", NULL},
    {"EACH", 7, COLUMN_EACH, "duration_in_nanos", "attempts"},
    {"TRIES/s", 8, COLUMN_RATE, "attempts", NULL},
    {"MISSED%", 8, COLUMN_SHARE, "misses", "attempts"},
    {"STOPPED/s", 9, COLUMN_RATE, "limits", NULL},
    {"PATTERN", -120, COLUMN_TEXT, "pattern", NULL},
};

static const struct column input_columns[] = {
    {"INPUT", 0, COLUMN_NAME, NULL, NULL},
    {"TYPE", -9, COLUMN_TEXT, "name", NULL},
    {"EVENTS/s", 8, COLUMN_RATE, "events.out", NULL},
    {"BYTES/s", 8, COLUMN_BYTES_RATE, "reading.bytes", NULL},
    {"OPEN", 6, COLUMN_COUNT, "reading.connections", NULL},
    {"CUT/s", 6, COLUMN_RATE, "reading.cut", NULL},
    {"ERRORS", 6, COLUMN_COUNT, "reading.errors", NULL},
};

static const struct column output_columns[] = {
    {"OUTPUT", 0, COLUMN_NAME, NULL, NULL},
    {"TYPE", -9, COLUMN_TEXT, "name", NULL},
    {"SENT/s", 8, COLUMN_RATE, "delivery.sent", NULL},
    {"BYTES/s", 8, COLUMN_BYTES_RATE, "delivery.bytes", NULL},
    {"IN FLIGHT", 9, COLUMN_COUNT, "delivery.in_flight", NULL},
    {"LAG", 7, COLUMN_LAG, "delivery.in_flight", "delivery.sent"},
    {"FULL%", 6, COLUMN_WORKERS, "delivery.full_in_nanos", NULL},
    {"RETRIES/s", 9, COLUMN_RATE, "delivery.retries", NULL},
    {"ERRORS", 6, COLUMN_COUNT, "delivery.errors", NULL},
    {"DROPPED", 7, COLUMN_COUNT, "delivery.dropped", NULL},
};

static void put_head(struct table *table, struct top_pair root)
{
    char text[32];
    unsigned long long up_s = (unsigned long long)(top_now(root, "jvm.uptime_in_millis") / 1000);
    terminal_put_clean(str_of(top_text(root, "name")), &table->line);
    buf_append_z(&table->line, " at ");
    terminal_put_clean(str_of(top_text(root, "http_address")), &table->line);
    buf_append_z(&table->line, "  ");
    terminal_put_clean(str_of(top_text(root, "status")), &table->line);
    buf_append_z(&table->line, "  up ");
    if (up_s >= 86400) buf_printf(&table->line, "%llud ", up_s / 86400);
    buf_printf(&table->line, "%02llu:%02llu:%02llu", up_s / 3600 % 24, up_s / 60 % 60, up_s % 60);
    if (table->seconds > 0)
        buf_printf(&table->line, "  cpu %.0f%%",
                   top_growth(root, "process.cpu.total_in_millis") / 10 / table->seconds);
    scaled(text, top_now(root, "jvm.mem.heap_used_in_bytes"), 1024);
    buf_printf(&table->line, "  memory %s", text);
    if (*table->view->status) buf_printf(&table->line, "  %s", table->view->status);
    line_end(table, BOLD);
    buf_append_z(&table->line, table->view->keys);
    if (table->line.len) line_end(table, DIM);
    line_end(table, "");
}

static void pipelines_add(struct items *items, struct top_pair root)
{
    const char *name;
    json_t *now, *all = json_object_get(root.now, "pipelines");
    json_object_foreach(all, name, now)
    {
        const json_t *before = json_object_get(json_object_get(root.before, "pipelines"), name);
        item_add(items, (struct top_pair){before, now}, name, "activity.busy_in_nanos");
    }
    items_sort(items);
}

static void put_pipelines(struct table *table, const struct items *pipelines)
{
    size_t selected = table->view->selected;
    bool is_marked = table->view->has_one && pipelines->count > 1;
    heads_put(table, pipeline_columns, COUNT(pipeline_columns));
    for (size_t i = 0; i < pipelines->count; i++) {
        const struct item *item = &pipelines->items[i];
        bool is_paused = top_now(item->pair, "activity.paused_workers") > 0;
        table->workers = top_now(item->pair, "pipeline.workers");
        row_put(table, pipeline_columns, COUNT(pipeline_columns), item,
                is_marked && i == selected ? '>' : 0, is_paused ? RED : "");
    }
    line_end(table, "");
}

/* Filters by what they cost; what is left of the workers' time goes to outputs (encoding, handing
 * on), branches and assignments. */
static void put_filters(struct table *table, const struct item *pipeline, struct items *items)
{
    struct top_pair pair = pipeline->pair;
    double rest = top_growth(pair, "activity.busy_in_nanos");
    items->count = 0;
    rows_add(items, top_pair_at(pair, "plugins.filters"), "outcome.duration_in_nanos");
    if (!items->count) return;
    heads_put(table, filter_columns, COUNT(filter_columns));
    for (size_t i = 0; i < items->count; i++) {
        bool has_failed = top_growth(items->items[i].pair, "outcome.failed") > 0;
        row_put(table, filter_columns, COUNT(filter_columns), &items->items[i], 0,
                has_failed ? RED : "");
        rest -= items->items[i].cost;
    }
    char text[32] = "-";
    if (table->seconds > 0 && table->workers > 0)
        snprintf(text, sizeof text, "%.1f",
                 rest > 0 ? rest / 1e7 / table->seconds / table->workers : 0);
    cell(table, width_of(table, filter_columns), "(outputs, branches)");
    cell(table, -9, "");
    cell(table, 6, text);
    line_end(table, DIM);
    line_end(table, "");
}

/* The times of patterns are measured on some attempts; all of them fit into their filter's. */
static void patterns_add(struct items *items, struct top_pair filter)
{
    size_t first = items->count;
    double all = 0, filter_ns = top_growth(filter, "outcome.duration_in_nanos");
    struct top_pair patterns = top_pair_at(filter, "patterns");
    for (size_t i = 0; i < json_array_size(patterns.now); i++) {
        struct top_pair pattern = top_pair_row(patterns, i);
        item_add(items, pattern, top_text(filter, "id"), "duration_in_nanos");
        all += top_growth(pattern, "duration_in_nanos");
    }
    for (size_t i = first; i < items->count && all > filter_ns; i++) {
        items->items[i].scale = filter_ns / all;
        items->items[i].cost *= filter_ns / all;
    }
}

static void put_patterns(struct table *table, const struct item *pipeline, struct items *items)
{
    struct top_pair filters = top_pair_at(pipeline->pair, "plugins.filters");
    items->count = 0;
    for (size_t i = 0; i < json_array_size(filters.now); i++)
        patterns_add(items, top_pair_row(filters, i));
    items_sort(items);
    if (!items->count) return;
    heads_put(table, pattern_columns, COUNT(pattern_columns));
    for (size_t i = 0; i < items->count && i < TOP_PATTERNS_MAX; i++)
        row_put(table, pattern_columns, COUNT(pattern_columns), &items->items[i], 0, "");
    line_end(table, "");
}

static void put_plugins(struct table *table, struct top_pair list, const struct column *columns,
                        size_t count, const char *cost, struct items *items)
{
    items->count = 0;
    rows_add(items, list, cost);
    if (!items->count) return;
    heads_put(table, columns, count);
    for (size_t i = 0; i < items->count; i++)
        row_put(table, columns, count, &items->items[i], 0, "");
    line_end(table, "");
}

void top_table_print(const struct top_sample *sample, struct top_view *view, struct buf *out)
{
    struct table table = {.view = view, .seconds = sample->seconds, .out = out};
    struct items *pipelines = xcalloc(1, sizeof *pipelines), *items = xcalloc(1, sizeof *items);
    struct top_pair root = top_pair_root(sample);
    pipelines_add(pipelines, root);
    if (view->selected >= pipelines->count) view->selected = 0;
    put_head(&table, root);
    put_pipelines(&table, pipelines);
    for (size_t i = 0; i < pipelines->count; i++) {
        if (view->has_one && i != view->selected) continue;
        const struct item *pipeline = &pipelines->items[i];
        table.workers = top_now(pipeline->pair, "pipeline.workers");
        if (pipelines->count > 1) {
            buf_append_z(&table.line, "pipeline ");
            terminal_put_clean(str_of(pipeline->name), &table.line);
            line_end(&table, BOLD);
        }
        put_filters(&table, pipeline, items);
        put_patterns(&table, pipeline, items);
        put_plugins(&table, top_pair_at(pipeline->pair, "plugins.outputs"), output_columns,
                    COUNT(output_columns), "delivery.full_in_nanos", items);
        put_plugins(&table, top_pair_at(pipeline->pair, "plugins.inputs"), input_columns,
                    COUNT(input_columns), "events.out", items);
    }
    buf_fini(&table.line);
    free(pipelines);
    free(items);
}
