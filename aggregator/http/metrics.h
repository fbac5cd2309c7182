/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of /metrics, in the text format of Prometheus 0.0.4. */
#ifndef TH_HTTP_METRICS_H
#define TH_HTTP_METRICS_H

#include <inttypes.h>
#include <stdio.h>

enum th_metric_type { TH_METRIC_COUNTER, TH_METRIC_GAUGE, TH_METRIC_SUMMARY, TH_METRIC_HISTOGRAM };

/* What the lines that follow are: once for each name. `help`: one line. */
void th_metrics_name(FILE *out, const char *name, enum th_metric_type type, const char *help);
/* A line; `label` and `value`: NULL for none. Our own words, which need no escaping. */
void th_metrics_count(FILE *out, const char *name, const char *label, const char *word,
                      uint64_t value);
/* Thousandths, as a decimal. */
void th_metrics_milli(FILE *out, const char *name, int64_t value_milli);
/* A histogram of seconds: how many were in each span alone, the last one without end; in all. */
void th_metrics_seconds(FILE *out, const char *name, const char *help, const uint64_t *bounds_us,
                        const uint64_t *within, size_t bounds_count, uint64_t sum_us);
/* A name and its one line. */
void th_metrics_one(FILE *out, const char *name, enum th_metric_type type, const char *help,
                    uint64_t value);

#endif
