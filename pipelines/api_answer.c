/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/api_answer.h"
#include <stdlib.h>
#include <string.h>

enum MHD_Result api_answer(struct MHD_Connection *connection, unsigned status, const char *type,
                           char *text, size_t len)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(text);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, "WWW-Authenticate", "Basic realm=\"tailrace-api\"");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

const char *api_query(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

/* True when given without a value or with `true`. */
bool api_query_flag(struct MHD_Connection *connection, const char *name)
{
    const char *value = NULL;
    size_t len;
    if (MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, name, strlen(name), &value,
                                      &len) != MHD_YES)
        return false;
    return !value || !*value || !strcmp(value, "true");
}

enum MHD_Result api_answer_json(struct MHD_Connection *connection, unsigned status,
                                json_t *document)
{
    char *text = json_dumps(document,
                            (api_query_flag(connection, "pretty") ? JSON_INDENT(2) : JSON_COMPACT) |
                                JSON_REAL_PRECISION(6));
    json_decref(document);
    if (!text) return MHD_NO;
    return api_answer(connection, status, "application/json", text, strlen(text));
}

enum MHD_Result api_answer_error(struct MHD_Connection *connection, unsigned status,
                                 const char *path, const char *message)
{
    return api_answer_json(connection, status,
                           json_pack("{s:s, s:i, s:{s:s}}", "path", path, "status", (int)status,
                                     "error", "message", message));
}
