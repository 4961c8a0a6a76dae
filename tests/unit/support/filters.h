/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one filter on the events of a scene (events.h), without a host: no common options.
 *
 *     struct rig rig;
 *     rig_open(&rig, &scene, &filter_mutate, "{'uppercase': ['a']}");
 *     rig_run(&rig, event);
 *     cr_expect_eq(rig_fate(&rig, event), FATE_MATCHED);
 *     rig_close(&rig);
 *
 * Options are written as JSON: an object is a hash (or the options themselves), true and false are
 * barewords. */
#ifndef TESTS_UNIT_SUPPORT_FILTERS_H
#define TESTS_UNIT_SUPPORT_FILTERS_H
#include "core/plugin.h"
#include "tests/unit/support/events.h"

struct rig {
    struct scene *scene;
    const struct filter_type *type;
    void *self;
    struct diag diag;
    struct outcome out;
    bool is_open; /* options and create() were accepted */
    struct buf complaint;
    struct budget budget;
    struct state_scope scope; /* of one worker */
    struct shared *shared;
};
/* False: the configuration was refused; rig_complaint() says why. Close in any case. */
bool rig_open(struct rig *rig, struct scene *scene, const struct filter_type *type,
              const char *options);
/* As above, in ECS mode. */
bool rig_open_ecs(struct rig *rig, struct scene *scene, const struct filter_type *type,
                  const char *options, enum ecs ecs);
/* apply() on one event, or on all that are not cancelled. */
void rig_run(struct rig *rig, struct event *event);
void rig_run_all(struct rig *rig);
/* flush(); the events that it makes are the scene's last. Returns their number. */
uint32_t rig_flush(struct rig *rig, bool is_final);
enum fate rig_fate(const struct rig *rig, const struct event *event);
/* First lines of all messages, separated by newlines. */
const char *rig_complaint(struct rig *rig);
void rig_close(struct rig *rig);

/* Options written as JSON, for other plugins' tests. */
struct setting *rig_settings(struct arena *arena, const char *options, uint32_t *count);

#endif
