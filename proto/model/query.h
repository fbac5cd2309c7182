/* SPDX-License-Identifier: Apache-2.0 */
/* A reader's question, from a command or over the network. Pure. */
#ifndef TH_MODEL_QUERY_H
#define TH_MODEL_QUERY_H

#include "base/text.h"
#include "base/time.h"
#include "proto/model/unit.h"

enum th_query_what {
    TH_QUERY_STANDING = 1,
    TH_QUERY_ROLLUP,
    TH_QUERY_REPORT,
    TH_QUERY_CLOSINGS,
    TH_QUERY_PAGE /* a command's alone: proto/message.proto does not know it */
};

/* What a reader asks; also what the commands of the programs fill in. Texts "" when not given. */
struct th_query {
    enum th_query_what what;
    struct th_text plan, period, obligation, unit;
    enum th_branch branch;
    bool has_as_of;
    th_instant as_of;
    uint32_t number;
};

#endif
