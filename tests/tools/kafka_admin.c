/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests ask of a Kafka broker beside the program under test: make and delete topics, fill
 * one, read all of one, look at and set committed offsets, see who is in a group.
 *
 * The broker's own tools start a Java machine for each question (a second or more); this answers
 * in tens of milliseconds, so a test can poll a condition instead of sleeping.
 *
 * Records are lines in the text format of PostgreSQL's COPY: fields parted by a tab, `\N` for
 * null, and `\\`, `\n`, `\t` for those bytes. What `consume` prints is exact for any other byte,
 * and `produce -k` reads the same form, so a topic can be copied by a pipe. Headers and
 * timestamps are kcat's to show (-f).
 *
 * Exit: 0 done, 1 the broker refused or did not answer in time, 2 wrong usage. All commands are
 * safe to run beside each other; `produce -t ID` fences another user of the same ID, as Kafka does.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>

enum {
    TIMEOUT_MS = 20000,
    ERROR_BYTES = 512,
    PARTITIONS_MAX = 10000,
    OUTPUT_BUFFER_BYTES = 1 << 20,
    RECORDS_A_POLL = 1000,
};

static const char *bootstrap;

__attribute__((noreturn, format(printf, 2, 3))) static void die(int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("kafka_admin: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    fflush(stdout);
    exit(status);
}

static void usage(void)
{
    fputs("usage: kafka_admin BOOTSTRAP COMMAND\n"
          "  wait MS CLUSTER                  until a broker of that cluster lists itself\n"
          "  topics                           name, partitions\n"
          "  topic NAME PARTITIONS            create, and wait until each partition has a leader\n"
          "  delete-topic NAME                delete, and wait until it is gone\n"
          "  produce [-k] [-p PARTITION] [-z CODEC] [-t ID [-a]] [-X NAME=VALUE] TOPIC\n"
          "                                   a line of stdin is a record; -k: key TAB value\n"
          "                                   -t: in one transaction; -a: and abort it\n"
          "  consume [-c] [-v] [-X NAME=VALUE] TOPIC\n"
          "                                   all there is now: partition, offset, key, value\n"
          "                                   -c: read committed; -v: values only, unescaped\n"
          "  offsets GROUP                    topic, partition, committed, end, lag\n"
          "  commit GROUP TOPIC PARTITION OFFSET\n"
          "  group GROUP                      state; then member: client, topic:partition ...\n",
          stderr);
    exit(2);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void pause_ms(long ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&pause, NULL);
}

static int64_t number_parse(const char *text, const char *what, int64_t low, int64_t high)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < low || value > high)
        die(2, "%s `%s` is not a number from %" PRId64 " to %" PRId64, what, text, low, high);
    return value;
}

/* --- the client --- */

static void conf_set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char error[ERROR_BYTES];
    if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK)
        die(2, "%s", error);
}

/* `NAME=VALUE` from -X; writes a NUL over the sign. */
static void conf_set_pair(rd_kafka_conf_t *conf, char *pair)
{
    char *sign = strchr(pair, '=');
    if (!sign) die(2, "`-X %s` has no `=`", pair);
    *sign = '\0';
    conf_set(conf, pair, sign + 1);
}

/* Quiet: "connection refused" is what `wait` expects to see; a command that fails says why. */
static void log_drop(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client, (void)level, (void)facility, (void)text;
}

static rd_kafka_conf_t *conf_create(void)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    conf_set(conf, "bootstrap.servers", bootstrap);
    conf_set(conf, "client.id", "kafka_admin");
    /* A broker that starts is asked again soon: the default backs off to ten seconds. */
    conf_set(conf, "reconnect.backoff.ms", "20");
    conf_set(conf, "reconnect.backoff.max.ms", "100");
    rd_kafka_conf_set_log_cb(conf, log_drop);
    return conf;
}

/* Takes the configuration. */
static rd_kafka_t *client_create(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
    char error[ERROR_BYTES];
    rd_kafka_t *client = rd_kafka_new(type, conf, error, sizeof error);
    if (!client) die(1, "%s", error);
    return client;
}

