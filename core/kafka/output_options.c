/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kafka/output_options.h"
#include <assert.h>
#include <limits.h>
#include <unistd.h>

static const char *const acks_choices[] = {"0", "1", "all", "-1", NULL};
static const char *const compressions[] = {"none", "gzip", "snappy", "lz4", "zstd", NULL};
static const char *const deliveries[] = {"at_least_once", "exactly_once", NULL};
static const char *const partitioners[] = {"default", "round_robin", "uniform_sticky", NULL};

static bool retries_set(struct kafka_output *kafka, const struct plugin_context *context)
{
    struct str given = kafka->retries;
    if (!given.len) return kafka_property_set(kafka->conf, "message.timeout.ms", STR("0"), "retries", context);
    kafka->has_retries = true;
    diag_hint(context->diag,
              diag_warning(context->diag, context_place(context, "retries"),
                           "with `retries` records are dropped when the brokers stay away"),
              "leave it out to try without end");
    bool is_good = kafka_property_set(kafka->conf, "retries", given, "retries", context);
    kafka_limit_set(kafka->conf, "message.timeout.ms", KAFKA_RETRIES_TIMEOUT_MS);
    return is_good;
}

static bool idempotence_set(struct kafka_output *kafka, const struct plugin_context *context)
{
    struct str given = kafka->enable_idempotence;
    bool is_once = kafka->delivery.value == DELIVERY_EXACTLY_ONCE;
    bool is_all = kafka->acks.value >= ACKS_ALL || is_once;
    kafka->is_idempotent = given.len ? str_eq_z(given, "true") : is_all;
    if (given.len && !str_eq_z(given, "true") && !str_eq_z(given, "false")) {
        diag_error(context->diag, context_place(context, "enable_idempotence"),
                   "`enable_idempotence` is true or false");
        return false;
    }
    if (kafka->is_idempotent && !is_all) {
        diag_hint(context->diag,
                  diag_error(context->diag, context_place(context, "enable_idempotence"),
                             "`enable_idempotence` needs acks => all"),
                  "write acks => all");
        return false;
    }
    /* without it, a retry would overtake: one request at a time keeps the order */
    return kafka_property_set(kafka->conf, "enable.idempotence",
                              kafka->is_idempotent ? STR("true") : STR("false"),
                              "enable_idempotence", context) &&
           kafka_property_set(kafka->conf, "max.in.flight.requests.per.connection",
                              kafka->is_idempotent ? STR("5") : STR("1"), "enable_idempotence",
                              context);
}

/* Records without key stay with one partition for a while in librdkafka too (sticky), but for
 * round_robin, where each goes its own way. */
static bool partitioner_set(struct kafka_output *kafka, const struct plugin_context *context)
{
    enum { DEFAULT, ROUND_ROBIN, UNIFORM_STICKY };
    int32_t wanted = kafka->partitioner.value;
    bool is_good = kafka_property_set(kafka->conf, "partitioner",
                                      wanted == DEFAULT ? STR("murmur2_random") : STR("random"),
                                      "partitioner", context);
    if (wanted == ROUND_ROBIN)
        kafka_limit_set(kafka->conf, "sticky.partitioning.linger.ms", 0);
    return is_good;
}

/* What exactly_once decides by itself may not be written otherwise. */
static bool delivery_check(struct kafka_output *kafka, const struct plugin_context *context)
{
    if (kafka->delivery.value != DELIVERY_EXACTLY_ONCE) return true;
    const char *against = NULL;
    if (context_is_given(context, "acks") && kafka->acks.value < ACKS_ALL) against = "acks";
    if (str_eq_z(kafka->enable_idempotence, "false")) against = "enable_idempotence";
    if (kafka->retries.len) against = "retries";
    if (context_is_given(context, "when_full")) against = "when_full"; /* what waits is in no transaction */
    if (!against) {
        kafka->acks.value = ACKS_ALL;
        return true;
    }
    diag_hint(context->diag,
              diag_error(context->diag, context_place(context, against),
                         "`delivery => exactly_once` does not go with this `%s`", against),
              "leave `%s` out", against);
    return false;
}

static bool is_topic_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !is_digit(c) && c != '.' && c != '_' && c != '-') return false;
    }
    return name.len <= TOPIC_NAME_MAX && !str_eq_z(name, ".") && !str_eq_z(name, "..");
}

