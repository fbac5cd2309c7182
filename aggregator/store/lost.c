/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/lost.h"

#include "base/assert.h"

#include <string.h>

bool th_lost_say(struct th_lost_log *lost)
{
    if (lost != NULL)
        lost->is_behind = true;
    return lost != NULL;
}

bool th_lost_meet(struct th_lost_log *lost, const char *origin, size_t origin_size)
{
    if (!th_lost_say(lost))
        return false;
    if (origin_size < sizeof lost->other_origin) {
        memcpy(lost->other_origin, origin, origin_size);
        lost->other_origin[origin_size] = '\0';
    }
    return true;
}

bool th_lost_take(struct th_lost_log *lost, uint64_t size, bool is_signed, const char *note,
                  size_t note_size)
{
    TH_ASSERT(note_size <= TH_LOST_NOTE_MAX);
    if (!th_lost_say(lost))
        return false;
    bool is_newer = !lost->is_known || size > lost->size ||
                    (size == lost->size && is_signed && !lost->is_signed);
    if (!is_newer)
        return true;
    lost->is_known = true;
    lost->is_signed = is_signed;
    lost->size = size;
    lost->note_size = note_size;
    memcpy(lost->note, note, note_size);
    return true;
}
