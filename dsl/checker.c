/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/checker.h"
#include <stdlib.h>
#include "core/common_options.h"
#include "core/xmalloc.h"
#include "dsl/action.h"
#include "dsl/condition.h"

struct checker {
    const struct checker_options *options;
    struct arena *arena;
    struct diag *diag;
    enum section_kind section;
    /* Plugins by id: open addressing, at most half full. */
    struct plugin_block **blocks;
    uint32_t count, capacity;
    struct place_walk walk; /* plugins come in the order of their text */
};

/* ---- names ---- */

static size_t names_of(const struct checker *checker, enum section_kind section, struct str *names)
{
    const struct checker_options *options = checker->options;
    size_t count = 0;
    switch (section) {
    case SECTION_INPUT:
        for (; options->inputs[count]; count++) names[count] = str_of(options->inputs[count]->name);
        break;
    case SECTION_FILTER:
        for (; options->filters[count]; count++) names[count] = str_of(options->filters[count]->name);
        break;
    case SECTION_OUTPUT:
        for (; options->outputs[count]; count++) names[count] = str_of(options->outputs[count]->name);
        break;
    case SECTION_KINDS: break;
    }
    assert(count < CHECKER_NAMES_MAX);
    return count;
}

static ptrdiff_t find(const struct checker *checker, enum section_kind section, struct str name)
{
    struct str names[CHECKER_NAMES_MAX];
    size_t count = names_of(checker, section, names);
    for (size_t i = 0; i < count; i++)
        if (str_eq(names[i], name)) return (ptrdiff_t)i;
    return -1;
}

static const char *article(enum section_kind section) { return section == SECTION_FILTER ? "a" : "an"; }

bool checker_is_of_logstash(struct str name)
{
    static const char *const names[] = {
        "aggregate", "anonymize", "avro", "azure_event_hubs", "beats", "bytes", "cef", "cidr", "cipher", "clone",
        "cloudfront", "cloudtrail", "cloudwatch", "collectd", "couchdb_changes", "csv", "de_dot", "edn", "edn_lines",
        "es_bulk", "fluent", "gzip_lines", "java_line", "java_plain", "jdots", "msgpack", "multiline", "netflow",
        "nmap", "protobuf", "dissect", "dns",
        "elastic_agent", "elastic_integration", "elasticsearch", "email", "exec", "fingerprint",
        "ganglia", "gelf", "geoip", "graphite", "graphtastic", "heartbeat", "http", "http_poller",
        "imap", "influxdb", "jdbc", "jdbc_static", "jdbc_streaming", "jms", "json_encode", "kafka",
        "kinesis", "kv", "lumberjack", "memcached", "metrics", "mongodb", "nagios", "opensearch",
        "pagerduty", "pipe", "pipeline", "prune", "rabbitmq", "redis", "ruby", "s3", "sleep", "snmp",
        "snmptrap", "sns", "split", "sqs", "statsd", "stomp", "syslog", "syslog_pri", "throttle",
        "translate", "truncate", "twitter", "udp", "unix", "urldecode", "useragent", "uuid",
        "webhdfs", "websocket", "xml", "zabbix"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq_z(name, names[i])) return true;
    return false;
}

static void unknown(const struct checker *checker, const struct plugin_block *block)
{
    struct diag *diag = checker->diag;
    struct message *message = diag_error(diag, block->name_place, "there is no %s `%.*s`",
                                         section_name(checker->section), STR_ARG(block->name));
    if (block->is_quoted) {
        diag_hint(diag, message, "a plugin's name stands without quotes");
        return;
    }
    for (int other = 0; other < SECTION_KINDS; other++) {
        enum section_kind section = (enum section_kind)other;
        if (find(checker, section, block->name) < 0) continue;
        diag_hint(diag, message, "it is %s %s: move it into %s { }", article(section),
                  section_name(section), section_name(section));
        return;
    }
    if (str_eq_z(block->name, "else")) {
        diag_hint(diag, message, "write else { … } directly behind the block of its `if`");
        return;
    }
    if (checker_is_of_logstash(block->name)) {
        diag_hint(diag, message, "Logstash has it, this version has not");
        diag_note(diag, message, "`tailrace docs` lists the plugins there are");
        return;
    }
    struct str names[CHECKER_NAMES_MAX];
    struct str near = suggest(block->name, names, names_of(checker, checker->section, names));
    static const struct str keyword[] = {{"else", 4}};
    if (!near.len) near = suggest(block->name, keyword, 1);
    if (near.len) diag_hint(diag, message, "did you mean `%.*s`?", STR_ARG(near));
    else diag_note(diag, message, "`tailrace docs` lists the plugins there are");
}

