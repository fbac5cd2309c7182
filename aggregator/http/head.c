/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/http/head.h"

#include <string.h>
#include <strings.h>

static const struct th_http_verdict more = {TH_HTTP_MORE, NULL};
static const struct th_http_verdict good = {TH_HTTP_GOOD, NULL};

static struct th_http_verdict refuse(int code, const char *why)
{
    return (struct th_http_verdict){code, why};
}

static bool is_word(struct th_text text, const char *word)
{
    return text.size == strlen(word) && memcmp(text.bytes, word, text.size) == 0;
}

/* Names of fields and codings: ASCII, in any case. */
static bool is_name(struct th_text text, const char *name)
{
    return text.size == strlen(name) && strncasecmp(text.bytes, name, text.size) == 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 9110, 5.6.2. */
static bool is_token(struct th_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.bytes[i];
        if (!is_digit(c) && !is_letter(c) && (c == 0 || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return text.size > 0;
}

static struct th_text trimmed(struct th_text text)
{
    while (text.size > 0 && text.bytes[0] == ' ') {
        text.bytes++;
        text.size--;
    }
    while (text.size > 0 && text.bytes[text.size - 1] == ' ')
        text.size--;
    return text;
}

/* Takes the text before `mark` off the front; all that is left when it is not there. */
static struct th_text cut(struct th_text *rest, char mark)
{
    const char *end = rest->size == 0 ? NULL : memchr(rest->bytes, mark, rest->size);
    size_t size = end == NULL ? rest->size : (size_t)(end - rest->bytes);
    struct th_text part = {rest->bytes, size};
    size_t taken = end == NULL ? size : size + 1;
    rest->bytes += taken;
    rest->size -= taken;
    return part;
}

/* ---- bytes ---- */

/* Control bytes and line ends, in what is there so far: nobody has to wait for the rest. */
static struct th_http_verdict look_at_bytes(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        bool is_end = c == '\r' && (i + 1 == size || bytes[i + 1] == '\n');
        if (c == '\n' && i > 0 && bytes[i - 1] == '\r')
            is_end = true;
        if (!is_end && (c < ' ' || c == 0x7f))
            return refuse(400, "yêu cầu có ký tự điều khiển hoặc xuống dòng không phải CRLF");
    }
    return good;
}

/* Where the empty line ends; 0: not there. */
static size_t end_of_head(const char *bytes, size_t size)
{
    for (size_t i = 3; i < size; i++)
        if (memcmp(bytes + i - 3, "\r\n\r\n", 4) == 0)
            return i + 1;
    return 0;
}

/* ---- the request line ---- */

static bool is_known_method(struct th_text method)
{
    static const char *const known[] = {"POST",    "PUT",   "DELETE", "PATCH",
                                        "OPTIONS", "TRACE", "CONNECT"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (is_word(method, known[i]))
            return true;
    return false;
}

static bool is_version(struct th_text version)
{
    return version.size == 8 && memcmp(version.bytes, "HTTP/", 5) == 0 &&
           is_digit(version.bytes[5]) && version.bytes[6] == '.' && is_digit(version.bytes[7]);
}

/* An absolute path and a question, as RFC 3986 spells them. What they mean is split elsewhere. */
static bool is_target(struct th_text target)
{
    if (target.size == 0 || target.bytes[0] != '/')
        return false;
    for (size_t i = 0; i < target.size; i++) {
        char c = target.bytes[i];
        if (!is_digit(c) && !is_letter(c) && (c == 0 || strchr("-._~%!$&'()*+,;=:@/?", c) == NULL))
            return false;
    }
    return true;
}

static struct th_http_verdict judge_request(struct th_text line, struct th_http_head *head)
{
    struct th_text rest = line;
    struct th_text method = cut(&rest, ' ');
    struct th_text target = cut(&rest, ' ');
    if (!is_token(method) || !is_version(rest))
        return refuse(400, "dòng đầu của yêu cầu không đúng dạng: GET /đường-dẫn HTTP/1.1");
    if (!is_word(rest, "HTTP/1.1") && !is_word(rest, "HTTP/1.0"))
        return refuse(505, "chỉ hiểu HTTP/1.1");
    head->is_head = is_word(method, "HEAD");
    if (!head->is_head && !is_word(method, "GET")) {
        if (is_known_method(method))
            return refuse(405, "ở đây chỉ để đọc: dùng GET hoặc HEAD");
        return refuse(501, "không biết phương thức này: dùng GET hoặc HEAD");
    }
    if (!is_target(target))
        return refuse(400, "đường dẫn không đúng dạng: bắt đầu bằng / và mã hóa ký tự lạ bằng %");
    head->target = target;
    return good;
}

/* ---- fields ---- */

/* Those that mean something here: each is there once. */
enum field {
    FIELD_HOST,
    FIELD_LENGTH,
    FIELD_TRANSFER,
    FIELD_EXPECT,
    FIELD_MATCHES,
    FIELD_LAST_EVENT,
    FIELDS
};

static const char *const names[FIELDS] = {"Host",   "Content-Length", "Transfer-Encoding",
                                          "Expect", "If-None-Match",  "Last-Event-ID"};

struct fields {
    bool has[FIELDS];
    struct th_text values[FIELDS];
};

static struct th_http_verdict take_field(struct th_text line, struct fields *fields)
{
    struct th_text value = line;
    struct th_text name = cut(&value, ':');
    if (!is_token(name) || name.size == line.size)
        return refuse(400, "một dòng tiêu đề không đúng dạng Tên: giá trị");
    for (int i = 0; i < FIELDS; i++) {
        if (!is_name(name, names[i]))
            continue;
        if (fields->has[i])
            return refuse(400, "một tiêu đề chỉ được có một lần đã có nhiều lần");
        fields->has[i] = true;
        fields->values[i] = trimmed(value);
    }
    return good;
}

static bool all_zeros(struct th_text digits, bool *ret_are_digits)
{
    bool are_zeros = digits.size > 0;
    *ret_are_digits = digits.size > 0;
    for (size_t i = 0; i < digits.size; i++) {
        are_zeros = are_zeros && digits.bytes[i] == '0';
        *ret_are_digits = *ret_are_digits && is_digit(digits.bytes[i]);
    }
    return are_zeros;
}

/* What makes it unclear where the request ends. */
static struct th_http_verdict judge_framing(const struct fields *fields)
{
    bool are_digits = true;
    if (fields->has[FIELD_LENGTH] && fields->has[FIELD_TRANSFER])
        return refuse(400, "yêu cầu có cả Content-Length và Transfer-Encoding");
    if (fields->has[FIELD_LENGTH])
        (void)all_zeros(fields->values[FIELD_LENGTH], &are_digits);
    return are_digits ? good : refuse(400, "Content-Length không phải một số");
}

static struct th_http_verdict judge_body(const struct fields *fields)
{
    bool are_digits;
    if (fields->has[FIELD_TRANSFER] && !is_name(fields->values[FIELD_TRANSFER], "chunked"))
        return refuse(501, "không biết cách mã hóa nội dung này");
    if (fields->has[FIELD_TRANSFER] ||
        (fields->has[FIELD_LENGTH] && !all_zeros(fields->values[FIELD_LENGTH], &are_digits)))
        return refuse(413, "không nhận nội dung gửi kèm");
    if (fields->has[FIELD_EXPECT])
        return refuse(417, "không nhận nội dung gửi kèm, nên không hứa gì trước");
    return good;
}

/* ---- the host ---- */

static bool is_port(struct th_text port)
{
    bool are_digits;
    return port.size <= 5 && !all_zeros(port, &are_digits) && are_digits;
}

static bool is_own(struct th_text value, const char *host)
{
    static const char *const loopback[] = {"localhost", "127.0.0.1", "[::1]"};
    if (host != NULL && is_name(value, host))
        return true;
    for (size_t i = 0; i < sizeof loopback / sizeof loopback[0]; i++) {
        size_t size = strlen(loopback[i]);
        if (value.size < size || strncasecmp(value.bytes, loopback[i], size) != 0)
            continue;
        struct th_text port = {value.bytes + size, value.size - size};
        if (port.size == 0)
            return true;
        port.size--;
        if (*port.bytes++ == ':' && is_port(port))
            return true;
    }
    return false;
}

static struct th_http_verdict judge_host(const struct fields *fields, const char *host)
{
    if (!fields->has[FIELD_HOST] || fields->values[FIELD_HOST].size == 0)
        return refuse(400, "yêu cầu không có tiêu đề Host");
    if (!is_own(fields->values[FIELD_HOST], host))
        return refuse(421, "máy chủ này không mang tên đó: dùng 127.0.0.1, hoặc đặt http_host "
                           "trong config.yaml nếu đi qua máy chủ trung gian");
    return good;
}

/* ---- all of it ---- */

static struct th_http_verdict judge_lines(struct th_text head, const char *host,
                                          struct th_http_head *ret_head)
{
    struct fields fields = {{false}, {{NULL, 0}}};
    struct th_http_head result = {false, {"", 0}};
    struct th_http_verdict request = good;
    for (size_t i = 0; head.size > 2; i++) { /* the empty line is left */
        struct th_text line = cut(&head, '\n');
        line.size--; /* its CR */
        struct th_http_verdict verdict = good;
        if (i == 0) /* what is wrong with its lines comes before what it asks */
            request = judge_request(line, &result);
        else if (i > TH_HTTP_FIELDS_MAX)
            verdict = refuse(431, "quá nhiều tiêu đề");
        else
            verdict = take_field(line, &fields);
        if (verdict.code != TH_HTTP_GOOD)
            return verdict;
    }
    struct th_http_verdict verdicts[] = {judge_framing(&fields), request, judge_body(&fields),
                                         judge_host(&fields, host)};
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
        if (verdicts[i].code != TH_HTTP_GOOD)
            return verdicts[i];
    *ret_head = result;
    return good;
}

struct th_http_verdict th_http_judge(const char *bytes, size_t size, const char *host,
                                     struct th_http_head *ret_head)
{
    size_t end = end_of_head(bytes, size);
    struct th_http_verdict verdict = look_at_bytes(bytes, end == 0 ? size : end);
    if (verdict.code != TH_HTTP_GOOD)
        return verdict;
    if (size > 0 && bytes[0] == '\r')
        return refuse(400, "yêu cầu bắt đầu bằng một dòng trống");
    if (end == 0 && size < TH_HTTP_HEAD_MAX)
        return more;
    if (end == 0 || end > TH_HTTP_HEAD_MAX)
        return memchr(bytes, '\n', size) == NULL ? refuse(414, "đường dẫn quá dài")
                                                 : refuse(431, "phần đầu của yêu cầu quá dài");
    struct th_http_head head;
    verdict = judge_lines((struct th_text){bytes, end}, host, &head);
    if (verdict.code == TH_HTTP_GOOD && size > end) /* a body says how long it is */
        verdict = refuse(400, "có gì đó đứng sau yêu cầu: mỗi kết nối chỉ một yêu cầu");
    if (verdict.code == TH_HTTP_GOOD)
        *ret_head = head;
    return verdict;
}

/* "q=0", "q=0.000". */
static bool is_unwanted(struct th_text parameter)
{
    parameter = trimmed(parameter);
    if (parameter.size < 3 || strncasecmp(parameter.bytes, "q=0", 3) != 0)
        return false;
    for (size_t i = 3; i < parameter.size; i++)
        if (parameter.bytes[i] != '.' && parameter.bytes[i] != '0')
            return false;
    return true;
}

bool th_http_takes_gzip(struct th_text value)
{
    while (value.size > 0) {
        struct th_text item = cut(&value, ',');
        struct th_text coding = trimmed(cut(&item, ';'));
        if (is_name(coding, "gzip"))
            return !is_unwanted(item);
    }
    return false;
}

bool th_http_matches(struct th_text matches, const char *etag)
{
    const char *tag = strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
    if (is_word(trimmed(matches), "*"))
        return true;
    while (matches.size > 0) {
        struct th_text given = trimmed(cut(&matches, ','));
        if (given.size > 2 && memcmp(given.bytes, "W/", 2) == 0) {
            given.bytes += 2;
            given.size -= 2;
        }
        if (is_word(given, tag))
            return true;
    }
    return false;
}
