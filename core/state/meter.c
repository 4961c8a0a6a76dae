/* SPDX-License-Identifier: Apache-2.0 */
#include "core/state/meter.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/xmalloc.h"

enum { SAMPLE_FIRST = 16 };
#define SAMPLE_DECAY 0.015 /* of a second */

const int64_t meter_minutes[METER_RATES] = {1, 5, 15};

/* ---- meters ---- */

void meter_mark(struct meter *meter)
{
    meter->count++;
    meter->uncounted++;
}

void meter_tick(struct meter *meter)
{
    double now = (double)meter->uncounted / METER_TICK_S;
    for (int i = 0; i < METER_RATES; i++) {
        double weight = 1 - exp(-(double)METER_TICK_S / 60 / (double)meter_minutes[i]);
        meter->rates[i] = meter->has_rates ? meter->rates[i] + weight * (now - meter->rates[i]) : now;
    }
    meter->has_rates = true;
    meter->uncounted = 0;
}

/* ---- samples ---- */

static void items_swap(struct sample *sample, uint32_t a, uint32_t b)
{
    struct sample_item item = sample->items[a];
    sample->items[a] = sample->items[b];
    sample->items[b] = item;
}

static void heap_up(struct sample *sample, uint32_t at)
{
    while (at && sample->items[at].priority < sample->items[(at - 1) / 2].priority) {
        items_swap(sample, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void heap_down(struct sample *sample, uint32_t at)
{
    for (;;) {
        uint32_t least = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < sample->kept; child++)
            if (sample->items[child].priority < sample->items[least].priority) least = child;
        if (least == at) return;
        items_swap(sample, at, least);
        at = least;
    }
}

/* The logarithm of the weight over the random number: no exponent overflows, the order is the same. */
static double priority_of(double second, double random)
{
    return SAMPLE_DECAY * second - log(1 - random > 0 ? 1 - random : 1);
}

static void item_keep(struct sample *sample, struct sample_item item)
{
    if (sample->kept == SAMPLE_MAX) {
        if (item.priority <= sample->items[0].priority) return;
        sample->items[0] = item;
        heap_down(sample, 0);
        return;
    }
    if (sample->kept == sample->capacity) {
        sample->capacity = sample->capacity ? sample->capacity * 2 : SAMPLE_FIRST;
        sample->items = xreallocarray(sample->items, sample->capacity, sizeof *sample->items);
    }
    sample->items[sample->kept] = item;
    heap_up(sample, sample->kept++);
}

void sample_add(struct sample *sample, double value, double second, double random)
{
    assert(random >= 0 && random < 1);
    if (!sample->count) sample->first = sample->min = sample->max = value;
    if (value < sample->min) sample->min = value;
    if (value > sample->max) sample->max = value;
    double distance = value - sample->first; /* else large numbers that differ little lose all digits */
    sample->count++;
    sample->sum += distance;
    sample->sum_of_squares += distance * distance;
    item_keep(sample, (struct sample_item){value, priority_of(second, random)});
}

void sample_fini(struct sample *sample)
{
    free(sample->items);
    *sample = (struct sample){0};
}

double sample_mean(const struct sample *sample)
{
    return sample->count ? sample->first + sample->sum / (double)sample->count : 0;
}

double sample_deviation(const struct sample *sample)
{
    if (sample->count < 2) return 0;
    double n = (double)sample->count;
    double variance = (sample->sum_of_squares - sample->sum * sample->sum / n) / (n - 1);
    return variance > 0 ? sqrt(variance) : 0;
}

static int double_cmp(const void *left, const void *right)
{
    const double *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

uint32_t sample_sorted(const struct sample *sample, double *values)
{
    for (uint32_t i = 0; i < sample->kept; i++) values[i] = sample->items[i].value;
    qsort(values, sample->kept, sizeof *values, double_cmp);
    return sample->kept;
}

double sample_percentile(const double *sorted, uint32_t count, double percent)
{
    if (!count) return 0;
    double place = percent / 100 * ((double)count + 1);
    if (place < 1) return sorted[0];
    if (place >= (double)count) return sorted[count - 1];
    uint32_t below = (uint32_t)place;
    return sorted[below - 1] + (place - below) * (sorted[below] - sorted[below - 1]);
}

size_t sample_bytes(const struct sample *sample) { return sample->capacity * sizeof *sample->items; }