/* ---- ids ---- */

/* The place of the id, or of the free slot where it belongs. */
static struct plugin_block **slot_of(const struct checker *checker, struct str id)
{
    uint32_t mask = checker->capacity - 1;
    uint32_t at = key_hash(id) & mask;
    while (checker->blocks[at] && !str_eq(checker->blocks[at]->id, id)) at = (at + 1) & mask;
    return &checker->blocks[at];
}

static void grow_blocks(struct checker *checker)
{
    struct plugin_block **old = checker->blocks;
    uint32_t capacity = checker->capacity;
    checker->capacity = capacity ? 2 * capacity : 64;
    checker->blocks = xcalloc(checker->capacity, sizeof *checker->blocks);
    for (uint32_t i = 0; i < capacity; i++)
        if (old[i]) *slot_of(checker, old[i]->id) = old[i];
    free(old);
}

static const struct config_value *find_id(const struct plugin_block *block)
{
    for (uint32_t i = 0; i < block->setting_count; i++) {
        const struct config_value *value = &block->settings[i].value;
        if (str_eq_z(block->settings[i].key, "id") && value->text.len && value->kind != CONFIG_PLUGIN)
            return value;
    }
    return NULL;
}

/* `grok@web.conf:4`; the column too when two stand on one line. */
static struct str make_id(struct checker *checker, const struct plugin_block *block)
{
    struct str file = block->name_place.source->name;
    const char *slash = file.len ? memrchr(file.ptr, '/', file.len) : NULL;
    if (slash) file = str_from(file, (size_t)(slash - file.ptr) + 1);
    place_walk_to(&checker->walk, block->name_place.source, block->name_place.start);
    struct str id = arena_printf(checker->arena, "%.*s@%.*s:%u", STR_ARG(block->name), STR_ARG(file),
                                 checker->walk.line);
    if (*slot_of(checker, id))
        id = arena_printf(checker->arena, "%.*s:%u", STR_ARG(id), checker->walk.column);
    /* Two files of one name in two folders. */
    for (uint32_t number = 2; *slot_of(checker, id); number++)
        id = arena_printf(checker->arena, "%.*s#%u", STR_ARG(id), number);
    return id;
}

static void check_id(struct checker *checker, struct plugin_block *block)
{
    if (2 * checker->count >= checker->capacity) grow_blocks(checker);
    const struct config_value *given = find_id(block);
    block->id = given ? given->text : make_id(checker, block);
    struct plugin_block **slot = slot_of(checker, block->id);
    if (!*slot) {
        *slot = block;
        checker->count++;
        return;
    }
    struct message *message = diag_error(checker->diag, given ? given->place : block->name_place,
                                         "two plugins have the id `%.*s`", STR_ARG(block->id));
    diag_hint(checker->diag, message, "give each its own");
    const struct config_value *first = find_id(*slot);
    diag_other(checker->diag, message, first ? first->place : (*slot)->name_place, "first given here");
}

/* ---- dry runs: options into memory that nobody keeps ---- */

static struct options_context context_of(const struct checker *checker, const char *section,
                                         struct str plugin, struct place place)
{
    return (struct options_context){.diag = checker->diag, .arena = checker->arena, .section = section,
                                    .plugin = plugin, .place = place};
}

static void *scratch(const struct checker *checker, size_t size)
{
    return arena_zalloc(checker->arena, size ? size : 1);
}

