/* SPDX-License-Identifier: Apache-2.0 */
/* Options of the Kafka plugins (input and output `kafka`) become librdkafka's properties; JAAS texts. */
#include "core/kafka/client_options.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include "core/kafka/jaas.h"

/* Settings as a configuration would hold them: pairs of name and text, NULL-ended. */
struct setup {
    struct arena arena;
    struct diag diag;
    struct kafka_client_options options;
    struct setting settings[8];
    uint32_t count;
    rd_kafka_conf_t *conf;
    bool is_good;
};

static void setup_begin(struct setup *setup, const char *const *pairs)
{
    *setup = (struct setup){0};
    arena_init(&setup->arena, NULL);
    diag_init(&setup->diag);
    for (; pairs[0]; pairs += 2)
        setup->settings[setup->count++] =
            (struct setting){.key = str_of(pairs[0]),
                             .value = {.kind = CONFIG_STRING, .text = str_of(pairs[1])}};
    struct options_context loading = {
        .diag = &setup->diag, .arena = &setup->arena, .section = "input", .plugin = STR("kafka")};
    setup->is_good = options_load(kafka_client_options, &setup->options, setup->settings,
                                  setup->count, &loading);
    struct plugin_context context = {.diag = &setup->diag, .arena = &setup->arena,
                                     .settings = setup->settings, .setting_count = setup->count};
    setup->conf = rd_kafka_conf_new();
    setup->is_good = setup->is_good &&
                     kafka_client_options_set(setup->conf, &setup->options, &context);
}

static void setup_end(struct setup *setup)
{
    rd_kafka_conf_destroy(setup->conf);
    diag_fini(&setup->diag);
    arena_fini(&setup->arena);
}

static void expect_property(const struct setup *setup, const char *name, const char *value)
{
    char text[256] = "";
    size_t size = sizeof text;
    cr_assert_eq(rd_kafka_conf_get(setup->conf, name, text, &size), RD_KAFKA_CONF_OK, "%s", name);
    cr_assert_str_eq(text, value, "%s: %s", name, text);
}

