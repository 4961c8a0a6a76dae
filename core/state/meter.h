/* SPDX-License-Identifier: Apache-2.0 */
/* What is measured of a stream of events: how many, how many a second over the last minutes, and of
 * numbers that come with them their spread.
 *
 *   rates    exponentially weighted, moved on every METER_TICK_S seconds (as Unix load averages are);
 *            the first tick sets them
 *   sample   at most SAMPLE_MAX of the numbers, newer ones preferred: of an age of one minute about 0.4
 *            times as many as of now (forward decay). Up to SAMPLE_MAX numbers all of them
 *
 * Plain memory of whoever owns it; one thread at a time. */
#ifndef CORE_STATE_METER_H
#define CORE_STATE_METER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { METER_TICK_S = 5, METER_RATES = 3, SAMPLE_MAX = 1024 };
/* Minutes of each rate. */
extern const int64_t meter_minutes[METER_RATES];

struct meter {
    uint64_t count, uncounted; /* uncounted: since the last tick */
    double rates[METER_RATES]; /* events a second */
    bool has_rates;
};
void meter_mark(struct meter *meter);
void meter_tick(struct meter *meter);

struct sample {
    double sum, sum_of_squares, min, max; /* of all numbers; squares of the distance from the first */
    double first;
    uint64_t count;
    uint32_t kept, capacity;
    struct sample_item {
        double value, priority;
    } *items; /* a heap: the least priority first */
};
/* `second`: any clock that goes on. `random`: 0 to below 1. */
void sample_add(struct sample *sample, double value, double second, double random);
void sample_fini(struct sample *sample);
double sample_mean(const struct sample *sample);
double sample_deviation(const struct sample *sample); /* of a sample: n - 1 */
/* What is kept, sorted, into `values`, which has room for SAMPLE_MAX. Returns how many. */
uint32_t sample_sorted(const struct sample *sample, double *values);
/* Between the neighbours of place percent / 100 * (count + 1), as Logstash's metrics are. */
double sample_percentile(const double *sorted, uint32_t count, double percent);
size_t sample_bytes(const struct sample *sample); /* that it holds beside itself */

#endif
