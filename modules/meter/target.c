/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/target.h"

#include "base/text.h"

#include <string.h>

enum { TIMEOUT_MS = 1000, RETRIES = 1 };

/* Cuts the part behind the last ':' off; NULL when there is none. */
static char *cut_last(char *text)
{
    char *colon = strrchr(text, ':');

    if (colon == NULL)
        return NULL;
    *colon = 0;
    return colon + 1;
}

/* "8N1": data bits, parity, stop bits. */
static int parse_framing(const char *text, struct kw_meter_serial_conf *serial)
{
    static const char letters[] = "NEO"; /* order of enum kw_meter_parity */
    const char *found;

    if (strlen(text) != 3 || text[0] != '8' ||
        (text[2] != '1' && text[2] != '2'))
        return KW_EINVAL;
    found = strchr(letters, text[1]);
    if (found == NULL)
        return KW_EINVAL;
    serial->parity = (int)(found - letters);
    serial->stop_bits = text[2] - '0';
    return 0;
}

static int parse_serial(struct kw_meter_target *target)
{
    struct kw_meter_serial_conf *serial = &target->serial;
    char *framing = cut_last(target->text);
    char *baud = framing != NULL ? cut_last(target->text) : NULL;

    if (baud == NULL || target->text[0] == 0 ||
        kw_text_parse_i64(baud, &serial->baud) != 0 || serial->baud < 1200)
        return KW_EINVAL;
    serial->port = target->text;
    target->conf.serial = serial;
    return parse_framing(framing, serial);
}

static int parse_tcp(struct kw_meter_target *target, int64_t port)
{
    struct kw_meter_tcp_conf *tcp = &target->tcp;
    char *number = strchr(target->text, ':') == strrchr(target->text, ':') ||
                           target->text[0] == '['
                       ? cut_last(target->text)
                       : NULL;

    tcp->port = port;
    if (number != NULL && (kw_text_parse_i64(number, &tcp->port) != 0 ||
                           tcp->port < 1 || tcp->port > 65535))
        return KW_EINVAL;
    tcp->host = target->text;
    tcp->in_flight = 1;
    return target->text[0] != 0 ? 0 : KW_EINVAL;
}

int kw_meter_target_parse(const char *text, struct kw_meter_target *target)
{
    static const char *const prefixes[] = {"rtu:", "tcp:", "rtu-tcp:"};
    size_t which = 0;

    *target = (struct kw_meter_target){
        .conf = {.name = text, .timeout_ms = TIMEOUT_MS, .retries = RETRIES}};
    while (which < 3 && !kw_text_starts(text, prefixes[which]))
        which++;
    if (which == 3)
        return KW_ENOTFOUND;
    if (!kw_text_copy(target->text, sizeof(target->text),
                      text + strlen(prefixes[which])))
        return KW_EINVAL;
    if (which == 0)
        return parse_serial(target);
    if (which == 1)
        target->conf.tcp = &target->tcp;
    else
        target->conf.rtu_tcp = &target->tcp;
    return parse_tcp(target, which == 1 ? 502 : 503);
}
