# SPDX-License-Identifier: Apache-2.0
"""What the counts of a run must be. Wrong says that they are not: the row is void."""

from place import Wrong

SAMPLES = 64  # as in load.c


def with_rate(result):
    result["rate"] = result["reports"] / result["seconds"]
    if "written" in result:
        result["written_each"] = result["written"] / result["reports"]
    return result


def must_be_taken(result):
    if result["wrong"] or result.get("failures") or result.get("samples_wrong"):
        raise Wrong(f"not every report was accepted: {result}")
    if result["accepted"] + result["duplicates"] != result["reports"]:
        raise Wrong(f"reports are missing: {result}")
    return with_rate(result)


def must_be_answered(result, frames):
    """Core and store: one answer for each submission."""
    if result["answers"] != frames:
        raise Wrong(f"{result['answers']} answers to {frames} submissions")


def must_have_receipts(result):
    """The network: each submission has a receipt, a duplicate's that of the first one. One of each
    of 64 parts of the submissions, or of each submission, was looked at."""
    frames, samples = result["frames"], result["samples"]
    if result["receipted"] != frames:
        raise Wrong(f"{result['receipted']} of {frames} submissions have a receipt")
    if samples == 0 or samples != min(SAMPLES, frames):
        raise Wrong(f"{samples} receipts of {frames} submissions were verified")


def must_keep_up(result, offered):
    """`offered`: reports a second. The last ones are under way when all are sent, and a shared
    machine halts now and then: a second, and a fifth of the time, are allowed for both."""
    wanted = result["reports"] / offered
    if result["seconds"] > 1.2 * wanted + 1:
        raise Wrong(f"reports of {wanted:.2f} s took {result['seconds']:.2f} s: "
                    "they were not taken as they were offered")


def must_be_asked(asked, least):
    """Both: questions a second. An answer that comes late puts the next question off."""
    if asked < least:
        raise Wrong(f"{asked:.1f} questions a second were asked, not even {least:g}")