static rd_kafka_t *client_create_plain(void)
{
    return client_create(RD_KAFKA_PRODUCER, conf_create());
}

static const struct rd_kafka_metadata *metadata_get(rd_kafka_t *client)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t fault = rd_kafka_metadata(client, 1, NULL, &metadata, TIMEOUT_MS);
    if (fault) die(1, "metadata: %s", rd_kafka_err2str(fault));
    return metadata;
}

/* Borrowed from the metadata; NULL when there is no such topic. Asking for all topics and looking
 * through them, since to ask for one by name makes librdkafka remember it as wanted. */
static const struct rd_kafka_metadata_topic *
metadata_topic_find(const struct rd_kafka_metadata *metadata, const char *name)
{
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (!strcmp(metadata->topics[i].topic, name)) return &metadata->topics[i];
    return NULL;
}

/* The number of partitions that have a leader; -1 when there is no such topic. */
static int topic_led_count(rd_kafka_t *client, const char *name)
{
    const struct rd_kafka_metadata *metadata = metadata_get(client);
    const struct rd_kafka_metadata_topic *topic = metadata_topic_find(metadata, name);
    int count = topic ? 0 : -1;
    for (int i = 0; topic && i < topic->partition_cnt; i++)
        count += topic->partitions[i].leader >= 0;
    rd_kafka_metadata_destroy(metadata);
    return count;
}

static void topic_led_wait(rd_kafka_t *client, const char *name, int wanted)
{
    double deadline = seconds_now() + TIMEOUT_MS / 1000.0;
    while (topic_led_count(client, name) != wanted) {
        if (seconds_now() > deadline)
            die(1, "topic `%s`: not %s in time", name, wanted < 0 ? "gone" : "led");
        pause_ms(5);
    }
}

/* Waits for an answer to an admin request; takes the queue. The event is the caller's. */
static rd_kafka_event_t *answer_take(rd_kafka_queue_t *queue, const char *what)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
    rd_kafka_queue_destroy(queue);
    if (!event) die(1, "%s: no answer in time", what);
    if (rd_kafka_event_error(event)) die(1, "%s: %s", what, rd_kafka_event_error_string(event));
    return event;
}

static void topic_results_check(const rd_kafka_topic_result_t **results, size_t count,
                                const char *what)
{
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t fault = rd_kafka_topic_result_error(results[i]);
        if (fault)
            die(1, "%s `%s`: %s", what, rd_kafka_topic_result_name(results[i]),
                rd_kafka_err2str(fault));
    }
}

/* --- topics --- */

static void command_wait(char **args)
{
    double deadline = seconds_now() + (double)number_parse(args[0], "time", 0, 3600000) / 1000;
    rd_kafka_t *client = client_create_plain();
    for (;;) {
        const struct rd_kafka_metadata *metadata;
        /* A broker lists itself once the controller lets it take leaders; before, it answers
         * with an empty list, and a topic made then has no leader. */
        if (!rd_kafka_metadata(client, 0, NULL, &metadata, 200)) {
            char *cluster = rd_kafka_clusterid(client, 0);
            bool is_listed = metadata->broker_cnt > 0 && cluster && !strcmp(cluster, args[1]);
            if (cluster) rd_kafka_mem_free(client, cluster);
            rd_kafka_metadata_destroy(metadata);
            if (is_listed) break;
        }
        if (seconds_now() > deadline) die(1, "%s: no broker in time", bootstrap);
        pause_ms(10);
    }
    rd_kafka_destroy(client);
}

static void command_topics(char **args)
{
    (void)args;
    rd_kafka_t *client = client_create_plain();
    const struct rd_kafka_metadata *metadata = metadata_get(client);
    for (int i = 0; i < metadata->topic_cnt; i++)
        printf("%s\t%d\n", metadata->topics[i].topic, metadata->topics[i].partition_cnt);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_destroy(client);
}

