/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kafka/consumer.h"
#include <assert.h>

static const char *const decorations[] = {"none", "basic", "extended", "false", "true", NULL};
static const char *const isolations[] = {"read_uncommitted", "read_committed", NULL};
static const char *const protocols[] = {"classic", "consumer", NULL};

static bool is_posix_pattern(struct str pattern)
{
    for (size_t i = 0; i + 1 < pattern.len; i++) {
        if (pattern.ptr[i] == '(' && pattern.ptr[i + 1] == '?') return false;
        if (pattern.ptr[i] == '\\' && strchr("dDsSwWbBpPQ", pattern.ptr[i + 1])) return false;
    }
    return true;
}

static bool topics_check(struct consumer *consumer, const struct plugin_context *context)
{
    if (!consumer->topics_pattern.len && !consumer->topics.count) {
        diag_error(context->diag, context_place(context, "topics"), "`topics` names no topic");
        return false;
    }
    if (!consumer->topics_pattern.len || is_posix_pattern(consumer->topics_pattern)) return true;
    diag_hint(context->diag,
              diag_error(context->diag, context_place(context, "topics_pattern"),
                         "librdkafka's patterns are POSIX: `\\d`, `\\w` and `(?` are not known to it"),
              "write [0-9], [[:alnum:]_] and plain groups");
    return false;
}

static bool reset_set(struct consumer *consumer, const struct plugin_context *context)
{
    struct str reset = consumer->auto_offset_reset;
    if (str_eq_z(reset, "none")) reset = STR("error");
    if (!str_starts(reset, STR("by_duration")))
        return kafka_property_set(consumer->conf, "auto.offset.reset", reset, "auto_offset_reset",
                                  context);
    diag_hint(context->diag,
              diag_error(context->diag, context_place(context, "auto_offset_reset"),
                         "`auto_offset_reset` by duration is not supported"),
              "choose earliest, latest or none");
    return false;
}

/* Logstash's names, or the names of Java's classes. */
static bool strategy_set(struct consumer *consumer, const struct plugin_context *context)
{
    static const struct {
        const char *name, *class_name, *strategy;
    } strategies[] = {
        {"range", ".RangeAssignor", "range"},
        {"round_robin", ".RoundRobinAssignor", "roundrobin"},
        {"cooperative_sticky", ".CooperativeStickyAssignor", "cooperative-sticky"},
        {"sticky", ".StickyAssignor", "cooperative-sticky"},
    };
    struct str given = consumer->partition_assignment_strategy;
    for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++) {
        if (!str_eq_z(given, strategies[i].name) && !str_ends(given, str_of(strategies[i].class_name)))
            continue;
        if (i == 3)
            diag_warning(context->diag, context_place(context, "partition_assignment_strategy"),
                         "`sticky` is not known to librdkafka: cooperative_sticky is used");
        return kafka_property_set(consumer->conf, "partition.assignment.strategy",
                                  str_of(strategies[i].strategy), "partition_assignment_strategy",
                                  context);
    }
    struct str names[sizeof strategies / sizeof *strategies];
    for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++) names[i] = str_of(strategies[i].name);
    struct message *message = diag_error(context->diag, context_place(context, "partition_assignment_strategy"),
                                         "`%.*s` is not a strategy", STR_ARG(given));
    struct str near = suggest(given, names, sizeof names / sizeof *names);
    if (near.len) diag_hint(context->diag, message, "did you mean `%.*s`?", STR_ARG(near));
    diag_note(context->diag, message, "strategies: range, round_robin, cooperative_sticky");
    return false;
}

static const struct kafka_property consumer_properties[] = {
    KAFKA_PROPERTY(KAFKA_TEXT, struct consumer, group_id, "group.id"),
    KAFKA_PROPERTY(KAFKA_TEXT, struct consumer, client_rack, "client.rack"),
    KAFKA_PROPERTY(KAFKA_MS, struct consumer, max_poll_interval_ms, "max.poll.interval.ms"),
    KAFKA_PROPERTY(KAFKA_MS, struct consumer, session_timeout_ms, "session.timeout.ms"),
    KAFKA_PROPERTY(KAFKA_MS, struct consumer, heartbeat_interval_ms, "heartbeat.interval.ms"),
    KAFKA_PROPERTY_MAX(KAFKA_MS, struct consumer, fetch_max_wait_ms, "fetch.wait.max.ms", 300000),
    KAFKA_PROPERTY(KAFKA_BYTES, struct consumer, fetch_min_bytes, "fetch.min.bytes"),
    KAFKA_PROPERTY(KAFKA_BYTES, struct consumer, max_partition_fetch_bytes, "max.partition.fetch.bytes"),
    KAFKA_PROPERTY(KAFKA_BOOL, struct consumer, check_crcs, "check.crcs"),
    KAFKA_PROPERTY(KAFKA_BOOL, struct consumer, auto_create_topics, "allow.auto.create.topics"),
    {0},
};

