/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/tap_options.h"
#include <assert.h>

static const char *const at_choices[] = {"auto", "in", "out", "both", NULL};

const struct option tap_option_rows[] = {
    OPTION_STRING(struct tap_options, pipeline,
                  .help = "Id of the pipeline; needed when several run."),
    OPTION_STRING(struct tap_options, plugin,
                  .help = "Id of the plugin; none: the pipeline as a whole."),
    OPTION_CHOICE(struct tap_options, at, .preset = "auto", .choices = at_choices,
                  .help =
                      "Before it, behind it, or both; auto: both of a filter, else what there is."),
    OPTION_STRING(struct tap_options, where, .help = "Only events for which this condition holds."),
    OPTION_INT(struct tap_options, limit, .preset = "0", .min = 0, .max = INT64_MAX,
               .help = "Ends after so many events; 0: no limit."),
    OPTION_INT(struct tap_options, rate, .preset = "100", .min = 0, .max = INT32_MAX,
               .help = "Most events a second; 0: as many as can be."),
    OPTION_INT(struct tap_options, sample, .preset = "1", .min = 1, .max = INT32_MAX,
               .help = "One of so many events."),
    OPTION_INT(struct tap_options, seconds, .preset = "3600", .min = 1, .max = TAP_SECONDS_MAX,
               .help = "Ends after so many seconds."),
    OPTION_BOOL(struct tap_options, metadata, .preset = "false", .help = "Shows [@metadata], too."),
    OPTION_END};

const char *tap_at_name(enum tap_at at)
{
    assert(at <= TAP_AT_BOTH);
    return at_choices[at];
}
