/* SPDX-License-Identifier: Apache-2.0 */
/* Where a running instance's API is, and as whom it is asked: from the settings, or from the flags
 * of the commands that look into an instance. Texts are the settings' or the arena's. */
#ifndef PIPELINES_API_PLACE_H
#define PIPELINES_API_PLACE_H
#include "pipelines/settings.h"

struct api_place {
    struct str host;
    uint16_t first, last; /* ports: the first that is listened on is asked */
    struct str user, password;
    bool has_user;
};

/* From api.http.host, api.http.port and api.auth.* of settings that were loaded without a fault. */
void api_place_of_settings(struct api_place *place, const struct settings *settings);

/* Flags: `http://host[:port]` (9600 unless given), and `NAME:PASSWORD` or `NAME`, of which the
 * password is asked for. */
struct api_place_options {
    struct str url, user;
};
extern const struct option api_place_option_rows[];

/* The settings' place, overlaid by the options read from `flags`. False: the diag says what is
 * wrong. */
bool api_place_find(struct api_place *place, const struct settings *settings,
                    const struct api_place_options *options, const struct setting_list *flags,
                    struct arena *arena, struct diag *diag);

#endif