/* Stands for every codec: only its being there is looked at. */
static struct codec *dry_codec(struct options_context *context, const struct config_value *value)
{
    const struct checker *checker = context->codec_opaque;
    const struct codec_type *const *types = checker->options->codecs;
    struct str names[CHECKER_NAMES_MAX];
    size_t count = 0;
    const struct codec_type *type = NULL;
    for (; types && types[count]; count++) {
        assert(count < CHECKER_NAMES_MAX);
        names[count] = str_of(types[count]->name);
        if (str_eq(names[count], value->text)) type = types[count];
    }
    struct codec *codec = scratch(checker, sizeof *codec);
    if (!types) return codec;
    if (!type) {
        struct message *message =
            diag_error(context->diag, value->place, "there is no codec `%.*s`", STR_ARG(value->text));
        struct str near = suggest(value->text, names, count);
        if (checker_is_of_logstash(value->text))
            diag_hint(context->diag, message, "Logstash has it, this version has not");
        else if (near.len) diag_hint(context->diag, message, "did you mean `%.*s`?", STR_ARG(near));
        return NULL;
    }
    struct options_context inner = context_of(checker, "codec", value->text, value->place);
    struct options_part parts[] = {{type->options, scratch(checker, type->size)},
                                   {codec_common_options, scratch(checker, sizeof(struct codec_common))}};
    uint32_t setting_count = value->kind == CONFIG_PLUGIN ? value->count : 0;
    return options_load_parts(parts, 2, value->settings, setting_count, &inner) ? codec : NULL;
}

static void load_dry(struct checker *checker, const struct plugin_block *block)
{
    struct options_part parts[2];
    switch (checker->section) {
    case SECTION_INPUT:
        parts[0] = (struct options_part){block->input->options, scratch(checker, block->input->size)};
        parts[1] = (struct options_part){input_common_options, scratch(checker, sizeof(struct input_common))};
        break;
    case SECTION_FILTER:
        parts[0] = (struct options_part){block->filter->options, scratch(checker, block->filter->size)};
        parts[1] = (struct options_part){filter_common_options, scratch(checker, sizeof(struct filter_common))};
        break;
    default:
        parts[0] = (struct options_part){block->output->options, scratch(checker, block->output->size)};
        parts[1] = (struct options_part){output_common_options, scratch(checker, sizeof(struct output_common))};
    }
    struct options_context context =
        context_of(checker, section_name(checker->section), block->name, block->name_place);
    context.codec = dry_codec;
    context.codec_opaque = checker;
    options_load_parts(parts, 2, block->settings, block->setting_count, &context);
}

/* ---- the tree ---- */

static void check_plugin(struct checker *checker, struct plugin_block *block)
{
    struct environment_context environment = {checker->options->environment, checker->arena, checker->diag};
    environment_expand_settings(&environment, block->settings, block->setting_count);
    check_id(checker, block);
    ptrdiff_t at = block->is_quoted ? -1 : find(checker, checker->section, block->name);
    if (at < 0) {
        unknown(checker, block);
        return;
    }
    switch (checker->section) {
    case SECTION_INPUT: block->input = checker->options->inputs[at]; break;
    case SECTION_FILTER: block->filter = checker->options->filters[at]; break;
    default: block->output = checker->options->outputs[at];
    }
    if (checker->options->is_dry && !block->has_fault) load_dry(checker, block);
}

/* `${VAR}` anywhere in a text of an expression, as in an option's value. */
static void expand_expression(const struct environment_context *context, struct expression *node)
{
    bool is_pattern = node->kind == EXPRESSION_MATCH || node->kind == EXPRESSION_NOT_MATCH;
    if (node->kind == EXPRESSION_CONSTANT && node->value.kind == CONFIG_STRING)
        environment_expand(context, node->value.place, &node->value.text);
    if (node->left) expand_expression(context, node->left);
    if (node->right && !is_pattern) expand_expression(context, node->right);
    for (uint32_t i = 0; i < node->count; i++) expand_expression(context, node->items[i]);
}

