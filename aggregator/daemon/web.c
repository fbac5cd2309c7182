/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP within the daemon: what it asks of the other threads, and what they say for /metrics. */
#include "aggregator/daemon/parts.h"
#include "aggregator/http/metrics.h"
#include "aggregator/shell/clock_linux.h"

static th_instant wall_now(void *context)
{
    (void)context;
    return th_clock_now().wall;
}

static const char *trouble(void *context)
{
    struct th_daemon *daemon = context;
    if (atomic_load(&daemon->is_ending))
        return "máy chủ đang dừng";
    if (atomic_load(&daemon->is_contradicted))
        return "kho không phải bản mới nhất: không ghi gì nữa, xem nhật ký của máy chủ";
    if (atomic_load(&daemon->is_full))
        return "kho dữ liệu sắp đầy, tạm ngừng nhận: dọn chỗ trên đĩa của kho";
    if (th_pipeline_status(daemon->pipeline) < 0)
        return "không ghi được nữa";
    if (atomic_load(&daemon->is_recovering))
        return "đang khôi phục: chưa nhận lại đủ";
    return NULL;
}

void th_daemon_note_state(struct th_daemon *daemon)
{
    const struct th_store_port *store = &daemon->store_port;
    atomic_store(&daemon->is_recovering, th_core_recovery(th_driver_core(daemon->driver))->is_open);
    atomic_store(&daemon->is_contradicted, th_driver_contradiction(daemon->driver) != NULL);
    atomic_store(&daemon->is_full, th_driver_is_full(daemon->driver));
    atomic_store(&daemon->is_suspect,
                 th_core_clock_status(th_driver_core(daemon->driver)) == TH_CLOCK_SUSPECT);
    size_t unsettled = 0;
    for (size_t i = 0, count = store->unsettled_count(store->context); i < count; i++)
        unsettled += store->unsettled(store->context, i).in_run;
    atomic_store(&daemon->unsettled, unsettled);
}

/* ---- /metrics ---- */

static void write_reports(const struct th_driver_counters *counters, FILE *out)
{
    static const char name[] = "tonghop_reports_total";
    th_metrics_name(out, name, TH_METRIC_COUNTER, "Reports since the start, by verdict.");
    th_metrics_count(out, name, "verdict", "accepted", counters->accepted);
    th_metrics_count(out, name, "verdict", "duplicate", counters->duplicates);
    th_metrics_count(out, name, "verdict", "conflict", counters->conflicts);
    th_metrics_count(out, name, "verdict", "rejected", counters->rejected);
    th_metrics_one(out, "tonghop_reports_readmitted_total", TH_METRIC_COUNTER,
                   "Reports accepted again after a loss.", counters->readmitted);
    th_metrics_one(out, "tonghop_reports_entered_total", TH_METRIC_COUNTER,
                   "Reports that an operator entered for their units.", counters->entered);
    th_metrics_one(out, "tonghop_acts_total", TH_METRIC_COUNTER, "Acts of the operator.",
                   counters->acts);
    th_metrics_one(out, "tonghop_busy_total", TH_METRIC_COUNTER,
                   "Submissions that were told to come again as the disk is nearly full.",
                   counters->busy);
}

static void write_drops(struct th_daemon *daemon, FILE *out)
{
    static const char *const reasons[] = {
#define XX(name, text) #name,
        TH_DROP_MAP(XX)
#undef XX
    };
    static const char name[] = "tonghop_dropped_total";
    th_metrics_one(out, "tonghop_received_total", TH_METRIC_COUNTER,
                   "Messages of nodes and of the operator.",
                   atomic_load(&daemon->counters.received));
    th_metrics_one(out, "tonghop_queries_total", TH_METRIC_COUNTER, "Questions of nodes.",
                   atomic_load(&daemon->counters.queries));
    th_metrics_name(out, name, TH_METRIC_COUNTER, "Messages that were dropped, by reason.");
    for (int i = 0; i < TH_DROP_COUNT; i++) {
        char word[16] = "";
        for (size_t j = 0; reasons[i][j] != 0 && j + 1 < sizeof word; j++)
            word[j] = (char)(reasons[i][j] | 0x20); /* ASCII capitals */
        th_metrics_count(out, name, "reason", word, atomic_load(&daemon->counters.dropped[i]));
    }
}