/* It is written in the transaction, and nowhere else. */
static bool letters_check(struct kafka_output *kafka, const struct plugin_context *context)
{
    struct str topic = kafka->dead_letter_topic;
    if (!topic.len) return true;
    struct place place = context_place(context, "dead_letter_topic");
    kafka->letters_topic = arena_copy_z(context->arena, topic);
    if (kafka->delivery.value != DELIVERY_EXACTLY_ONCE) {
        diag_hint(context->diag,
                  diag_error(context->diag, place, "`dead_letter_topic` needs `delivery => exactly_once`"),
                  "without it dead letters go to files: set dead_letter_queue.enable: true");
        return false;
    }
    if (is_topic_name(topic)) return true;
    diag_hint(context->diag, diag_error(context->diag, place, "`%.*s` is no name of a topic", STR_ARG(topic)),
              "letters, digits, dots, `_` and `-`, at most %d of them", TOPIC_NAME_MAX);
    return false;
}

static const struct kafka_property producer_properties[] = {
    KAFKA_PROPERTY(KAFKA_BYTES, struct kafka_output, batch_size, "batch.size"),
    KAFKA_PROPERTY(KAFKA_MS, struct kafka_output, linger_ms, "linger.ms"),
    KAFKA_PROPERTY(KAFKA_BYTES, struct kafka_output, max_request_size, "message.max.bytes"),
    {0},
};

bool kafka_output_create(void *self, const struct plugin_context *context)
{
    struct kafka_output *kafka = self;
    kafka->conf = rd_kafka_conf_new();
    bool is_good = delivery_check(kafka, context);
    is_good &= kafka_client_options_set(kafka->conf, &kafka->client, context);
    is_good &= kafka_properties_set(kafka->conf, producer_properties, kafka, context);
    if (!kafka->linger_ms.ns) kafka_limit_set(kafka->conf, "linger.ms", 0);
    is_good &= kafka_property_set(kafka->conf, "acks", str_of(acks_choices[kafka->acks.value]),
                                  "acks", context);
    is_good &= kafka_property_set(kafka->conf, "compression.type",
                                  str_of(compressions[kafka->compression_type.value]),
                                  "compression_type", context);
    is_good &= retries_set(kafka, context);
    is_good &= idempotence_set(kafka, context);
    is_good &= partitioner_set(kafka, context);
    is_good &= kafka_serializer_check(kafka->key_serializer, "key_serializer", context);
    is_good &= kafka_serializer_check(kafka->value_serializer, "value_serializer", context);
    is_good &= letters_check(kafka, context);
    is_good &= kafka_overrides_set(kafka->conf, &kafka->client, context);
    if (!is_good) rd_kafka_conf_destroy(kafka->conf);
    return is_good;
}

/* ---- a worker's ---- */

/* Stable over restarts, so that a new process ends what the one before it left open. */
static void transactional_id_set(const struct kafka_output *kafka, rd_kafka_conf_t *conf)
{
    struct buf text = {0};
    char host[HOST_NAME_MAX + 1] = "";
    if (gethostname(host, sizeof host - 1)) host[0] = 0;
    if (kafka->transactional_id.len)
        buf_append(&text, kafka->transactional_id);
    else
        buf_printf(&text, "tailrace-%.*s-%s", STR_ARG(kafka->output->pipeline), host);
    buf_printf(&text, "-%u", kafka->output->worker);
    rd_kafka_conf_res_t set = rd_kafka_conf_set(conf, "transactional.id", buf_z(&text), NULL, 0);
    assert(set == RD_KAFKA_CONF_OK);
    (void)set;
    bool is_own = kafka_is_overridden(&kafka->client, "transaction.timeout.ms");
    if (!is_own) kafka_limit_set(conf, "transaction.timeout.ms", TRANSACTION_OPEN_MS);
    /* librdkafka wants no request to last longer */
    if (!is_own && kafka->client.request_timeout_ms.ns / 1000000 > TRANSACTION_OPEN_MS)
        kafka_limit_set(conf, "socket.timeout.ms", TRANSACTION_OPEN_MS);
    buf_fini(&text);
}

