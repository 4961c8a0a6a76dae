/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cluster of three brokers that do what they are told: librdkafka's own mock. For faults that one
 * real broker cannot have: a leader that moves, a coordinator that goes, answers that are errors.
 *
 * Prints the addresses, then reads a command a line from stdin and answers each with `ok` or `no`; ends
 * with stdin. Brokers are 1 to 3, errors and requests numbers of Kafka's protocol.
 *
 *   topic NAME PARTITIONS          replicas on all three
 *   leader NAME PARTITION BROKER
 *   down BROKER, up BROKER
 *   coordinator GROUP BROKER
 *   errors REQUEST COUNT ERROR     the next COUNT answers to that request
 *   rtt BROKER MS                  every answer comes so late
 */
#include <stdio.h>
#include <string.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

enum { BROKERS = 3, ERRORS_MAX = 1000 };

static rd_kafka_resp_err_t errors_push(rd_kafka_mock_cluster_t *cluster, int request, int count, int error)
{
    rd_kafka_resp_err_t errors[ERRORS_MAX];
    if (count < 1 || count > ERRORS_MAX) return RD_KAFKA_RESP_ERR__INVALID_ARG;
    for (int i = 0; i < count; i++) errors[i] = (rd_kafka_resp_err_t)error;
    rd_kafka_mock_push_request_errors_array(cluster, (int16_t)request, (size_t)count, errors);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t obey(rd_kafka_mock_cluster_t *cluster, const char *line)
{
    char name[200];
    int a, b, c;
    if (sscanf(line, "topic %199s %d", name, &a) == 2)
        return rd_kafka_mock_topic_create(cluster, name, a, BROKERS);
    if (sscanf(line, "leader %199s %d %d", name, &a, &b) == 3)
        return rd_kafka_mock_partition_set_leader(cluster, name, a, b);
    if (sscanf(line, "down %d", &a) == 1) return rd_kafka_mock_broker_set_down(cluster, a);
    if (sscanf(line, "up %d", &a) == 1) return rd_kafka_mock_broker_set_up(cluster, a);
    if (sscanf(line, "coordinator %199s %d", name, &a) == 2)
        return rd_kafka_mock_coordinator_set(cluster, "group", name, a);
    if (sscanf(line, "errors %d %d %d", &a, &b, &c) == 3) return errors_push(cluster, a, b, c);
    if (sscanf(line, "rtt %d %d", &a, &b) == 2) return rd_kafka_mock_broker_set_rtt(cluster, a, b);
    return RD_KAFKA_RESP_ERR__INVALID_ARG;
}

int main(void)
{
    char text[512], line[512];
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
    rd_kafka_mock_cluster_t *cluster = rk ? rd_kafka_mock_cluster_new(rk, BROKERS) : NULL;
    if (!cluster) {
        fprintf(stderr, "kafka_mock: no cluster: %s\n", text);
        return 1;
    }
    printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        puts(obey(cluster, line) ? "no" : "ok");
        fflush(stdout);
    }
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(rk);
    return 0;
}
