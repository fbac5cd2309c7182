/* SPDX-License-Identifier: Apache-2.0 */
/* The table that embed.cmake writes. */
#ifndef TH_WEB_FILES_H
#define TH_WEB_FILES_H

#include "aggregator/web/web.h"

extern const struct th_web_file th_web_files[];
extern const size_t th_web_files_count;

#endif
