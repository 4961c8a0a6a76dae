/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/ports.h"

static bool is_any(struct str host) { return str_eq(host, STR("0.0.0.0")) || str_eq(host, STR("::")); }

static bool collide(const struct listen_place *a, const struct listen_place *b)
{
    bool same_kind = (a->is_tcp && b->is_tcp) || (a->is_udp && b->is_udp);
    bool same_host = is_any(a->host) || is_any(b->host) || str_eq(a->host, b->host);
    return same_kind && same_host && a->port == b->port;
}

static bool listens(const struct input *input, struct listen_place *place)
{
    return input->type->listens && input->type->listens(input->self, place);
}

/* Compares `input` with the first `limit` inputs of a pipeline. */
static bool input_check(const struct input *input, const struct listen_place *place,
                        const struct pipeline *other, uint32_t limit, struct diag *diag)
{
    const struct generation *generation = worker_generation(other->workers[0]);
    for (uint32_t i = 0; i < limit; i++) {
        struct listen_place taken;
        if (!listens(generation->inputs[i], &taken) || !collide(place, &taken)) continue;
        struct message *message =
            diag_error(diag, input->place, "two inputs listen on port %lld", (long long)place->port);
        diag_other(diag, message, generation->inputs[i]->place, "the other, of pipeline `%.*s`",
                   STR_ARG(other->id));
        return false;
    }
    return true;
}

bool ports_check(const struct pipeline *fresh, struct pipeline *const *others, uint32_t count,
                 struct diag *diag)
{
    const struct generation *generation = worker_generation(fresh->workers[0]);
    bool ok = true;
    for (uint32_t i = 0; i < generation->input_count; i++) {
        struct listen_place place;
        if (!listens(generation->inputs[i], &place)) continue;
        ok = input_check(generation->inputs[i], &place, fresh, i, diag) && ok;
        for (uint32_t k = 0; k < count; k++) {
            uint32_t all = worker_generation(others[k]->workers[0])->input_count;
            ok = input_check(generation->inputs[i], &place, others[k], all, diag) && ok;
        }
    }
    return ok;
}