static void write_store(struct th_daemon *daemon, FILE *out)
{
    struct th_store_usage usage;
    th_metrics_one(out, "tonghop_journal_entries", TH_METRIC_GAUGE,
                   "Entries in the journal: the position.", atomic_load(&daemon->position));
    th_metrics_one(out, "tonghop_unsettled_records", TH_METRIC_GAUGE,
                   "Records in the run that wait for their places.",
                   atomic_load(&daemon->unsettled));
    th_metrics_one(out, "tonghop_clock_suspect", TH_METRIC_GAUGE,
                   "1: the clock jumped, timeliness is undecided.",
                   atomic_load(&daemon->is_suspect));
    th_metrics_one(out, "tonghop_recovering", TH_METRIC_GAUGE, "1: a recovery is open.",
                   atomic_load(&daemon->is_recovering));
    th_metrics_one(out, "tonghop_scrub_passes_total", TH_METRIC_COUNTER,
                   "Readings of the whole store that were finished.",
                   atomic_load(&daemon->counters.scrub_passes));
    th_metrics_one(out, "tonghop_scrub_faults", TH_METRIC_GAUGE,
                   "Faults that the last readings found.",
                   atomic_load(&daemon->counters.scrub_faults));
    if (th_store_usage(daemon->options->store, &usage) < 0)
        return;
    th_metrics_one(out, "tonghop_store_used_bytes", TH_METRIC_GAUGE,
                   "Of the map, without pages that are free again.", usage.used_bytes);
    th_metrics_one(out, "tonghop_store_map_bytes", TH_METRIC_GAUGE, "Size of the map.",
                   usage.map_bytes);
    th_metrics_one(out, "tonghop_disk_free_bytes", TH_METRIC_GAUGE,
                   "Free space on the store's disk.", usage.disk_free_bytes);
    th_metrics_one(out, "tonghop_disk_bytes", TH_METRIC_GAUGE, "Size of the store's disk.",
                   usage.disk_bytes);
}

static void write_commits(const struct th_store_commits *commits, FILE *out)
{
    static const uint64_t bounds_us[] = {TH_STORE_COMMIT_BOUNDS_US};
    th_metrics_one(out, "tonghop_commits_total", TH_METRIC_COUNTER,
                   "Transactions that were committed.", commits->count);
    th_metrics_seconds(out, "tonghop_commit_seconds",
                       "How long transactions took to be durable on disk.", bounds_us,
                       commits->within, TH_STORE_COMMIT_BOUNDS, commits->us);
}

static void measure(void *context, FILE *out)
{
    struct th_daemon *daemon = context;
    (void)pthread_mutex_lock(&daemon->counters_lock);
    struct th_driver_counters counters = daemon->driver_counters;
    struct th_daemon_batches batches = daemon->batches;
    struct th_store_commits commits = daemon->commits;
    (void)pthread_mutex_unlock(&daemon->counters_lock);
    write_reports(&counters, out);
    write_drops(daemon, out);
    write_store(daemon, out);
    write_commits(&commits, out);
    th_metrics_name(out, "tonghop_batch_seconds", TH_METRIC_SUMMARY,
                    "Work of the writer on a batch: judging it, and waiting for the one before.");
    th_metrics_milli(out, "tonghop_batch_seconds_sum", (int64_t)(batches.us / 1000));
    th_metrics_count(out, "tonghop_batch_seconds_count", NULL, NULL, batches.count);
    th_metrics_one(out, "tonghop_queue_jobs", TH_METRIC_GAUGE,
                   "Messages between the sockets and their commit.",
                   th_pipeline_length(daemon->pipeline));
    th_metrics_one(out, "tonghop_units_heard", TH_METRIC_GAUGE,
                   "Units whose nodes have spoken since the start.",
                   atomic_load(&daemon->units_heard));
    th_metrics_one(out, "tonghop_units_connected", TH_METRIC_GAUGE,
                   "Units with a node that was admitted, has spoken, and is connected now.",
                   atomic_load(&daemon->units_connected));
    int64_t due_ms = atomic_load(&daemon->next_due_ms);
    if (due_ms != TH_NO_INSTANT) {
        th_metrics_name(out, "tonghop_next_due_seconds", TH_METRIC_GAUGE,
                        "Until the next closing or reminder.");
        th_metrics_milli(out, "tonghop_next_due_seconds", due_ms - th_clock_now().wall.ms);
    }
}

int th_daemon_open_http(struct th_daemon *daemon)
{
    const struct th_daemon_options *options = daemon->options;
    const struct th_http_options http = {.address = options->http,
                                         .host = options->http_host,
                                         .folder = options->folder,
                                         .store = options->store,
                                         .version = options->version,
                                         .log = options->log,
                                         .context = daemon,
                                         .now = wall_now,
                                         .trouble = trouble,
                                         .measure = measure};
    struct th_view *view;
    if (options->http == NULL)
        return 0;
    int status = th_view_open(options->store, &view);
    if (status < 0)
        return status;
    atomic_store(&daemon->position, th_view_size(view));
    th_view_close(view);
    return th_http_open(&http, &daemon->http);
}
