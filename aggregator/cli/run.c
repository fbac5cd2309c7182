/* SPDX-License-Identifier: Apache-2.0 */
/* run: the daemon, with its configuration, keys and signals. */
#include "aggregator/cli/answerer.h"
#include "aggregator/cli/handout.h"
#include "aggregator/cli/site.h"
#include "aggregator/cli/write.h"
#include "aggregator/daemon/daemon.h"
#include "aggregator/shell/config.h"
#include "base/options.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

struct running {
    struct th_site site;
    struct th_config config;
    const struct th_store_identity *identity;
};

static void tell_ready(void *context, const char *listen, const char *publish, const char *page)
{
    const struct running *running = context;
    (void)fprintf(running->site.out, "SẴN SÀNG%s: %s, nhận báo cáo ở %s, công bố ở %s%s%s\n",
                  running->identity->mode == TH_MODE_REHEARSAL ? " (DIỄN TẬP)" : "",
                  running->identity->realm, listen, publish, page == NULL ? "" : ", trang xem ở ",
                  page == NULL ? "" : page);
    (void)fflush(running->site.out);
}

static int explain(const struct running *running, enum th_daemon_stage stage, int status)
{
    FILE *err = running->site.err;
    const char *text = th_status_text(status);
    const char *why = status == TH_E_BUSY ? "một chương trình khác đang nghe ở đó" : text;
    const bool is_foreign = status == TH_E_CONFIG; /* a name, or an address of another machine */
    switch (stage) {
    case TH_DAEMON_LOADING:
        th_cli_complain(err, "run", NULL, "%s: không nạp được kho: %s", running->site.folder, text);
        break;
    case TH_DAEMON_LISTENING:
    case TH_DAEMON_PUBLISHING:
        th_cli_complain(
            err, "run",
            is_foreign ? "trong " TH_CONFIG_FILE " ghi địa chỉ số của máy (ip -brief address), hay "
                         "tcp://0.0.0.0:CỔNG; " TH_HANDOUT_FILE " vẫn giữ tên hay địa chỉ cũ"
                       : "chọn địa chỉ khác bằng --listen, --publish hoặc sửa " TH_CONFIG_FILE,
            "không lắng nghe được ở %s: %s",
            stage == TH_DAEMON_LISTENING ? running->config.listen : running->config.publish,
            is_foreign ? "không phải địa chỉ số của máy này" : why);
        break;
    case TH_DAEMON_CONTROLLING:
        th_cli_complain(err, "run", "đặt kho ở thư mục có đường dẫn ngắn hơn",
                        "không mở được %s/control.sock: %s", running->site.folder, text);
        break;
    case TH_DAEMON_SHOWING:
        th_cli_complain(err, "run", "chọn địa chỉ khác bằng --http hoặc http trong " TH_CONFIG_FILE,
                        "không mở được trang xem ở %s: %s", running->config.http, why);
        break;
    case TH_DAEMON_TESTING:
        th_cli_complain(err, "run", "không chạy khi cửa chưa khóa được; báo cho người phụ trách",
                        "tự kiểm tra: khóa lạ không bị từ chối, hoặc khóa đúng không vào được");
        return EX_SOFTWARE;
    case TH_DAEMON_STARTING:
        th_cli_complain(err, "run",
                        "cho chương trình nhiều luồng và bộ nhớ hơn (TasksMax, LimitNPROC, "
                        "ulimit -u)",
                        "không mở được các luồng của nó: %s", text);
        break;
    case TH_DAEMON_RUNNING:
        th_cli_complain(err, "run", NULL, "%s", text);
        break;
    }
    return th_status_exit_code(status);
}

/* Each connection takes a descriptor, and 1,024 are little: as many as are allowed, within reason.
 * With few HTTP takes fewer connections, and the daemon says when units stay outside; with too few
 * it would fail at something that has nothing to do with them. */