static void command_topic(char **args)
{
    char error[ERROR_BYTES];
    int partitions = (int)number_parse(args[1], "partitions", 1, PARTITIONS_MAX);
    rd_kafka_t *client = client_create_plain();
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(args[0], partitions, 1, error, sizeof error);
    if (!topic) die(1, "%s", error);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_CreateTopics(client, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = answer_take(queue, "create topic");
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    topic_results_check(results, count, "create topic");
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(topic);
    topic_led_wait(client, args[0], partitions);
    rd_kafka_destroy(client);
}

static void command_delete_topic(char **args)
{
    rd_kafka_t *client = client_create_plain();
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(args[0]);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_DeleteTopics(client, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = answer_take(queue, "delete topic");
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
    topic_results_check(results, count, "delete topic");
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteTopic_destroy(topic);
    topic_led_wait(client, args[0], -1);
    rd_kafka_destroy(client);
}

/* --- records --- */

/* Unescapes in place: the result is never longer. False for an escape that is none. */
static bool field_unescape(char *text, size_t *length)
{
    size_t out = 0;
    for (size_t in = 0; in < *length; in++) {
        char byte = text[in];
        if (byte == '\\') {
            if (++in == *length) return false;
            switch (text[in]) {
            case '\\': byte = '\\'; break;
            case 'n': byte = '\n'; break;
            case 't': byte = '\t'; break;
            default: return false;
            }
        }
        text[out++] = byte;
    }
    *length = out;
    return true;
}

static bool field_is_null(const char *text, size_t length)
{
    return length == 2 && text[0] == '\\' && text[1] == 'N';
}

static void field_print(const char *text, size_t length)
{
    if (!text) {
        fputs("\\N", stdout);
        return;
    }
    const char *end = text + length;
    while (text < end) {
        const char *stop = text;
        while (stop < end && *stop != '\\' && *stop != '\n' && *stop != '\t') stop++;
        fwrite(text, 1, (size_t)(stop - text), stdout);
        if (stop == end) return;
        putchar('\\');
        putchar(*stop == '\n' ? 'n' : *stop == '\t' ? 't' : '\\');
        text = stop + 1;
    }
}

struct delivery {
    uint64_t count;
    uint64_t failed_count;
    rd_kafka_resp_err_t fault; /* the first */
};

static void produce_done(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct delivery *delivery = opaque;
    (void)client;
    delivery->count++;
    if (!message->err) return;
    if (!delivery->failed_count++) delivery->fault = message->err;
}

/* A key and a value, borrowed from the line they were read from. */
struct record {
    char *key; /* NULL: none */
    size_t key_length;
    char *value; /* NULL: none, a tombstone */
    size_t value_length;
};

static void record_parse(struct record *record, char *line, size_t length, bool is_keyed,
                         uint64_t number)
{
    *record = (struct record){.value = line, .value_length = length};
    if (!is_keyed) return;
    char *tab = memchr(line, '\t', length);
    if (!tab) die(2, "line %" PRIu64 " has no tab after its key", number);
    record->key = line;
    record->key_length = (size_t)(tab - line);
    record->value = tab + 1;
    record->value_length = length - record->key_length - 1;
    if (field_is_null(record->key, record->key_length))
        record->key = NULL;
    else if (!field_unescape(record->key, &record->key_length))
        die(2, "line %" PRIu64 ": escape in the key is not \\\\, \\n, \\t or \\N", number);
    if (field_is_null(record->value, record->value_length))
        record->value = NULL;
    else if (!field_unescape(record->value, &record->value_length))
        die(2, "line %" PRIu64 ": escape in the value is not \\\\, \\n, \\t or \\N", number);
}

static void transaction_check(rd_kafka_error_t *error, const char *what)
{
    if (error) die(1, "%s: %s", what, rd_kafka_error_string(error));
}

static void record_produce(rd_kafka_t *client, rd_kafka_topic_t *topic, int32_t partition,
                           const struct record *record)
{
    while (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, record->value,
                            record->value ? record->value_length : 0, record->key,
                            record->key ? record->key_length : 0, NULL)) {
        rd_kafka_resp_err_t fault = rd_kafka_last_error();
        if (fault != RD_KAFKA_RESP_ERR__QUEUE_FULL) die(1, "produce: %s", rd_kafka_err2str(fault));
        rd_kafka_poll(client, 10);
    }
}

static void command_produce(int argc, char **argv)
{
    struct delivery delivery = {0};
    rd_kafka_conf_t *conf = conf_create();
    conf_set(conf, "linger.ms", "20");
    conf_set(conf, "queue.buffering.max.messages", "500000");
    conf_set(conf, "message.timeout.ms", "20000");
    rd_kafka_conf_set_dr_msg_cb(conf, produce_done);
    rd_kafka_conf_set_opaque(conf, &delivery);

    int32_t partition = RD_KAFKA_PARTITION_UA;
    bool is_keyed = false, is_aborted = false, is_transaction = false;
    for (int option; (option = getopt(argc, argv, "+kp:z:t:aX:")) != -1;) {
        switch (option) {
        case 'k': is_keyed = true; break;
        case 'p': partition = (int32_t)number_parse(optarg, "partition", 0, INT32_MAX); break;
        case 'z': conf_set(conf, "compression.codec", optarg); break;
        case 't':
            is_transaction = true;
            conf_set(conf, "transactional.id", optarg);
            break;
        case 'a': is_aborted = true; break;
        case 'X': conf_set_pair(conf, optarg); break;
        default: usage();
        }
    }
    if (argc - optind != 1 || (is_aborted && !is_transaction)) usage();

    rd_kafka_t *client = client_create(RD_KAFKA_PRODUCER, conf);
    if (is_transaction) {
        transaction_check(rd_kafka_init_transactions(client, TIMEOUT_MS), "init transactions");
        transaction_check(rd_kafka_begin_transaction(client), "begin transaction");
    }
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, argv[optind], NULL);
    if (!topic) die(1, "topic `%s`: %s", argv[optind], rd_kafka_err2str(rd_kafka_last_error()));

    double start = seconds_now();
    char *line = NULL;
    size_t capacity = 0;
    uint64_t count = 0;
    for (ssize_t got; (got = getline(&line, &capacity, stdin)) >= 0;) {
        size_t length = (size_t)got;
        if (length && line[length - 1] == '\n') length--;
        struct record record;
        record_parse(&record, line, length, is_keyed, ++count);
        record_produce(client, topic, partition, &record);
        if (count % RECORDS_A_POLL == 0) rd_kafka_poll(client, 0);
    }
    if (ferror(stdin)) die(1, "stdin: %s", strerror(errno));
    free(line);
    rd_kafka_resp_err_t fault = rd_kafka_flush(client, TIMEOUT_MS);
    if (fault) die(1, "flush: %s", rd_kafka_err2str(fault));
    /* A transaction is aborted or committed only after its records are known to be stored, so an
     * aborted one does leave records in the log for a read-committed reader to pass over. */
    if (is_aborted)
        transaction_check(rd_kafka_abort_transaction(client, TIMEOUT_MS), "abort transaction");
    else if (is_transaction && !delivery.failed_count)
        transaction_check(rd_kafka_commit_transaction(client, TIMEOUT_MS), "commit transaction");
    double seconds = seconds_now() - start;
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
    if (delivery.failed_count)
        die(1, "%" PRIu64 " of %" PRIu64 " records not stored: %s", delivery.failed_count, count,
            rd_kafka_err2str(delivery.fault));
    fprintf(stderr, "produced %" PRIu64 " in %.3f s, %.0f/s\n", count, seconds,
            (double)count / seconds);
}

