/* SPDX-License-Identifier: Apache-2.0 */
/* The aggregator's commands describe themselves with base/options.h. */
#ifndef TH_AGGREGATOR_CLI_OPTIONS_H
#define TH_AGGREGATOR_CLI_OPTIONS_H

#include "base/options.h"

#endif