static int take_descriptors(FILE *err)
{
    enum { ENOUGH = 65536 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= ENOUGH)
        return EX_OK;
    struct rlimit more = {.rlim_cur = limit.rlim_max < ENOUGH ? limit.rlim_max : ENOUGH,
                          .rlim_max = limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &more) == 0)
        limit = more;
    if (limit.rlim_cur >= TH_DAEMON_FILES_MIN)
        return EX_OK;
    th_cli_complain(err, "run",
                    "cho chương trình mở nhiều tệp hơn (LimitNOFILE, ulimit -Hn): "
                    "mỗi đơn vị đang nối thêm một",
                    "chỉ được mở %llu tệp, quá ít: cần ít nhất %d",
                    (unsigned long long)limit.rlim_cur, TH_DAEMON_FILES_MIN);
    return EX_OSERR;
}

/* Hardly any report is as large; all of a burst's bytes come again within an hour or so. */
static struct th_quota quota_of(const struct th_config *config)
{
    const uint64_t each = 32768, least = (uint64_t)4 * 1024 * 1024;
    const uint64_t bytes = config->quota_burst * each;
    return (struct th_quota){config->quota_per_second, config->quota_burst,
                             bytes < least ? least : bytes};
}

static int run(struct running *running, struct th_store *store, const struct th_secrets *secrets)
{
    char control_path[TH_SITE_PATH_SIZE];
    enum th_daemon_stage stage = TH_DAEMON_LOADING;
    int status = th_site_path(&running->site, "control.sock", control_path);
    if (status < 0)
        return explain(running, TH_DAEMON_CONTROLLING, status);
    struct th_answerer answerer;
    th_answerer_init(store, &answerer);
    const struct th_daemon_options options = {
        .store = store,
        .secrets = secrets,
        .listen = running->config.listen,
        .publish = running->config.publish,
        .control_path = control_path,
        .http = running->config.http[0] == 0 ? NULL : running->config.http,
        .http_host = running->config.http_host[0] == 0 ? NULL : running->config.http_host,
        .version = TH_VERSION,
        .folder = running->site.folder,
        .verifiers = running->config.verifiers,
        .scrub_hours = running->config.scrub_hours,
        .scrub_rest_ms = running->config.has_scrub_rest ? &running->config.scrub_rest_ms : NULL,
        .quota = quota_of(&running->config),
        .log = running->site.err,
        .ready = tell_ready,
        .ready_context = running,
        .answer_query = th_answerer_answer,
        .query_context = &answerer,
    };
    running->identity = th_store_identity(store);
    status = th_daemon_run(&options, &stage);
    th_answerer_deinit(&answerer);
    return status < 0 ? explain(running, stage, status) : EX_OK;
}

static int override(struct running *running, const char *name, const char *given, char *address)
{
    if (given == NULL || strcmp(given, address) == 0)
        return EX_OK;
    if (th_config_check_address(given) < 0) {
        th_cli_complain(running->site.err, "run", "viết như tcp://127.0.0.1:7411",
                        "--%s: \"%s\" không phải một địa chỉ", name, given);
        return EX_USAGE;
    }
    (void)fprintf(
        running->site.err,
        "tonghop-aggregator run: lưu ý: --%s khác với %s (%s); server.yaml của các đơn vị "
        "vẫn ghi địa chỉ cũ\n",
        name, TH_CONFIG_FILE, address);
    (void)snprintf(address, TH_CONFIG_ADDRESS_MAX + 1, "%s", given);
    return EX_OK;
}

static int override_http(struct running *running, const char *given)
{
    if (given == NULL)
        return EX_OK;
    int status = th_config_check_http(given);
    if (status == TH_E_FORBIDDEN) {
        th_cli_complain(running->site.err, "run", TH_CONFIG_HTTP_HINT,
                        "--http: “%s” không phải địa chỉ của chính máy này", given);
        return EX_USAGE;
    }
    if (status < 0) {
        th_cli_complain(running->site.err, "run", "viết như 127.0.0.1:7480, hoặc none để không mở",
                        "--http: “%s” không phải một địa chỉ", given);
        return EX_USAGE;
    }
    (void)snprintf(running->config.http, sizeof running->config.http, "%s",
                   strcmp(given, "none") == 0 ? "" : given);
    return EX_OK;
}

