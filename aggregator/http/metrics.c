/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/http/metrics.h"

#include "aggregator/http/parts.h"

#include <stdlib.h>

void th_metrics_name(FILE *out, const char *name, enum th_metric_type type, const char *help)
{
    static const char *const words[] = {[TH_METRIC_COUNTER] = "counter",
                                        [TH_METRIC_GAUGE] = "gauge",
                                        [TH_METRIC_SUMMARY] = "summary",
                                        [TH_METRIC_HISTOGRAM] = "histogram"};
    (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, words[type]);
}

void th_metrics_count(FILE *out, const char *name, const char *label, const char *word,
                      uint64_t value)
{
    if (label == NULL)
        (void)fprintf(out, "%s %" PRIu64 "\n", name, value);
    else
        (void)fprintf(out, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, word, value);
}

void th_metrics_milli(FILE *out, const char *name, int64_t value_milli)
{
    uint64_t value = value_milli < 0 ? (uint64_t)-value_milli : (uint64_t)value_milli;
    (void)fprintf(out, "%s %s%" PRIu64 ".%03u\n", name, value_milli < 0 ? "-" : "", value / 1000,
                  (unsigned)(value % 1000));
}

enum { SECONDS_SIZE = 32 };

/* Without zeros at its end: a bound is a name as well. */
static const char *short_seconds(uint64_t us, char text[SECONDS_SIZE])
{
    int size = snprintf(text, SECONDS_SIZE, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
    while (text[size - 1] == '0')
        text[--size] = '\0';
    if (text[size - 1] == '.')
        text[size - 1] = '\0';
    return text;
}

void th_metrics_seconds(FILE *out, const char *name, const char *help, const uint64_t *bounds_us,
                        const uint64_t *within, size_t bounds_count, uint64_t sum_us)
{
    char text[SECONDS_SIZE];
    uint64_t count = 0;
    th_metrics_name(out, name, TH_METRIC_HISTOGRAM, help);
    for (size_t i = 0; i < bounds_count; i++) {
        count += within[i];
        (void)fprintf(out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name,
                      short_seconds(bounds_us[i], text), count);
    }
    count += within[bounds_count];
    (void)fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, count);
    (void)fprintf(out, "%s_sum %" PRIu64 ".%06" PRIu64 "\n", name, sum_us / 1000000,
                  sum_us % 1000000);
    (void)fprintf(out, "%s_count %" PRIu64 "\n", name, count);
}

void th_metrics_one(FILE *out, const char *name, enum th_metric_type type, const char *help,
                    uint64_t value)
{
    th_metrics_name(out, name, type, help);
    th_metrics_count(out, name, NULL, NULL, value);
}

static void write_own(struct th_http_server *server, FILE *out)
{
    static const char *const classes[TH_HTTP_CLASSES] = {"", "1xx", "2xx", "3xx", "4xx", "5xx"};
    const struct th_http_counters *counters = &server->counters;
    th_metrics_name(out, "tonghop_http_responses_total", TH_METRIC_COUNTER,
                    "Answers over HTTP, by class of code.");
    for (int i = 2; i < TH_HTTP_CLASSES; i++)
        th_metrics_count(out, "tonghop_http_responses_total", "code", classes[i],
                         atomic_load(&counters->replies[i]));
    th_metrics_one(out, "tonghop_http_connections_total", TH_METRIC_COUNTER,
                   "Connections over HTTP that were taken.", atomic_load(&counters->connections));
    th_metrics_one(out, "tonghop_http_refused_total", TH_METRIC_COUNTER,
                   "Requests that were refused before they were let in.",
                   atomic_load(&counters->refused));
    th_metrics_one(out, "tonghop_http_unchanged_total", TH_METRIC_COUNTER,
                   "Answers that the asker had already (304).", atomic_load(&counters->unchanged));
    th_metrics_one(out, "tonghop_http_cache_hits_total", TH_METRIC_COUNTER,
                   "Answers that were kept from an earlier request.",
                   atomic_load(&counters->cache_hits));
    th_metrics_name(out, "tonghop_http_answer_seconds_total", TH_METRIC_COUNTER,
                    "Time spent on answers, beside what waited.");
    th_metrics_milli(out, "tonghop_http_answer_seconds_total",
                     (int64_t)(atomic_load(&counters->answer_us) / 1000));
    th_metrics_one(out, "tonghop_http_answers_total", TH_METRIC_COUNTER,
                   "Requests that were let in and answered.", atomic_load(&counters->answers));
    th_metrics_one(out, "tonghop_http_connections", TH_METRIC_GAUGE, "Connections over HTTP now.",
                   atomic_load(&counters->open));
    th_metrics_one(out, "tonghop_http_listeners", TH_METRIC_GAUGE, "Listeners to events now.",
                   atomic_load(&counters->listeners));
    th_metrics_one(out, "tonghop_http_waiting", TH_METRIC_GAUGE, "Requests that wait for a thread.",
                   atomic_load(&counters->waiting));
    th_metrics_name(out, "tonghop_build_info", TH_METRIC_GAUGE, "The program.");
    th_metrics_count(out, "tonghop_build_info", "version", server->options.version, 1);
}

void th_http_metrics(struct th_http_server *server, struct th_http_reply *reply)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out != NULL) {
        write_own(server, out);
        if (server->options.measure != NULL)
            server->options.measure(server->options.context, out);
    }
    bool is_whole = out != NULL && fclose(out) == 0;
    struct th_http_body *body =
        is_whole ? th_http_body_of((struct th_bytes){(const uint8_t *)text, size}) : NULL;
    free(text);
    if (body == NULL) {
        th_http_reply_status(reply, TH_E_NO_MEMORY, NULL, NULL);
        return;
    }
    reply->code = 200;
    reply->type = "text/plain; version=0.0.4; charset=utf-8";
    reply->body = body;
}
