/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core_clock.h"

#include "base/buf.h"
#include "core/core.h"

const struct kw_db_table kw_clock_table = {
    .name = "core.clock",
    .help = "The time up to which the clock was trusted.",
};

static int read_time(struct kw_db_txn *txn, int64_t *time_ms)
{
    struct kw_reader reader;
    struct kw_slice value;
    int err = kw_db_get(txn, &kw_clock_table, kw_slice_text("trusted"), &value);

    if (err != 0)
        return err;
    kw_reader_init(&reader, value.data, value.length);
    *time_ms = (int64_t)kw_read_be64(&reader);
    return reader.err;
}

void kw_core_clock_load(struct kw_core *core)
{
    struct kw_db_txn *txn;
    int64_t known_ms = 0;

    if (core->db != NULL && kw_db_read_begin(core->db, &txn) == 0) {
        if (read_time(txn, &known_ms) != 0 || !kw_clock_sane(known_ms))
            known_ms = 0;
        kw_db_read_end(txn);
    }
    kw_trust_init(&core->trust, core->clock, known_ms);
}

void kw_core_clock_store(struct kw_core *core, kw_db_done_fn *done, void *arg)
{
    uint64_t time_ms = (uint64_t)kw_trust_time(&core->trust, core->clock);
    struct kw_db_batch *batch = core->db != NULL ? kw_db_batch_new() : NULL;
    unsigned char bytes[8];
    int err = KW_ENOMEM;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(time_ms >> (8 * (sizeof(bytes) - 1 - i)));
    if (batch != NULL) {
        kw_db_batch_put(batch, &kw_clock_table, kw_slice_text("trusted"),
                        (struct kw_slice){bytes, sizeof(bytes)});
        err = kw_db_submit(core->db, batch, done != NULL, done, arg);
    }
    if (err != 0 && done != NULL)
        done(arg, err);
}