rd_kafka_conf_t *kafka_output_conf(const struct kafka_output *kafka, size_t bytes_max)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(kafka->conf);
    if (kafka->delivery.value == DELIVERY_EXACTLY_ONCE) transactional_id_set(kafka, conf);
    /* above our own bound, so that ours decides */
    if (!kafka_is_overridden(&kafka->client, "queue.buffering.max.kbytes"))
        kafka_limit_set(conf, "queue.buffering.max.kbytes",
                        bytes_max * 2 / 1024 +
                            2 * (uint64_t)kafka->max_request_size.bytes / 1024);
    if (!kafka_is_overridden(&kafka->client, "queue.buffering.max.messages"))
        kafka_limit_set(conf, "queue.buffering.max.messages",
                        2 * bytes_max / PRODUCER_RECORD_BYTES);
    return conf;
}

/* ---- several outputs, one producer ---- */

/* Properties by the option that a user writes; what is not here is told by its own name. */
static const struct {
    const char *property, *option;
} names[] = {
    {"bootstrap.servers", "bootstrap_servers"}, {"metadata.broker.list", "bootstrap_servers"},
    {"sticky.partitioning.linger.ms", "partitioner"}, {"client.id", "client_id"},
    {"security.protocol", "security_protocol"}, {"sasl.mechanisms", "sasl_mechanism"},
    {"sasl.username", "sasl_jaas_config"}, {"sasl.password", "sasl_jaas_config"},
    {"ssl.ca.location", "ssl_truststore_location"}, {"ssl.ca.pem", "ssl_truststore_location"},
    {"ssl.keystore.location", "ssl_keystore_location"}, {"ssl.keystore.password", "ssl_keystore_password"},
    {"ssl.key.password", "ssl_key_password"}, {"socket.timeout.ms", "request_timeout_ms"},
    {"ssl.endpoint.identification.algorithm", "ssl_endpoint_identification_algorithm"},
    {"compression.codec", "compression_type"}, {"compression.type", "compression_type"},
    {"batch.size", "batch_size"}, {"linger.ms", "linger_ms"}, {"queue.buffering.max.ms", "linger_ms"},
    {"message.max.bytes", "max_request_size"}, {"partitioner", "partitioner"},
    {"request.required.acks", "acks"}, {"retry.backoff.ms", "retry_backoff_ms"},
    {"metadata.max.age.ms", "metadata_max_age_ms"}, {"reconnect.backoff.ms", "reconnect_backoff_ms"},
};

static const char *option_name(const char *property)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].property, property) == 0) return names[i].option;
    return "librdkafka";
}

/* Names and values by turns; both are of one table, so in one order. */
static const char *dumps_differ(const char **left, size_t left_count, const char **right, size_t right_count)
{
    const char *differs = left_count == right_count ? NULL : "librdkafka";
    for (size_t i = 0; i + 1 < left_count && !differs; i += 2) {
        if (strcmp(left[i], "default_topic_conf") == 0) continue; /* a pointer: looked into by itself */
        if (strcmp(left[i], right[i]) != 0 || strcmp(left[i + 1], right[i + 1]) != 0) differs = option_name(left[i]);
    }
    if (left) rd_kafka_conf_dump_free(left, left_count);
    if (right) rd_kafka_conf_dump_free(right, right_count);
    return differs;
}

static const char *topic_confs_differ(rd_kafka_conf_t *left, rd_kafka_conf_t *right)
{
    rd_kafka_topic_conf_t *left_topic = rd_kafka_conf_get_default_topic_conf(left);
    rd_kafka_topic_conf_t *right_topic = rd_kafka_conf_get_default_topic_conf(right);
    size_t left_count = 0, right_count = 0;
    const char **left_rows = left_topic ? rd_kafka_topic_conf_dump(left_topic, &left_count) : NULL;
    const char **right_rows = right_topic ? rd_kafka_topic_conf_dump(right_topic, &right_count) : NULL;
    return dumps_differ(left_rows, left_count, right_rows, right_count);
}

