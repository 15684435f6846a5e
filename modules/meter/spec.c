/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/spec.h"

#include "base/text.h"

#include <string.h>

static const char rtu[] = "rtu:", tcp[] = "tcp:", rtu_tcp[] = "rtu-tcp:";

bool kw_meter_spec_is(const char *text)
{
    return kw_text_starts(text, rtu) || kw_text_starts(text, tcp) ||
           kw_text_starts(text, rtu_tcp);
}

/* "8N1": data bits, parity, stop bits. */
static bool read_framing(const char *text, struct kw_meter_serial_conf *serial)
{
    static const char letters[] = "NEO"; /* as enum kw_meter_parity */
    const char *parity;

    if (strlen(text) != 3 || text[0] != '8')
        return false;
    parity = strchr(letters, text[1]);
    if (parity == NULL || (text[2] != '1' && text[2] != '2'))
        return false;
    serial->parity = (int)(parity - letters);
    serial->stop_bits = text[2] - '0';
    return true;
}

/* Cuts what stands behind the last ':' off; NULL when there is none. */
static char *cut_last(char *text)
{
    char *colon = strrchr(text, ':');

    if (colon == NULL)
        return NULL;
    *colon = 0;
    return colon + 1;
}

/* A device's name may hold ':', so it is taken apart from its end. */
static int read_serial(char *text, struct kw_meter_serial_conf *serial,
                       struct kw_diag *diag)
{
    char *part = cut_last(text);

    *serial = (struct kw_meter_serial_conf){
        .port = text,
        .baud = 19200,
        .parity = KW_METER_PARITY_EVEN,
        .stop_bits = 1,
    };
    if (part != NULL && read_framing(part, serial))
        part = cut_last(text);
    if (part != NULL && (kw_text_parse_i64(part, &serial->baud) != 0 ||
                         !kw_meter_baud_exists(serial->baud)))
        return kw_diag_say(diag,
                           "\"%s\": expected a speed and 8N1, 8E1, 8O1 "
                           "or two stop bits",
                           part);
    if (text[0] != '/')
        return kw_diag_say(diag, "\"%s\": expected a device like /dev/ttyUSB0",
                           text);
    return 0;
}

/* "host", "host:502" or "[v6]:502". */
static int read_host(char *text, int64_t usual, struct kw_meter_tcp_conf *host,
                     struct kw_diag *diag)
{
    char *port = NULL, *bracket = strchr(text, ']');

    *host = (struct kw_meter_tcp_conf){
        .host = text, .port = usual, .in_flight = 1, .silence_ms = 5};
    if (text[0] == '[') {
        if (bracket == NULL)
            return kw_diag_say(diag, "\"%s\": expected ]", text);
        host->host = text + 1;
        *bracket = 0;
        if (bracket[1] != 0)
            port = bracket + (bracket[1] == ':' ? 2 : 0); /* "" is refused */
    } else {
        port = cut_last(text);
    }
    if (host->host[0] == 0)
        return kw_diag_say(diag, "expected a host");
    if (port != NULL && (kw_text_parse_i64(port, &host->port) != 0 ||
                         host->port < 1 || host->port > 65535))
        return kw_diag_say(diag, "port \"%s\": expected 1 to 65535", port);
    return 0;
}

/* The settings and all that they point to. */
struct parts {
    struct kw_meter_line_conf line;
    struct kw_meter_serial_conf serial;
    struct kw_meter_tcp_conf host;
    char name[320], rest[320];
};

int kw_meter_spec_parse(const char *text, struct kw_arena *arena,
                        struct kw_meter_line_conf **line, struct kw_diag *diag)
{
    struct parts *parts = kw_arena_alloc(arena, sizeof(*parts));
    char *rest;

    if (parts == NULL)
        return KW_ENOMEM;
    if (!kw_text_copy(parts->name, sizeof(parts->name), text))
        return kw_diag_say(diag, "too long");
    (void)kw_text_copy(parts->rest, sizeof(parts->rest), text);
    rest = parts->rest;
    parts->line = (struct kw_meter_line_conf){
        .name = parts->name, .timeout_ms = 1000, .retries = 1};
    *line = &parts->line;
    if (kw_text_starts(text, rtu)) {
        parts->line.serial = &parts->serial;
        return read_serial(rest + strlen(rtu), &parts->serial, diag);
    }
    if (kw_text_starts(text, tcp)) {
        parts->line.tcp = &parts->host;
        return read_host(rest + strlen(tcp), 502, &parts->host, diag);
    }
    if (!kw_text_starts(text, rtu_tcp))
        return kw_diag_say(diag,
                           "\"%s\": expected rtu:, tcp: or rtu-tcp:", text);
    parts->line.rtu_tcp = &parts->host;
    return read_host(rest + strlen(rtu_tcp), 503, &parts->host, diag);
}
