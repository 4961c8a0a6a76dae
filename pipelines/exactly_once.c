/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/exactly_once.h"

struct check {
    const struct generation *generation;
    const struct output *output; /* that delivers exactly once */
    struct str cluster;
    struct diag *diag;
    bool is_kept;
};

static struct str output_cluster(const struct output *output)
{
    return output->type->transacts ? output->type->transacts(output->self) : (struct str){0};
}

static const struct output *output_find(const struct generation *generation)
{
    for (uint32_t i = 0; i < generation->program.output_count; i++)
        if (output_cluster(generation->program.outputs[i]).len) return generation->program.outputs[i];
    return NULL;
}

static void refuse(struct check *check, struct place place, const char *what, const char *hint)
{
    struct message *message = diag_error(check->diag, place, "`delivery => exactly_once` cannot be kept: %s", what);
    diag_hint(check->diag, message, "%s", hint);
    diag_other(check->diag, message, check->output->place, "asked for here");
    check->is_kept = false;
}

/* Outputs in one transaction are one producer's. */
static void writer_check(struct check *check, const struct output *output)
{
    const char *differs = output->type == check->output->type && output->type->differs
                              ? output->type->differs(output->self, check->output->self)
                              : NULL;
    if (!differs) return;
    struct message *message =
        diag_error(check->diag, output->place,
                   "outputs with `delivery => exactly_once` share one producer, and this one has another `%s`",
                   differs);
    diag_hint(check->diag, message, "write the same `%s` in both, or move this output to a pipeline of its own that "
                                    "reads the topic", differs);
    diag_other(check->diag, message, check->output->place, "the other one");
    check->is_kept = false;
}

static void outputs_check(struct check *check)
{
    for (uint32_t i = 0; i < check->generation->program.output_count; i++) {
        const struct output *output = check->generation->program.outputs[i];
        if (output == check->output) continue;
        if (output_cluster(output).len)
            writer_check(check, output);
        else if (output->type->transacts)
            refuse(check, output->place, "this output delivers at least once and would get events again",
                   "write delivery => \"exactly_once\" here, too");
        else
            refuse(check, output->place, "this output is not in the transaction and would get events again",
                   "move it to a pipeline of its own that reads the topic");
    }
}

/* One topic for all, or files, which are not in the transaction. */
static void letters_check(struct check *check, bool has_files)
{
    const struct output *keeper = NULL;
    for (uint32_t i = 0; i < check->generation->program.output_count; i++) {
        const struct output *output = check->generation->program.outputs[i];
        if (!output_letters_topic(output).len) continue;
        if (keeper) {
            struct message *message = diag_error(check->diag, output->place,
                                                 "`dead_letter_topic` is named twice: it is the pipeline's");
            diag_hint(check->diag, message, "leave it out here");
            diag_other(check->diag, message, keeper->place, "named here");
            check->is_kept = false;
        }
        keeper = output;
    }
    if (has_files && !keeper)
        refuse(check, check->output->place, "dead letters are files, not in the transaction",
               "write dead_letter_topic => \"a topic\" here, or set dead_letter_queue.enable to false for this "
               "pipeline");
}

static void inputs_check(struct check *check)
{
    for (uint32_t i = 0; i < check->generation->input_count; i++) {
        const struct input *input = check->generation->inputs[i];
        if (!input->type->transacts)
            refuse(check, input->place, "positions of this input are not kept in Kafka",
                   "exactly_once needs inputs `kafka` of the same cluster alone");
        else if (!str_eq(input->type->transacts(input->self), check->cluster))
            refuse(check, input->place, "this input reads another cluster",
                   "write the same bootstrap_servers at input and output");
        else if (input->codec && input->codec->join)
            refuse(check, input->place, "its codec holds lines back, and offsets would go past them",
                   "join the lines before they go to Kafka");
    }
}

static void filters_check(struct check *check)
{
    for (uint32_t i = 0; i < check->generation->program.filter_count; i++) {
        const struct filter *filter = check->generation->program.filters[i];
        if (filter->type->flush)
            refuse(check, filter->place, "this filter holds events back, and what it holds is lost by a kill",
                   "move it to a pipeline of its own that reads the topic");
    }
}

bool exactly_once_check(const struct pipeline *pipeline, struct diag *diag)
{
    struct check check = {.generation = worker_generation(pipeline->workers[0]), .diag = diag, .is_kept = true};
    check.output = output_find(check.generation);
    if (!check.output) return true;
    check.cluster = output_cluster(check.output);
    outputs_check(&check);
    inputs_check(&check);
    filters_check(&check);
    letters_check(&check, pipeline->settings.dead_letter_queue_enable);
    return check.is_kept;
}