static void record_print(const rd_kafka_message_t *message, bool is_value_only)
{
    if (is_value_only) {
        if (message->payload) fwrite(message->payload, 1, message->len, stdout);
    } else {
        printf("%" PRId32 "\t%" PRId64 "\t", message->partition, message->offset);
        field_print(message->key, message->key_len);
        putchar('\t');
        field_print(message->payload, message->len);
    }
    putchar('\n');
}

/* Prints records until each partition has said that it has no more; returns how many. One at a
 * time: the batch call waits for a whole batch or its whole timeout, and does not end early. */
static uint64_t topic_print(rd_kafka_t *client, int open_count, bool is_value_only)
{
    uint64_t count = 0;
    while (open_count > 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, TIMEOUT_MS);
        if (!message) die(1, "consume: nothing for %d ms", TIMEOUT_MS);
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            open_count--;
        } else if (message->err) {
            die(1, "consume: %s", rd_kafka_message_errstr(message));
        } else {
            record_print(message, is_value_only);
            count++;
        }
        rd_kafka_message_destroy(message);
    }
    return count;
}

static void command_consume(int argc, char **argv)
{
    rd_kafka_conf_t *conf = conf_create();
    conf_set(conf, "enable.partition.eof", "true");
    conf_set(conf, "isolation.level", "read_uncommitted");
    conf_set(conf, "check.crcs", "true");
    /* The end of a partition is answered after this wait, and a full queue pauses fetching for a
     * second: with the defaults a million records took 6 s, with these 1.2 s to 1.8 s. */
    conf_set(conf, "fetch.wait.max.ms", "10");
    conf_set(conf, "queued.min.messages", "10000000");
    conf_set(conf, "queued.max.messages.kbytes", "262144");
    /* Never joined: the group's name is needed to make a consumer, offsets stay unwritten. */
    conf_set(conf, "group.id", "kafka_admin");
    conf_set(conf, "enable.auto.commit", "false");
    bool is_value_only = false;
    for (int option; (option = getopt(argc, argv, "+cvX:")) != -1;) {
        switch (option) {
        case 'c': conf_set(conf, "isolation.level", "read_committed"); break;
        case 'v': is_value_only = true; break;
        case 'X': conf_set_pair(conf, optarg); break;
        default: usage();
        }
    }
    if (argc - optind != 1) usage();

    rd_kafka_t *client = client_create(RD_KAFKA_CONSUMER, conf);
    rd_kafka_poll_set_consumer(client);
    const struct rd_kafka_metadata *metadata = metadata_get(client);
    const struct rd_kafka_metadata_topic *topic = metadata_topic_find(metadata, argv[optind]);
    if (!topic) die(1, "no topic `%s`", argv[optind]);
    int partition_count = topic->partition_cnt;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partition_count);
    for (int i = 0; i < partition_count; i++)
        rd_kafka_topic_partition_list_add(list, argv[optind], topic->partitions[i].id)->offset =
            RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_metadata_destroy(metadata);

    double start = seconds_now();
    rd_kafka_resp_err_t fault = rd_kafka_assign(client, list);
    if (fault) die(1, "assign: %s", rd_kafka_err2str(fault));
    rd_kafka_topic_partition_list_destroy(list);
    uint64_t count = topic_print(client, partition_count, is_value_only);
    double seconds = seconds_now() - start;
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
    fprintf(stderr, "consumed %" PRIu64 " in %.3f s, %.0f/s\n", count, seconds,
            (double)count / seconds);
}

