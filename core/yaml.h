/* SPDX-License-Identifier: Apache-2.0 */
/* YAML (libyaml) to the same values that the pipeline language yields, with their places, so that a
 * complaint about a setting points at it. One document; plain scalars are barewords or numbers,
 * quoted ones strings; a null is an empty bareword. Aliases, tags and merge keys are refused: no
 * setting needs them. Start-up only; memory is the arena's. */
#ifndef CORE_YAML_H
#define CORE_YAML_H
#include "core/option.h"

enum {
    YAML_BYTES_MAX = 8 * 1024 * 1024,
    YAML_DEPTH_MAX = 32,
    YAML_NODES_MAX = 200000,
};

/* The document's root, or NULL when it is empty (no complaint) or not readable (the diag says why).
 * `source` must outlive the values. */
struct config_value *yaml_parse(const struct source_text *source, struct arena *arena,
                                struct diag *diag);
/* The same for files of data, which are larger than settings. */
struct yaml_limits {
    size_t bytes;
    uint32_t nodes;
};
struct config_value *yaml_parse_within(const struct source_text *source, const struct yaml_limits *limits,
                                       struct arena *arena, struct diag *diag);

/* What a value means as data: a plain scalar that reads as a number, true, yes, on, null … is that (YAML
 * 1.1), all others are text. Of a list or a map yaml_scalar() is missing. */
struct value yaml_scalar(const struct config_value *value);
struct value yaml_value(const struct config_value *value, struct arena *arena);

/* Turns nested maps into dotted keys (`pipeline: {workers: 2}` is `pipeline.workers: 2`), in order.
 * Values that are not maps end a key. Returns their number; `*settings` is the arena's. */
uint32_t yaml_flatten(const struct config_value *map, struct arena *arena, struct setting **settings);

#endif
