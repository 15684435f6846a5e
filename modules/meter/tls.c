/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/tls.h"

#include "base/clock.h"
#include "base/text.h"
#include "meter/copy.h"
#include "net/tls.h"

#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 48 };

int kw_meter_tls_load(struct kw_tls **tls, const struct kw_meter_tls_conf *conf,
                      const struct kw_clock *clock, struct kw_diag *diag)
{
    struct kw_tls_client_options options = {
        .authorities = conf->authorities,
        .cert_file = conf->certificate,
        .key_file = conf->key,
        .clock = clock,
    };

    return kw_tls_client(tls, &options, diag);
}

/* Which setting named the file that a finding begins with. */
static const char *key_of(const struct kw_meter_tls_conf *tls, const char *text)
{
    const struct {
        const char *file, *key;
    } rows[] = {
        {tls->key, ".key"},
        {tls->certificate, ".certificate"},
        {tls->authorities, ".authorities"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].file != NULL && kw_text_starts(text, rows[i].file) &&
            text[strlen(rows[i].file)] == ':')
            return rows[i].key;
    }
    return "";
}

static void check_line(const struct kw_meter_tls_conf *conf, size_t index,
                       struct kw_diag *diag)
{
    bool half = (conf->certificate == NULL) != (conf->key == NULL);
    char path[PATH_SIZE];
    struct kw_tls *tls = NULL;
    struct kw_diag found;

    if (half) {
        snprintf(path, sizeof(path), "lines[%zu].tcp.tls", index);
        (void)kw_diag_add(diag, conf->mark, path,
                          "certificate and key belong together: %s is missing",
                          conf->key == NULL ? "key" : "certificate");
        return;
    }
    kw_diag_init(&found);
    if (kw_meter_tls_load(&tls, conf, &kw_clock_system, &found) != 0) {
        const char *text =
            found.count > 0 ? found.items[0].text : "out of memory";

        snprintf(path, sizeof(path), "lines[%zu].tcp.tls%s", index,
                 key_of(conf, text));
        (void)kw_diag_add(diag, conf->mark, path, "%s", text);
    }
    kw_diag_fini(&found);
    kw_tls_drop(tls);
}

void kw_meter_tls_check(const struct kw_meter_conf *conf, struct kw_diag *diag)
{
    const struct kw_meter_tls_conf *last = NULL;

    for (size_t i = 0; i < conf->lines.count; i++) {
        const struct kw_meter_tcp_conf *tcp = kw_meter_conf_line(conf, i)->tcp;

        if (tcp == NULL || tcp->tls == NULL)
            continue;
        if (!kw_meter_same_tls(last, tcp->tls))
            check_line(tcp->tls, i, diag);
        last = tcp->tls;
    }
}
