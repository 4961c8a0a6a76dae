/* SPDX-License-Identifier: Apache-2.0 */
#include "core/state/meter.h"
#include <criterion/criterion.h>
#include <math.h>

Test(meter, the_first_tick_sets_the_rates_and_later_ones_move_them)
{
    struct meter meter = {0};
    for (int i = 0; i < 50; i++) meter_mark(&meter);
    cr_expect_eq(meter.rates[0], 0);
    meter_tick(&meter);
    for (int i = 0; i < METER_RATES; i++) cr_expect_float_eq(meter.rates[i], 10, 1e-9);
    meter_tick(&meter); /* nothing came: exp(-5/60), exp(-5/300), exp(-5/900) of it is left */
    cr_expect_float_eq(meter.rates[0], 9.2004441, 1e-6);
    cr_expect_float_eq(meter.rates[1], 9.8347145, 1e-6);
    cr_expect_float_eq(meter.rates[2], 9.9445984, 1e-6);
    cr_expect_eq(meter.count, 50);
}

static double spread(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / (double)((uint64_t)1 << 53);
}

Test(sample, few_numbers_are_all_kept)
{
    struct sample sample = {0};
    double values[SAMPLE_MAX];
    for (int i = 100; i > 0; i--) sample_add(&sample, i, 0, 0.5);
    cr_expect_eq(sample_sorted(&sample, values), 100);
    cr_expect_eq(values[0], 1);
    cr_expect_float_eq(sample_percentile(values, 100, 50), 50.5, 1e-9);
    cr_expect_float_eq(sample_percentile(values, 100, 95), 95.95, 1e-9);
    cr_expect_eq(sample_percentile(values, 100, 0), 1);
    cr_expect_eq(sample_percentile(values, 100, 100), 100);
    cr_expect_float_eq(sample_mean(&sample), 50.5, 1e-9);
    cr_expect_float_eq(sample_deviation(&sample), 29.0114919, 1e-6);
    sample_fini(&sample);
}

Test(sample, nothing_and_one_number)
{
    struct sample sample = {0};
    double values[SAMPLE_MAX];
    cr_expect_eq(sample_mean(&sample), 0);
    cr_expect_eq(sample_percentile(values, sample_sorted(&sample, values), 50), 0);
    sample_add(&sample, -3.5, 0, 0);
    cr_expect_eq(sample_deviation(&sample), 0);
    cr_expect_eq(sample.min, -3.5);
    cr_expect_eq(sample_percentile(values, sample_sorted(&sample, values), 99), -3.5);
    sample_fini(&sample);
}

Test(sample, many_numbers_are_bounded_and_newer_ones_preferred)
{
    struct sample sample = {0};
    double values[SAMPLE_MAX];
    uint64_t state = 1;
    for (int i = 0; i < 100000; i++) sample_add(&sample, i < 50000 ? 1 : 2, i / 1000.0, spread(&state));
    cr_assert_eq(sample_sorted(&sample, values), SAMPLE_MAX);
    uint32_t newer = 0;
    for (uint32_t i = 0; i < SAMPLE_MAX; i++) newer += values[i] == 2;
    cr_expect(newer > SAMPLE_MAX * 6 / 10 && newer < SAMPLE_MAX * 75 / 100, "%u of %d", newer, SAMPLE_MAX);
    cr_expect_eq(sample.count, 100000);
    cr_expect_eq(sample_bytes(&sample), SAMPLE_MAX * sizeof *sample.items);
    sample_fini(&sample);
}

Test(sample, large_numbers_that_differ_little_keep_their_deviation)
{
    struct sample sample = {0};
    for (int i = 0; i < 1000; i++) sample_add(&sample, 1e15 + i % 2, 0, 0.5);
    cr_expect_float_eq(sample_deviation(&sample), 0.50025, 1e-4);
    sample_fini(&sample);
}
