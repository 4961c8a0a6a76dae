/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/top_sample.h"
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64 };

static const json_t *at(const json_t *object, const char *names)
{
    char name[NAME_MAX_BYTES];
    while (object && *names) {
        size_t len = strcspn(names, ".");
        assert(len < sizeof name);
        memcpy(name, names, len);
        name[len] = 0;
        object = json_object_get(object, name);
        names += len + (names[len] == '.');
    }
    return object;
}

/* ---- looking ---- */

static json_t *document_get(const struct api_place *place, char why[160])
{
    struct api_client client;
    struct str body = {0};
    json_t *document = NULL;
    if (!api_client_get(&client, place, "/_node/stats") || !api_client_body(&client, &body))
        snprintf(why, 160, "%s", client.why);
    else if (client.status == 401)
        snprintf(why, 160,
                 "user and password needed: --user NAME, or api.auth.basic.* in the settings");
    else if (client.status != 200)
        snprintf(why, 160, "status %u", client.status);
    else if (!(document = json_loadb(body.ptr, body.len, 0, NULL)))
        snprintf(why, 160, "the answer is not JSON");
    else if (!json_is_object(at(document, "pipelines"))) {
        snprintf(why, 160, "it is no instance of Tailrace");
        json_decref(document);
        document = NULL;
    }
    api_client_close(&client);
    return document;
}

static const char *id_of(const json_t *document)
{
    const char *id = json_string_value(at(document, "ephemeral_id"));
    return id ? id : "";
}

bool top_sample_take(struct top_sample *sample, const struct api_place *place, char why[160])
{
    json_t *document = document_get(place, why);
    if (!document) return false;
    json_decref(sample->before);
    sample->before = sample->now;
    sample->now = document;
    if (sample->before && strcmp(id_of(sample->before), id_of(document))) {
        json_decref(sample->before);
        sample->before = NULL;
    }
    double ms = top_growth(top_pair_root(sample), "jvm.uptime_in_millis");
    sample->seconds = ms > 0 ? ms / 1000 : 0;
    return true;
}

void top_sample_fini(struct top_sample *sample)
{
    json_decref(sample->before);
    json_decref(sample->now);
    *sample = (struct top_sample){0};
}

/* ---- what is in it ---- */

struct top_pair top_pair_root(const struct top_sample *sample)
{
    return (struct top_pair){sample->before, sample->now};
}

struct top_pair top_pair_at(struct top_pair pair, const char *names)
{
    return (struct top_pair){at(pair.before, names), at(pair.now, names)};
}

static const char *row_name(const json_t *row)
{
    const char *name = json_string_value(at(row, "id"));
    if (!name) name = json_string_value(at(row, "pattern"));
    return name ? name : "";
}

struct top_pair top_pair_row(struct top_pair list, size_t number)
{
    struct top_pair pair = {.now = json_array_get(list.now, number)};
    size_t count = json_array_size(list.before);
    for (size_t i = 0; i < count && !pair.before; i++) {
        const json_t *row = json_array_get(list.before, (number + i) % count);
        if (!strcmp(row_name(row), row_name(pair.now))) pair.before = row;
    }
    return pair;
}

double top_now(struct top_pair pair, const char *names)
{
    return json_number_value(at(pair.now, names));
}

double top_growth(struct top_pair pair, const char *names)
{
    const json_t *before = at(pair.before, names);
    double growth = json_number_value(at(pair.now, names)) - json_number_value(before);
    return before && growth > 0 ? growth : 0;
}

const char *top_text(struct top_pair pair, const char *names)
{
    const char *text = json_string_value(at(pair.now, names));
    return text ? text : "";
}
