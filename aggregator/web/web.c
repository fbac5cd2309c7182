/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/web/web.h"

#include "aggregator/web/files.h"

#include <string.h>

const struct th_web_file *th_web_find(struct th_text path)
{
    for (size_t i = 0; i < th_web_files_count; i++)
        if (strlen(th_web_files[i].path) == path.size &&
            memcmp(th_web_files[i].path, path.bytes, path.size) == 0)
            return &th_web_files[i];
    return NULL;
}
