/* SPDX-License-Identifier: Apache-2.0 */
#include "core/elastic/template_text.h"
#include <jansson.h>
#include <stdio.h>

static const char logs_settings[] = "{\"index.refresh_interval\": \"5s\", \"number_of_shards\": 1}";
static const char logs_mappings[] =
    "{\"dynamic_templates\": ["
    "  {\"message_field\": {\"path_match\": \"message\", \"match_mapping_type\": \"string\","
    "   \"mapping\": {\"type\": \"text\", \"norms\": false}}},"
    "  {\"string_fields\": {\"match\": \"*\", \"match_mapping_type\": \"string\","
    "   \"mapping\": {\"type\": \"text\", \"norms\": false,"
    "    \"fields\": {\"keyword\": {\"type\": \"keyword\", \"ignore_above\": 256}}}}}],"
    " \"properties\": {\"@timestamp\": {\"type\": \"date\"}, \"@version\": {\"type\": \"keyword\"},"
    "  \"geoip\": {\"dynamic\": true, \"properties\": {\"ip\": {\"type\": \"ip\"},"
    "   \"location\": {\"type\": \"geo_point\"}, \"latitude\": {\"type\": \"half_float\"},"
    "   \"longitude\": {\"type\": \"half_float\"}}}}}";

static json_t *logs_template(bool is_legacy)
{
    json_t *inner = json_pack("{s:o, s:o}", "settings", json_loads(logs_settings, 0, NULL), "mappings",
                              json_loads(logs_mappings, 0, NULL));
    if (is_legacy) return inner;
    return json_pack("{s:o, s:i}", "template", inner, "priority", 200);
}

static json_t *file_template(const char *path, char *problem, unsigned problem_size)
{
    json_error_t error;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (root && json_is_object(root)) return root;
    snprintf(problem, problem_size, "%s: %s", path, root ? "is no JSON object" : error.text);
    json_decref(root);
    return NULL;
}

/* The object `name` of an object, made when it is missing. */
static json_t *within(json_t *root, const char *name)
{
    json_t *found = json_object_get(root, name);
    if (json_is_object(found)) return found;
    json_object_set_new(root, name, json_object());
    return json_object_get(root, name);
}

char *template_text(const struct template_wish *wish, char *problem, unsigned problem_size)
{
    json_t *root = wish->file ? file_template(wish->file, problem, problem_size) : logs_template(wish->is_legacy);
    if (!root) return NULL;
    if (!wish->file || wish->alias)
        json_object_set_new(root, "index_patterns", json_pack("[s]", wish->pattern));
    if (wish->alias) {
        json_t *settings = within(wish->is_legacy ? root : within(root, "template"), "settings");
        json_object_set_new(settings, "index.lifecycle.name", json_string(wish->policy));
        json_object_set_new(settings, "index.lifecycle.rollover_alias", json_string(wish->alias));
    }
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return text;
}

static char *dumped(json_t *root)
{
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return text;
}

char *policy_text(void)
{
    return dumped(json_pack("{s:{s:{s:{s:{s:{s:s, s:s}}}}}}", "policy", "phases", "hot", "actions", "rollover",
                            "max_size", "50gb", "max_age", "30d"));
}

char *alias_text(const char *alias)
{
    return dumped(json_pack("{s:{s:{s:b}}}", "aliases", alias, "is_write_index", 1));
}
