# SPDX-License-Identifier: Apache-2.0
"""Tables and function of a PostgreSQL that does the same work as the core, made from the plan.

A submission's bytes go straight into a journal, whose places an index of ranges finds. Reports are
only added, one row for each revision, under the natural key: the newest of a unit is the first row
below (obligation, unit), so that one search finds the revision, the digest and the first stamp,
which decide. A report that breaks a hard rule is not taken. Rollups of the obligations
that a batch has touched are aggregated again from their newest revisions: that needs no differences
and no search for a minimum or maximum that was taken away. An extreme and the first unit that has
it are one number, value * UNITS + unit.
"""

import json

from postgres import NODE_NAMES, figures

BITS = 13
UNITS = 1 << BITS  # more than there are; any figure times this fits into 64 bits


class Cells:
    """The columns of a rollup: (name, from reports, from the rows of the provinces)."""

    def __init__(self, plan):
        self.kinds = plan["figures"]
        self.columns = [("received", "count(*)", "sum"),
                        ("on_time", "count(*) FILTER (WHERE NOT is_late)", "sum"),
                        ("late", "count(*) FILTER (WHERE is_late)", "sum"),
                        ("texts", "sum(texts)", "sum")]
        for i, kind in enumerate(self.kinds):
            self.columns.append((f"c{i}", f"count(f{i})", "sum"))
            if kind != "max":
                self.columns.append((f"s{i}", f"coalesce(sum(f{i}), 0)::bigint", "sum"))
            if kind == "average":
                self.columns.append((f"least{i}", f"min(f{i} * {UNITS} + unit)", "min"))
            if kind != "sum":
                last = UNITS - 1
                self.columns.append((f"most{i}", f"max(f{i} * {UNITS} + {last} - unit)", "max"))
        for i, (numerator, denominator) in enumerate(plan["ratios"]):
            has = " AND ".join(f"f{term} IS NOT NULL" for term in {*numerator, *denominator})
            self.columns.append((f"both{i}", f"count(*) FILTER (WHERE {has})", "sum"))
            for name, terms in ((f"n{i}", numerator), (f"d{i}", denominator)):
                total = " + ".join(f"f{term}" for term in terms)
                rows = f"coalesce(sum({total}) FILTER (WHERE {has}), 0)::bigint"
                self.columns.append((name, rows, "sum"))

    def names(self):
        return [name for name, _, _ in self.columns]

    def shown(self):
        """In the order of `recompute … same`."""
        for name, _, _ in self.columns:
            if name.startswith("least"):
                yield f"coalesce({name} >> {BITS}, 0), coalesce({name} & {UNITS - 1}, 0)"
            elif name.startswith("most"):
                yield (f"coalesce({name} >> {BITS}, 0), "
                       f"coalesce({UNITS - 1} - ({name} & {UNITS - 1}), 0)")
            else:
                yield name


def schema(plan):
    cells = Cells(plan)
    due = f"(ARRAY[{', '.join(map(str, plan['due_ms']))}]::bigint[])[obligation + 1]"
    broken = " OR ".join(f"({rule['broken']})" for rule in plan["rules"] if rule["is_error"])
    warned = ", ".join(f"CASE WHEN {rule['broken']} THEN '{rule['id']}' END"
                       for rule in plan["rules"] if not rule["is_error"])
    warnings = f"nullif(concat_ws(' ', {warned}), '')" if warned else "NULL::text"
    names = cells.names()
    from_reports = ", ".join(f"{rows} AS {name}" for name, rows, _ in cells.columns)
    from_provinces = ", ".join(f"{how}({name})" for name, _, how in cells.columns)
    return f"""
CREATE TABLE journal(position bigint NOT NULL, raw bytea NOT NULL);
ALTER TABLE journal ALTER raw SET STORAGE PLAIN;
CREATE INDEX journal_position ON journal USING brin(position);
CREATE TABLE report(obligation int, unit int, revision int, province int NOT NULL,
    texts int NOT NULL, received_ms bigint NOT NULL, first_ms bigint NOT NULL,
    is_late boolean NOT NULL, digest bytea NOT NULL, position bigint NOT NULL, warnings text,
    {figures("f{i} bigint")});
CREATE UNIQUE INDEX report_key ON report(obligation, unit, revision DESC);
CREATE TABLE rollup(obligation int, node int, {", ".join(f"{name} bigint" for name in names)},
    PRIMARY KEY (obligation, node)) WITH (fillfactor = 30);
CREATE TABLE stage_shape(obligation int, unit int, province int, revision int, digest bytea,
    position bigint, received_ms bigint, texts int, {figures("f{i} bigint")});
CREATE FUNCTION take_same(OUT accepted bigint, OUT wrong bigint) LANGUAGE plpgsql AS $$ BEGIN
    WITH ordered AS (SELECT s.*, coalesce(last.revision, 0) AS last_revision,
                            last.digest AS last_digest,
                            coalesce(last.first_ms, first_value(received_ms) OVER w) AS first_ms,
                            lag(s.revision) OVER w AS before,
                            lag(s.digest) OVER w AS before_digest, dense_rank() OVER w AS place
                     FROM stage s LEFT JOIN LATERAL
                          (SELECT r.revision, r.digest, r.first_ms FROM report r
                           WHERE r.obligation = s.obligation AND r.unit = s.unit
                           ORDER BY r.obligation, r.unit, r.revision DESC LIMIT 1) last ON true
                     WHERE ({broken}) IS NOT TRUE
                     WINDOW w AS (PARTITION BY s.obligation, s.unit,
                                  s.revision > coalesce(last.revision, 0) ORDER BY s.revision)),
        judged AS (SELECT *, CASE
                       WHEN revision = before THEN digest = before_digest
                       WHEN revision = last_revision THEN digest = last_digest
                       WHEN revision < last_revision THEN digest =
                           (SELECT r.digest FROM report r WHERE r.obligation = o.obligation
                            AND r.unit = o.unit AND r.revision = o.revision)
                       ELSE revision = last_revision + place END AS is_right,
                       revision > last_revision AND revision IS DISTINCT FROM before AS is_new
                   FROM ordered o),
        added AS (INSERT INTO report
                  SELECT obligation, unit, revision, province, texts, received_ms, first_ms,
                         first_ms >= {due}, digest, position, {warnings}, {figures("f{i}")}
                  FROM judged WHERE is_new AND is_right
                  RETURNING 1)
    SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM stage) -
           (SELECT count(*) FROM judged WHERE is_right)
    INTO accepted, wrong;
    WITH newest AS (SELECT DISTINCT ON (obligation, unit) * FROM report
                    WHERE obligation = ANY (ARRAY(SELECT DISTINCT obligation FROM stage))
                    ORDER BY obligation, unit, revision DESC),
        provinces AS (SELECT obligation, province, {from_reports}
                      FROM newest GROUP BY obligation, province)
    INSERT INTO rollup
    SELECT * FROM provinces UNION ALL
    SELECT obligation, 0, {from_provinces}
    FROM provinces GROUP BY obligation
    ON CONFLICT (obligation, node) DO UPDATE SET
        ({", ".join(names)}) = ROW({", ".join(f"excluded.{name}" for name in names)});
END $$;
"""


class Same:
    """As postgres.Lean."""

    form = "same"

    def plan(self, place):
        return json.loads(place.run("plan_sql", place.work, "single"))

    def schema(self, place):
        return schema(self.plan(place))

    def rollups(self, place):
        shown = ", ".join(Cells(self.plan(place)).shown())
        return f"SELECT {NODE_NAMES}, {shown} FROM rollup ORDER BY obligation, node;"


SAME = Same()
