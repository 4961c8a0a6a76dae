/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/health_check.h"
#include <stdio.h>
#include "pipelines/api_client.h"

static bool failed(const struct settings *settings, const char *why)
{
    fprintf(stderr, "tailrace: no good answer from the API at %.*s port %.*s: %s\n",
            STR_ARG(settings->api_host), STR_ARG(settings->api_port), why);
    return false;
}

static bool told(const struct settings *settings, struct api_client *client,
                 const struct api_place *place)
{
    struct str body;
    if (!api_client_get(client, place, "/health")) return failed(settings, client->why);
    if (client->status == 200 && api_client_body(client, &body)) {
        fwrite(body.ptr, 1, body.len, stdout);
        return true;
    }
    char why[64];
    snprintf(why, sizeof why, "status %u%s", client->status,
             client->status == 503 ? "; GET /_health_report says more" : "");
    return failed(settings, why);
}

bool health_check(const struct settings *settings)
{
    struct api_place place;
    struct api_client client;
    api_place_of_settings(&place, settings);
    bool ok = told(settings, &client, &place);
    api_client_close(&client);
    return ok;
}