static bool properties_set(struct consumer *consumer, const struct plugin_context *context)
{
    rd_kafka_conf_t *conf = consumer->conf;
    bool is_good = kafka_client_options_set(conf, &consumer->client, context);
    is_good &= kafka_properties_set(conf, consumer_properties, consumer, context);
    is_good &= kafka_property_set(conf, "isolation.level",
                                  str_of(isolations[consumer->isolation_level.value]),
                                  "isolation_level", context);
    is_good &= reset_set(consumer, context);
    is_good &= strategy_set(consumer, context);
    if (consumer->topics_pattern.len && consumer->exclude_internal_topics)
        is_good &= kafka_property_set(conf, "topic.blacklist", STR("^__.*"),
                                      "exclude_internal_topics", context);
    rd_kafka_conf_set(conf, "enable.auto.commit", "false", NULL, 0);
    rd_kafka_conf_set(conf, "enable.auto.offset.store", "false", NULL, 0);
    rd_kafka_conf_set(conf, "enable.partition.eof", "true", NULL, 0); /* for the lag */
    return kafka_overrides_set(conf, &consumer->client, context) && is_good;
}

static bool kafka_checks(struct consumer *consumer, const struct plugin_context *context)
{
    bool is_good = topics_check(consumer, context);
    is_good &= kafka_serializer_check(consumer->key_deserializer_class, "key_deserializer_class", context);
    is_good &=
        kafka_serializer_check(consumer->value_deserializer_class, "value_deserializer_class", context);
    if (consumer->group_protocol.value != 0) {
        diag_hint(context->diag,
                  diag_error(context->diag, context_place(context, "group_protocol"),
                             "the group protocol `consumer` is not supported"),
                  "leave it out: brokers serve `classic` too");
        is_good = false;
    }
    if (consumer->max_poll_interval_ms.ns < consumer->session_timeout_ms.ns) {
        diag_error(context->diag, context_place(context, "max_poll_interval_ms"),
                   "`max_poll_interval_ms` is shorter than `session_timeout_ms`");
        is_good = false;
    }
    if (consumer->consumer_threads != 1)
        diag_warning(context->diag, context_place(context, "consumer_threads"),
                     "`consumer_threads` has no effect: every worker is a member of the group; set "
                     "pipeline.workers");
    return is_good;
}

bool consumer_create(void *self, const struct plugin_context *context)
{
    struct consumer *consumer = self;
    static const enum decoration meant[] = {DECORATE_NONE, DECORATE_BASIC, DECORATE_EXTENDED,
                                            DECORATE_NONE, DECORATE_BASIC};
    consumer->decoration = meant[consumer->decorate_events.value];
    for (int i = 0; i < KEY_COUNT; i++) consumer->keys[i] = key_of(str_of(consumer_key_names[i]));
    bool is_path = path_compile(&consumer->metadata_path, STR("[@metadata][kafka]"), context->arena);
    assert(is_path);
    (void)is_path;
    consumer->conf = rd_kafka_conf_new();
    bool is_good = kafka_checks(consumer, context);
    is_good &= properties_set(consumer, context);
    if (!is_good) rd_kafka_conf_destroy(consumer->conf);
    return is_good;
}

/* Half of the share for the records' bytes, half for what librdkafka keeps with each of them; one
 * answer of a broker may come on top, hence a quarter of that half for an answer. */
static void limits_set(const struct consumer *consumer, rd_kafka_conf_t *conf)
{
    size_t half = kafka_share(consumer->input->loop, consumer->input->workers) / 2;
    uint64_t answer = half / 4;
    if (consumer->fetch_max_bytes.bytes && (uint64_t)consumer->fetch_max_bytes.bytes < answer)
        answer = (uint64_t)consumer->fetch_max_bytes.bytes;
    uint64_t record = (uint64_t)consumer->max_partition_fetch_bytes.bytes;
    if (answer < record + 1024) answer = record + 1024;
    const struct {
        const char *property;
        uint64_t value;
    } limits[] = {
        {"queued.max.messages.kbytes", half / 1024},
        {"queued.min.messages", half / MESSAGE_OVERHEAD},
        {"message.max.bytes", record < 1000 ? 1000 : record},
        {"fetch.max.bytes", answer},
        {"receive.message.max.bytes", answer + 64 * 1024 * 1024},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (!kafka_is_overridden(&consumer->client, limits[i].property))
            kafka_limit_set(conf, limits[i].property, limits[i].value);
}

rd_kafka_conf_t *consumer_conf(const struct consumer *consumer)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(consumer->conf);
    struct buf text = {0};
    buf_printf(&text, "%.*s-%u", STR_ARG(consumer->client.client_id), consumer->input->worker);
    rd_kafka_conf_set(conf, "client.id", buf_z(&text), NULL, 0);
    if (consumer->group_instance_id.len) {
        buf_clear(&text);
        buf_printf(&text, "%.*s-%u", STR_ARG(consumer->group_instance_id), consumer->input->worker);
        rd_kafka_conf_set(conf, "group.instance.id", buf_z(&text), NULL, 0);
    }
    buf_fini(&text);
    limits_set(consumer, conf);
    /* also: offsets of a transaction that another member has not ended yet are waited for */
    if (consumer->input->loop->transaction) rd_kafka_conf_set(conf, "isolation.level", "read_committed", NULL, 0);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT |
                                       RD_KAFKA_EVENT_ERROR);
    return conf;
}

