/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/tls.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "meter/settings.h"
#include "net/tls.h"

#include <stdio.h>
#include <stdlib.h>
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

/* A line with TLS, and what its files are good for. */
struct secured {
    const struct kw_meter_tls_conf *tls;
    size_t index;
};

/* NULL first. */
static int compare_texts(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int compare_files(const struct kw_meter_tls_conf *a,
                         const struct kw_meter_tls_conf *b)
{
    int order = compare_texts(a->authorities, b->authorities);

    if (order == 0)
        order = compare_texts(a->certificate, b->certificate);
    return order != 0 ? order : compare_texts(a->key, b->key);
}

static int compare(const void *left, const void *right)
{
    const struct secured *a = left, *b = right;
    int order = compare_files(a->tls, b->tls);

    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

/* Tries the files; false with what is wrong, as kw_tls_client says it. */
static bool are_good(const struct kw_meter_tls_conf *conf,
                     char why[KW_DIAG_TEXT_SIZE])
{
    struct kw_tls *tls = NULL;
    struct kw_diag found;
    int err;

    kw_diag_init(&found);
    err = kw_meter_tls_load(&tls, conf, &kw_clock_system, &found);
    if (err != 0)
        (void)kw_text_copy(why, KW_DIAG_TEXT_SIZE,
                           found.count > 0 ? found.items[0].text
                                           : kw_strerror(err));
    kw_diag_fini(&found);
    kw_tls_drop(tls);
    return err == 0;
}

static void check_pair(const struct secured *line, struct kw_diag *diag)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "lines[%zu].tcp.tls", line->index);
    (void)kw_diag_at(diag, path,
                     "certificate and key belong together: %s is missing",
                     line->tls->key == NULL ? "key" : "certificate");
}

static void check_files(const struct secured *line, struct kw_diag *diag)
{
    char path[PATH_SIZE], why[KW_DIAG_TEXT_SIZE];

    if (are_good(line->tls, why))
        return;
    snprintf(path, sizeof(path), "lines[%zu].tcp.tls%s", line->index,
             key_of(line->tls, why));
    (void)kw_diag_at(diag, path, "%s", why);
}

/* Gathers the lines that are worth a look, sorted by their files. */
static size_t gather(const struct kw_meter_conf *conf, struct secured *lines,
                     struct kw_diag *diag)
{
    size_t count = 0;

    for (size_t i = 0; i < conf->lines.count; i++) {
        const struct kw_meter_tcp_conf *tcp = kw_meter_conf_line(conf, i)->tcp;

        if (tcp == NULL || tcp->tls == NULL)
            continue;
        lines[count] = (struct secured){tcp->tls, i};
        if ((tcp->tls->certificate == NULL) != (tcp->tls->key == NULL))
            check_pair(&lines[count], diag);
        else
            count++;
    }
    qsort(lines, count, sizeof(*lines), compare);
    return count;
}

int kw_meter_tls_check(const struct kw_meter_conf *conf, struct kw_diag *diag)
{
    struct secured *lines = kw_alloc_array(conf->lines.count, sizeof(*lines));
    size_t count;

    if (lines == NULL)
        return KW_ENOMEM;
    count = gather(conf, lines, diag);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || compare_files(lines[i - 1].tls, lines[i].tls) != 0)
            check_files(&lines[i], diag);
    }
    kw_free(lines);
    return 0;
}