Test(kafka_options, become_properties)
{
    static const struct {
        const char *settings[9];
        const char *property, *value;
    } rows[] = {
        {{NULL}, "bootstrap.servers", "localhost:9092"},
        {{"bootstrap_servers", "a:1,b:2", NULL}, "bootstrap.servers", "a:1,b:2"},
        {{NULL}, "client.id", "logstash"},
        {{NULL}, "socket.timeout.ms", "40000"},
        {{"request_timeout_ms", "999999", NULL}, "socket.timeout.ms", "300000"},
        {{NULL}, "retry.backoff.ms", "100"},
        {{NULL}, "reconnect.backoff.ms", "50"},
        {{NULL}, "reconnect.backoff.max.ms", "1000"},
        {{NULL}, "connections.max.idle.ms", "540000"},
        {{NULL}, "metadata.max.age.ms", "300000"},
        {{NULL}, "topic.metadata.refresh.interval.ms", "300000"},
        {{NULL}, "socket.receive.buffer.bytes", "32768"},
        {{NULL}, "socket.send.buffer.bytes", "131072"},
        {{NULL}, "security.protocol", "plaintext"},
        {{"security_protocol", "SSL", NULL}, "security.protocol", "ssl"},
        {{"security_protocol", "SSL", NULL}, "ssl.endpoint.identification.algorithm", "https"},
        {{"security_protocol", "SSL", "ssl_endpoint_identification_algorithm", "", NULL},
         "ssl.endpoint.identification.algorithm", "none"},
        {{"security_protocol", "SASL_PLAINTEXT", "sasl_mechanism", "PLAIN", "sasl_jaas_config",
          "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" "
          "password=\"p\\\"q\";", NULL}, "sasl.username", "u"},
        {{"security_protocol", "SASL_SSL", "sasl_mechanism", "SCRAM-SHA-512", "sasl_jaas_config",
          "a.ScramLoginModule required username=joe password=x;", NULL}, "sasl.username", "joe"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setup setup;
        setup_begin(&setup, rows[i].settings);
        cr_assert(setup.is_good, "row %zu", i);
        expect_property(&setup, rows[i].property, rows[i].value);
        setup_end(&setup);
    }
}

Test(kafka_options, are_refused_with_a_remedy)
{
    static const struct {
        const char *settings[9];
        const char *text; /* somewhere in the message */
    } rows[] = {
        {{"security_protocol", "SSL", "ssl_truststore_location", "x.jks", "ssl_truststore_type",
          "JKS", NULL}, "keytool -exportcert"},
        {{"security_protocol", "SSL", "ssl_truststore_location", "/nonexistent", NULL}, "check path"},
        {{"security_protocol", "SSL", "ssl_truststore_location", "x", "ssl_truststore_type",
          "PKCS12", NULL}, "openssl pkcs12"},
        {{"security_protocol", "SSL", "ssl_keystore_location", "x", "ssl_keystore_type", "jks", NULL},
         "keytool -importkeystore"},
        {{"security_protocol", "SASL_SSL", "sasl_mechanism", "AWS_MSK_IAM", NULL}, "SCRAM-SHA-512"},
        {{"security_protocol", "SASL_SSL", "sasl_mechanism", "PLAIN", "sasl_jaas_config",
          "PlainLoginModule required username=\"u", NULL}, "quote is not closed"},
        {{"schema_registry_url", "http://x", NULL}, "Avro"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setup setup;
        setup_begin(&setup, rows[i].settings);
        cr_assert(!setup.is_good, "row %zu", i);
        struct buf text = {0};
        diag_render(&setup.diag, &text);
        bool is_said = false;
        for (uint32_t k = 0; k < setup.diag.count; k++)
            is_said |= str_find(setup.diag.messages[k].hint, str_of(rows[i].text)) >= 0 ||
                       str_find(setup.diag.messages[k].text, str_of(rows[i].text)) >= 0;
        cr_assert(is_said, "row %zu: %s", i, buf_z(&text));
        buf_fini(&text);
        setup_end(&setup);
    }
}

Test(jaas, reads_modules_and_options)
{
    static const struct {
        const char *text, *problem; /* NULL: it is read */
        const char *module, *name, *value;
    } rows[] = {
        {"a.b.PlainLoginModule required username=\"u\" password=\"p\";", NULL, "PlainLoginModule",
         "password", "p"},
        {"X required;", NULL, "X", "username", ""},
        {"X optional a='b \" c' ;", NULL, "X", "a", "b \" c"},
        {"X required a=\"q\\\"\\\\\";", NULL, "X", "a", "q\"\\"},
        {"KafkaClient {\n // note\n X required /* more */ keyTab=\"/k\"\n useKeyTab=true; };", NULL, "X",
         "useKeyTab", "true"},
        {"", "the login module's name is missing", NULL, NULL, NULL},
        {"X username=u;", "`required` is missing behind the login module's name", NULL, NULL, NULL},
        {"X required a;", "an option has no `=`", NULL, NULL, NULL},
        {"X required a=b", "an option's name is missing, or the closing `;`", NULL, NULL, NULL},
        {"X required a=\"b;", "a quote is not closed", NULL, NULL, NULL},
        {"X required a=\"b\\", "a quote is not closed", NULL, NULL, NULL},
        {"X required /* a", "an option's name is missing, or the closing `;`", NULL, NULL, NULL},
    };
    struct arena arena;
    arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct jaas jaas;
        const char *problem = jaas_parse(str_of(rows[i].text), &arena, &jaas);
        if (rows[i].problem) {
            cr_assert(problem, "row %zu", i);
            cr_assert_str_eq(problem, rows[i].problem, "row %zu: %s", i, problem);
            continue;
        }
        cr_assert(!problem, "row %zu: %s", i, problem);
        cr_assert(str_eq_z(jaas.module, rows[i].module), "row %zu", i);
        cr_assert(str_eq_z(jaas_get(&jaas, str_of(rows[i].name)), rows[i].value), "row %zu", i);
    }
    arena_fini(&arena);
}

Test(jaas, stops_at_its_limits)
{
    struct arena arena;
    struct jaas jaas;
    arena_init(&arena, NULL);
    for (int count = JAAS_OPTIONS_MAX; count <= JAAS_OPTIONS_MAX + 1; count++) {
        struct buf text = {0};
        buf_append_z(&text, "X required");
        for (int i = 0; i < count; i++) buf_printf(&text, " o%d=v", i);
        buf_append_char(&text, ';');
        const char *problem = jaas_parse(buf_str(&text), &arena, &jaas);
        cr_assert_eq(problem == NULL, count == JAAS_OPTIONS_MAX);
        if (problem) cr_assert_str_eq(problem, "there are more than 32 options");
        buf_fini(&text);
    }
    char *long_text = malloc(JAAS_BYTES_MAX + 1);
    memset(long_text, ' ', JAAS_BYTES_MAX + 1);
    memcpy(long_text, "X required;", 11);
    cr_assert(!jaas_parse((struct str){long_text, JAAS_BYTES_MAX}, &arena, &jaas));
    cr_assert_str_eq(jaas_parse((struct str){long_text, JAAS_BYTES_MAX + 1}, &arena, &jaas),
                     "it is longer than 64 KiB");
    free(long_text);
    arena_fini(&arena);
}
