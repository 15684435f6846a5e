/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small files read whole: configuration, register maps, certificates. It
 * waits for the disk, so it is for the start, for jobs and for commands, not
 * for the running loop.
 */
#ifndef KW_BASE_FILE_H
#define KW_BASE_FILE_H

#include "base/buf.h"

/*
 * Appends the content of a regular file to the buffer, whose ceiling bounds
 * it: KW_EFULL when the file is longer. KW_ENOTFOUND, KW_EDENIED, KW_EINVAL
 * when it is a folder or a device, KW_EIO, KW_ENOMEM.
 */
KW_MUST_CHECK int kw_file_read(const char *path, struct kw_buf *text);

#endif