/* --- groups --- */

static void command_offsets(char **args)
{
    rd_kafka_t *client = client_create_plain();
    rd_kafka_ListConsumerGroupOffsets_t *request =
        rd_kafka_ListConsumerGroupOffsets_new(args[0], NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_ListConsumerGroupOffsets(client, &request, 1, NULL, queue);
    rd_kafka_event_t *event = answer_take(queue, "committed offsets");
    size_t count;
    const rd_kafka_group_result_t **results = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_error_t *error = rd_kafka_group_result_error(results[i]);
        if (error) die(1, "committed offsets: %s", rd_kafka_error_string(error));
        const rd_kafka_topic_partition_list_t *list = rd_kafka_group_result_partitions(results[i]);
        for (int j = 0; j < list->cnt; j++) {
            const rd_kafka_topic_partition_t *entry = &list->elems[j];
            int64_t low, end;
            rd_kafka_resp_err_t fault = rd_kafka_query_watermark_offsets(
                client, entry->topic, entry->partition, &low, &end, TIMEOUT_MS);
            if (fault)
                die(1, "end of %s %d: %s", entry->topic, entry->partition, rd_kafka_err2str(fault));
            printf("%s\t%" PRId32 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n", entry->topic,
                   entry->partition, entry->offset, end, end - entry->offset);
        }
    }
    rd_kafka_event_destroy(event);
    rd_kafka_ListConsumerGroupOffsets_destroy(request);
    rd_kafka_destroy(client);
}