const struct option consumer_options[] = {
    OPTION_STRINGS(struct consumer, topics, .preset = "[\"logstash\"]", .help = "Topics to read."),
    OPTION_STRING(struct consumer, topics_pattern,
                  .help = "POSIX pattern of topics' whole names, instead of topics."),
    OPTION_STRING(struct consumer, group_id, .preset = "logstash",
                  .help = "Consumer group; its members share the partitions."),
    OPTION_STRING(struct consumer, group_instance_id,
                  .help = "Static membership: a restart within session_timeout_ms keeps partitions. "
                          "Own for each process; -WORKER is added."),
    OPTION_CHOICE(struct consumer, group_protocol, .preset = "classic", .choices = protocols,
                  .help = "Only classic."),
    OPTION_STRING(struct consumer, client_rack, .help = "Place of this client, to read from near replicas."),
    OPTION_INT(struct consumer, consumer_threads, .preset = "1", .min = 1, .max = 1000,
               .help = "Accepted; every worker is a member of the group (pipeline.workers)."),
    OPTION_STRING(struct consumer, auto_offset_reset, .preset = "latest",
                  .help = "Where a group without offset begins: earliest, latest; none is an error."),
    OPTION_BOOL(struct consumer, enable_auto_commit, .preset = "true",
                .help = "Accepted; offsets are always committed once outputs are done."),
    OPTION_DURATION(struct consumer, auto_commit_interval_ms, .preset = "5000", .unit = "ms",
                    .min = 10000000, .max = 3600000000000,
                    .help = "Offsets of what outputs are done with are committed this often."),
    OPTION_INT(struct consumer, max_poll_records, .preset = "500", .min = 1, .max = 1000000000,
               .help = "Accepted; reading follows the outputs."),
    OPTION_DURATION(struct consumer, poll_timeout_ms, .preset = "100", .unit = "ms",
                    .help = "Accepted; reading follows the outputs."),
    OPTION_DURATION(struct consumer, max_poll_interval_ms, .preset = "300000", .unit = "ms",
                    .help = "A worker that hangs longer loses its partitions; waiting outputs do not "
                            "count."),
    OPTION_DURATION(struct consumer, session_timeout_ms, .preset = "10000", .unit = "ms",
                    .help = "The group gives a silent member's partitions away after this."),
    OPTION_DURATION(struct consumer, heartbeat_interval_ms, .preset = "3000", .unit = "ms",
                    .help = "Time between signs of life to the group."),
    OPTION_SIZE(struct consumer, fetch_min_bytes, .help = "The broker waits for so much …"),
    OPTION_DURATION(struct consumer, fetch_max_wait_ms, .preset = "500", .unit = "ms",
                    .help = "… or so long before it answers a fetch."),
    OPTION_SIZE(struct consumer, fetch_max_bytes, .preset = "52428800",
                .help = "Largest answer to a fetch; less when the memory budget is small."),
    OPTION_SIZE(struct consumer, max_partition_fetch_bytes, .preset = "1048576", .min = 1,
                .max = 1000000000, .help = "Of that, for one partition."),
    OPTION_CHOICE(struct consumer, isolation_level, .preset = "read_uncommitted", .choices = isolations,
                  .help = "read_committed: records of open and aborted transactions are not seen."),
    OPTION_STRING(struct consumer, partition_assignment_strategy, .preset = "cooperative_sticky",
                  .help = "range, round_robin or cooperative_sticky; one for the whole group."),
    OPTION_BOOL(struct consumer, check_crcs, .preset = "true", .help = "Checks records' checksums."),
    OPTION_BOOL(struct consumer, auto_create_topics, .preset = "true",
                .help = "Lets brokers make topics that are subscribed to."),
    OPTION_BOOL(struct consumer, exclude_internal_topics, .preset = "true",
                .help = "topics_pattern does not match names that begin with __."),
    OPTION_STRING(struct consumer, key_deserializer_class,
                  .preset = "org.apache.kafka.common.serialization.StringDeserializer",
                  .help = "String or ByteArray: bytes as they are."),
    OPTION_STRING(struct consumer, value_deserializer_class,
                  .preset = "org.apache.kafka.common.serialization.StringDeserializer",
                  .help = "String or ByteArray: bytes as they are, for the codec."),
    OPTION_CHOICE(struct consumer, decorate_events, .preset = "none", .choices = decorations,
                  .help = "basic: [@metadata][kafka] with topic, partition, offset, key, timestamp; "
                          "extended: headers too."),
    OPTION_GROUP(struct consumer, client, kafka_client_options),
    OPTION_OBSOLETE("zk_connect", "use bootstrap_servers"),
    OPTION_OBSOLETE("topic_id", "use topics"),
    OPTION_OBSOLETE("white_list", "use topics_pattern"),
    OPTION_OBSOLETE("black_list", "use topics_pattern"),
    OPTION_OBSOLETE("reset_beginning", "use auto_offset_reset => earliest"),
    OPTION_END,
};