/* `${VAR}` in the constants of a condition, but not in its patterns. */
static void expand_condition(const struct environment_context *context, struct expression *node)
{
    if (node->is_computed) {
        expand_expression(context, node);
        return;
    }
    if (node->kind == EXPRESSION_CONSTANT) environment_expand_constant(context, &node->value);
    if (node->left) expand_condition(context, node->left);
    bool is_pattern = node->kind == EXPRESSION_MATCH || node->kind == EXPRESSION_NOT_MATCH;
    if (node->right && !is_pattern) expand_condition(context, node->right);
}

static void check_condition(struct checker *checker, struct expression *expression)
{
    struct environment_context environment = {checker->options->environment, checker->arena, checker->diag};
    expand_condition(&environment, expression);
    if (!checker->options->is_dry) return;
    struct condition *condition = condition_compile(expression, checker->arena, checker->diag);
    if (condition) condition_destroy(condition);
}

static void expand_assignment(const struct environment_context *context, const struct assignment *assignment)
{
    for (uint32_t i = 0; i < assignment->count; i++) {
        const struct expression *computed = assignment->targets[i].computed;
        for (uint32_t k = 0; computed && k < computed->count; k++) expand_expression(context, computed->items[k]);
    }
    if (assignment->value) expand_expression(context, assignment->value);
}

static void expand_statements(const struct environment_context *context, const struct statements *list);

/* Of a statement that Logstash lacks, or of a branch within one. */
static void expand_statement(const struct environment_context *context, const struct statement *statement)
{
    switch (statement->kind) {
    case STATEMENT_ASSIGNMENT:
        expand_assignment(context, statement->assignment);
        break;
    case STATEMENT_LET: expand_expression(context, statement->let->value); break;
    case STATEMENT_FOR:
        expand_expression(context, statement->loop->list);
        expand_statements(context, &statement->loop->body);
        break;
    case STATEMENT_BRANCH:
        for (uint32_t i = 0; i < statement->branch->count; i++) {
            const struct branch_arm *arm = &statement->branch->arms[i];
            if (arm->condition) expand_condition(context, arm->condition);
            expand_statements(context, &arm->block);
        }
        break;
    case STATEMENT_BREAK:
    case STATEMENT_CONTINUE:
    case STATEMENT_PLUGIN: break;
    }
}

static void expand_statements(const struct environment_context *context, const struct statements *list)
{
    for (uint32_t i = 0; i < list->count; i++) expand_statement(context, &list->items[i]);
}

static void check_action(struct checker *checker, const struct statement *statement)
{
    struct environment_context environment = {checker->options->environment, checker->arena, checker->diag};
    expand_statement(&environment, statement);
    if (!checker->options->is_dry) return;
    struct action *action = action_compile(statement, checker->arena, checker->diag);
    if (action) action_destroy(action);
}

static void check_statements(struct checker *checker, const struct statements *list);

static void check_branch(struct checker *checker, const struct branch *branch)
{
    for (uint32_t i = 0; i < branch->count; i++) {
        if (branch->arms[i].condition) check_condition(checker, branch->arms[i].condition);
        check_statements(checker, &branch->arms[i].block);
    }
}

static void check_statements(struct checker *checker, const struct statements *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct statement *statement = &list->items[i];
        switch (statement->kind) {
        case STATEMENT_PLUGIN: check_plugin(checker, statement->plugin); break;
        case STATEMENT_BRANCH: check_branch(checker, statement->branch); break;
        default: check_action(checker, statement); break;
        }
    }
}

bool check_config(struct config *config, const struct checker_options *options, struct arena *arena,
                  struct diag *diag)
{
    struct checker checker = {.options = options, .arena = arena, .diag = diag};
    uint32_t errors = diag->errors;
    for (int section = 0; section < SECTION_KINDS; section++) {
        checker.section = (enum section_kind)section;
        check_statements(&checker, &config->sections[section]);
    }
    free(checker.blocks);
    return diag->errors == errors;
}