static void command_commit(char **args)
{
    int32_t partition = (int32_t)number_parse(args[2], "partition", 0, INT32_MAX);
    rd_kafka_t *client = client_create_plain();
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, args[1], partition)->offset =
        number_parse(args[3], "offset", 0, INT64_MAX);
    rd_kafka_AlterConsumerGroupOffsets_t *request =
        rd_kafka_AlterConsumerGroupOffsets_new(args[0], list);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_AlterConsumerGroupOffsets(client, &request, 1, NULL, queue);
    rd_kafka_event_t *event = answer_take(queue, "commit");
    size_t count;
    const rd_kafka_group_result_t **results = rd_kafka_AlterConsumerGroupOffsets_result_groups(
        rd_kafka_event_AlterConsumerGroupOffsets_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_error_t *error = rd_kafka_group_result_error(results[i]);
        if (error) die(1, "commit: %s", rd_kafka_error_string(error));
        const rd_kafka_topic_partition_list_t *done = rd_kafka_group_result_partitions(results[i]);
        for (int j = 0; j < done->cnt; j++)
            if (done->elems[j].err) die(1, "commit: %s", rd_kafka_err2str(done->elems[j].err));
    }
    rd_kafka_event_destroy(event);
    rd_kafka_AlterConsumerGroupOffsets_destroy(request);
    rd_kafka_destroy(client);
}

static void member_print(const rd_kafka_MemberDescription_t *member)
{
    fputs(rd_kafka_MemberDescription_client_id(member), stdout);
    const rd_kafka_MemberAssignment_t *assignment = rd_kafka_MemberDescription_assignment(member);
    const rd_kafka_topic_partition_list_t *list =
        assignment ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;
    for (int i = 0; list && i < list->cnt; i++)
        printf("\t%s:%" PRId32, list->elems[i].topic, list->elems[i].partition);
    putchar('\n');
}

static void command_group(char **args)
{
    const char *names[] = {args[0]};
    rd_kafka_t *client = client_create_plain();
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_DescribeConsumerGroups(client, names, 1, NULL, queue);
    rd_kafka_event_t *event = answer_take(queue, "group");
    size_t count;
    const rd_kafka_ConsumerGroupDescription_t **groups =
        rd_kafka_DescribeConsumerGroups_result_groups(
            rd_kafka_event_DescribeConsumerGroups_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_error_t *error = rd_kafka_ConsumerGroupDescription_error(groups[i]);
        if (error) die(1, "group: %s", rd_kafka_error_string(error));
        puts(
            rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(groups[i])));
        size_t members = rd_kafka_ConsumerGroupDescription_member_count(groups[i]);
        for (size_t j = 0; j < members; j++)
            member_print(rd_kafka_ConsumerGroupDescription_member(groups[i], j));
    }
    rd_kafka_event_destroy(event);
    rd_kafka_destroy(client);
}

static const struct command {
    const char *name;
    int arg_count;
    void (*run)(char **args);
} commands[] = {
    {"wait", 2, command_wait},       {"topics", 0, command_topics},
    {"topic", 2, command_topic},     {"delete-topic", 1, command_delete_topic},
    {"offsets", 1, command_offsets}, {"commit", 4, command_commit},
    {"group", 1, command_group},
};

int main(int argc, char **argv)
{
    if (argc < 3) usage();
    bootstrap = argv[1];
    const char *name = argv[2];
    setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER_BYTES);
    /* The two with options see their own name as argv[0], as getopt wants it. */
    bool is_found = true;
    if (!strcmp(name, "produce")) {
        command_produce(argc - 2, argv + 2);
    } else if (!strcmp(name, "consume")) {
        command_consume(argc - 2, argv + 2);
    } else {
        is_found = false;
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
            if (strcmp(commands[i].name, name) || commands[i].arg_count != argc - 3) continue;
            commands[i].run(argv + 3);
            is_found = true;
        }
    }
    if (!is_found) usage();
    if (fflush(stdout) || ferror(stdout)) die(1, "stdout: %s", strerror(errno));
    return 0;
}