static int configure(struct running *running, const char *listen, const char *publish,
                     const char *http)
{
    char path[TH_SITE_PATH_SIZE];
    struct th_problems problems;
    int status = th_site_path(&running->site, TH_CONFIG_FILE, path);
    if (status < 0)
        return th_status_exit_code(status);
    if (access(running->site.folder, F_OK) != 0) {
        th_cli_complain(running->site.err, "run", TH_SITE_NO_STORE_HINT,
                        "%s: không có kho dữ liệu ở đây", running->site.folder);
        return EX_NOINPUT;
    }
    th_problems_init(&problems);
    status = th_config_read(path, &problems, &running->config);
    int code = status < 0 ? th_site_tell(&running->site, &problems, path, status) : EX_OK;
    th_problems_deinit(&problems);
    if (code != EX_OK)
        return status == TH_E_NOT_FOUND || status == TH_E_FORBIDDEN ? th_status_exit_code(status)
                                                                    : EX_CONFIG;
    code = override(running, "listen", listen, running->config.listen);
    if (code == EX_OK)
        code = override(running, "publish", publish, running->config.publish);
    return code == EX_OK ? override_http(running, http) : code;
}

int th_cli_run(int argc, char **argv, FILE *out, FILE *err)
{
    struct running running = {.site = {.command = "run", .out = out, .err = err}};
    const char *listen = NULL;
    const char *publish = NULL;
    const char *http = NULL;
    const struct th_cli_option options[] = {{.name = "listen",
                                             .value_name = "ĐỊA-CHỈ",
                                             .help = "nơi các đơn vị kết nối",
                                             .text = &listen},
                                            {.name = "publish",
                                             .value_name = "ĐỊA-CHỈ",
                                             .help = "nơi người theo dõi kết nối",
                                             .text = &publish},
                                            {.name = "http",
                                             .value_name = "ĐỊA-CHỈ",
                                             .help = "trang xem, chỉ trên máy này: 127.0.0.1:7480; "
                                                     "none: không mở",
                                             .text = &http}};
    const struct th_cli_command command = {
        .name = "run",
        .operands = "DIR",
        .summary =
            "Chạy máy chủ: nhận báo cáo, ghi nhật ký, gửi biên nhận, nhắc và chốt đúng hạn.\n"
            "SIGTERM, SIGHUP dừng sau khi ghi và trả lời xong; SIGUSR1 in các số đếm.",
        .examples = "  tonghop-aggregator run /var/lib/tonghop/kho\n"
                    "  tonghop-aggregator run var/demo/aggregator --listen tcp://127.0.0.1:7500\n",
        .options = options,
        .options_count = 3,
        .operands_min = 1,
        .operands_max = 1};
    char **operands = NULL;
    int count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &count, &exit_code))
        return exit_code;
    running.site.folder = operands[0];
    (void)signal(SIGPIPE, SIG_IGN); /* of whoever reads the log */
    th_secrets_forbid_dumps();
    struct th_store *store = NULL;
    struct th_secrets secrets;
    int code = take_descriptors(err);
    if (code == EX_OK)
        code = configure(&running, listen, publish, http);
    if (code == EX_OK)
        code = th_site_open(&running.site, TH_STORE_WRITE, &store);
    if (code != EX_OK)
        return code;
    code = th_site_secrets(&running.site, th_store_identity(store), &secrets);
    if (code == EX_OK) {
        code = run(&running, store, &secrets);
        th_secrets_deinit(&secrets);
    }
    th_store_close(store);
    return th_cli_finish(out, err, code);
}
