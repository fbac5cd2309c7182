/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives up what a program that reads a hostile file does not need.
 *
 * Afterwards it may not open a file (except for temporary ones, when asked for) or a socket, start
 * a process or a thread, look into another process, map memory that can be executed or gain
 * privileges; memory, processor time and the size of what it writes are bounded; it leaves no core.
 * What the kernel refuses fails with EPERM. Built with a sanitizer memory is not bounded.
 */
#ifndef TH_WORKBOOK_CONFINE_H
#define TH_WORKBOOK_CONFINE_H

#include "base/status.h"

enum th_confinement {
    TH_CONFINED_TO_STREAMS, /* what is open stays open, nothing else is opened */
    TH_CONFINED_TO_FILES    /* may open and remove files, by name and in memory */
};

/* Call it once, with one thread. TH_E_FORBIDDEN: the kernel does not do it; nothing may be read. */
TH_MUST_CHECK int th_confine(enum th_confinement confinement);

#endif