const char *kafka_output_differs(const void *self, const void *other)
{
    const struct kafka_output *left = self, *right = other;
    size_t left_count, right_count;
    const char **left_rows = rd_kafka_conf_dump(left->conf, &left_count);
    const char **right_rows = rd_kafka_conf_dump(right->conf, &right_count);
    const char *differs = dumps_differ(left_rows, left_count, right_rows, right_count);
    if (!differs) differs = topic_confs_differ(left->conf, right->conf);
    if (!differs && !str_eq(left->transactional_id, right->transactional_id)) differs = "transactional_id";
    if (!differs && left->buffer_memory.bytes != right->buffer_memory.bytes) differs = "buffer_memory";
    return differs;
}

const struct option kafka_output_options[] = {
    OPTION_TEMPLATE(struct kafka_output, topic_id, .required = true, .help = "Topic to write to."),
    OPTION_TEMPLATE(struct kafka_output, message_key, .help = "Key; it decides the partition."),
    OPTION_TEMPLATE_PAIRS(struct kafka_output, message_headers, .min = 0, .max = KAFKA_HEADERS_MAX,
                          .help = "Headers of each record."),
    OPTION_CHOICE(struct kafka_output, acks, .preset = "1", .choices = acks_choices,
                  .help = "Who must have a record: nobody (0), the leader (1), all replicas in sync."),
    OPTION_STRING(struct kafka_output, enable_idempotence,
                  .help = "Retries neither repeat nor reorder; with acks => all unless false. "
                          "Tailrace's own."),
    OPTION_SIZE(struct kafka_output, batch_size, .preset = "1000000", .min = 1, .max = 2147483647,
                .help = "Largest request for one partition; small ones make many and cost much."),
    OPTION_DURATION(struct kafka_output, linger_ms, .preset = "5", .unit = "ms",
                    .help = "How long a record may wait for others."),
    OPTION_SIZE(struct kafka_output, buffer_memory, .preset = "33554432",
                .help = "Records under way; less when the memory budget is small."),
    OPTION_CHOICE(struct kafka_output, compression_type, .preset = "none", .choices = compressions,
                  .help = "Compression of requests."),
    OPTION_SIZE(struct kafka_output, max_request_size, .preset = "1048576", .min = 1000, .max = 1000000000,
                .help = "A larger record is dropped."),
    OPTION_STRING(struct kafka_output, retries,
                  .help = "Tries before a record is dropped; without it, no record is."),
    OPTION_CHOICE(struct kafka_output, partitioner, .preset = "default", .choices = partitioners,
                  .help = "default: by key as Java's clients do."),
    OPTION_DURATION(struct kafka_output, metadata_fetch_timeout_ms, .preset = "60000", .unit = "ms",
                    .help = "Accepted; unknown topics are waited for."),
    OPTION_CHOICE(struct kafka_output, delivery, .preset = "at_least_once", .choices = deliveries,
                  .help = "exactly_once: records and the offsets of what they were made from are written in one "
                          "transaction; all inputs of the pipeline read the same cluster, and all its outputs "
                          "write to it like this. Readers set isolation.level to read_committed. Tailrace's own."),
    OPTION_STRING(struct kafka_output, transactional_id,
                  .help = "With exactly_once: own for each process, the same after a restart; -WORKER is added. "
                          "Without it: pipeline and name of the machine. Tailrace's own."),
    OPTION_STRING(struct kafka_output, dead_letter_topic,
                  .help = "With exactly_once: dead letters of the whole pipeline become records of this topic, in "
                          "the same transaction; one output names it. Tailrace's own."),
    OPTION_STRING(struct kafka_output, key_serializer,
                  .preset = "org.apache.kafka.common.serialization.StringSerializer",
                  .help = "String or ByteArray: bytes as they are."),
    OPTION_STRING(struct kafka_output, value_serializer,
                  .preset = "org.apache.kafka.common.serialization.StringSerializer",
                  .help = "String or ByteArray: the codec's bytes."),
    OPTION_GROUP(struct kafka_output, client, kafka_client_options),
    OPTION_OBSOLETE("broker_list", "use bootstrap_servers"),
    OPTION_OBSOLETE("compression_codec", "use compression_type"),
    OPTION_OBSOLETE("request_required_acks", "use acks"),
    OPTION_OBSOLETE("block_on_buffer_full", "remove it: the output always waits"),
    OPTION_OBSOLETE("timeout_ms", "use request_timeout_ms"),
    OPTION_END,
};
