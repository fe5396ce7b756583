"""The statements that fill a large book: set-based, for the tables of the first schema, on either store."""

SQLITE_WORDS = {
    "time": "strftime('%Y-%m-%d %H\\:%M\\:%S', at_s, 'unixepoch') || '.000000'",
    "day": "date(billing_date)",
    "uuid": "printf('%08x-0000-4000-8000-%012d', i * 2654435761 % 4294967296, i)",
    "json": "",
    "sync": "SELECT 1",
}
POSTGRESQL_WORDS = {
    "time": "to_timestamp(at_s)",
    "day": "(billing_date AT TIME ZONE 'UTC')\\:\\:date",
    "uuid": "lpad(to_hex(i * 2654435761 % 4294967296), 8, '0') || '-0000-4000-8000-' || lpad(i\\:\\:text, 12, '0')",
    "json": "\\:\\:jsonb",
    # Rows were inserted with ids of their own: the next one must not collide with them.
    "sync": "SELECT setval(pg_get_serial_sequence(name, 'id'), :count + 1) FROM (VALUES"
    " ('telnyx_billing'), ('telnyx_calls'), ('clusters')) AS tables(name)",
}

WHOLE_METADATA = """'{"source"\\: "detail_records_api", "rate"\\: 0.007, "billedSeconds"\\: ' || (minutes * 60)
            || ', "callSeconds"\\: ' || duration || ', "fetchedAt"\\: "2026-01-01T00\\:00\\:00Z", "parts"\\: ['
            || '{"recordType"\\: "sip-trunking", "recordId"\\: "' || {uuid} || '", "cost"\\: 0.005, "rate"\\: "0.005",'
            || ' "billedSeconds"\\: 60, "callSeconds"\\: 42, "source"\\: "detail_records_api"}, '
            || '{"recordType"\\: "call-control", "recordId"\\: "' || {uuid} || '", "cost"\\: 0.002, "rate"\\: "0.002",'
            || ' "billedSeconds"\\: 60, "callSeconds"\\: 42, "source"\\: "detail_records_api"}]}'"""
SHORT_METADATA = """'{"source"\\: "detail_records_api"}'"""

# `a` to `d` are evenly spread over 31 bits and independent enough of each other (Lehmer generators).
CHARGES = (
    """
    INSERT INTO clusters (id)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) SELECT i FROM n
    """,
    """
    INSERT INTO telnyx_billing (id, cluster_id, phone_number, contact, direction, record_type, record_id, status,
        source, currency, cost_nanos, billing_date, duration, description, metadata, settled_at, merged_into,
        created_at, updated_at)
    WITH drawn AS (
        SELECT id AS i, id * 48271 * 69621 % 2147483647 % 1000 AS a, id * 16807 * 39373 % 2147483647 AS b,
            id * 630360016 % 2147483647 AS c, id * 742938285 % 2147483647 AS d
        FROM clusters
    ), typed AS (
        SELECT i, a, b, c, d, CASE WHEN a < 680 THEN 'call' WHEN a < 998 THEN 'sms' ELSE 'other' END AS kind,
            CASE WHEN a < 380 OR a BETWEEN 680 AND 819 THEN 'outbound' WHEN a < 998 THEN 'inbound' ELSE '' END AS way,
            CASE WHEN a < 680 THEN 5 + d % 600 ELSE 0 END AS duration,
            :start_s + (i - 1) * :span_s / :count AS at_s,
            CASE WHEN i > :newest OR c % 200 = 0 THEN 1 ELSE 0 END AS open
        FROM drawn
    ), priced AS (
        SELECT typed.*, (duration + 59) / 60 AS minutes,
            CASE kind WHEN 'other' THEN '' ELSE '+1303555' || (1000 + c % 9000) END AS party
        FROM typed
    )
    SELECT i, i, '+12025550' || (100 + b % :number_count), party, way, kind,
        CASE kind WHEN 'call' THEN 'v3:' || {uuid} WHEN 'sms' THEN {uuid} ELSE 'inference:' || {uuid} END,
        CASE open WHEN 1 THEN 'estimated' ELSE 'exact' END,
        CASE open WHEN 1 THEN 'fallback' ELSE 'detail_records_api' END,
        CASE WHEN c % 1000 = 7 AND i < :count / 10 THEN 'EUR' ELSE 'USD' END,
        CASE kind WHEN 'call' THEN CASE WHEN open = 1 THEN minutes * 15000000 ELSE
            minutes * CASE way WHEN 'outbound' THEN 7000000 ELSE 5500000 END
                + CASE WHEN i % 5 = 0 THEN minutes * 2000000 ELSE 0 END
                + CASE WHEN i % 11 = 0 THEN 2000000 ELSE 0 END END
            WHEN 'sms' THEN (1 + d % 2) * 7050000 ELSE 100000 + d % 900000 END,
        {time}, duration,
        CASE kind WHEN 'call' THEN 'Call ' || CASE way WHEN 'outbound' THEN 'to ' ELSE 'from ' END || party
            || ' (' || duration || 's)' || CASE open WHEN 1 THEN ' [estimated @ 0.015/min]' ELSE '' END
            WHEN 'sms' THEN 'SMS ' || CASE way WHEN 'outbound' THEN 'to ' ELSE 'from ' END || party
            ELSE 'inference' END,
        ({metadata}){json},
        CASE open WHEN 1 THEN NULL ELSE {time} END, NULL, {time}, {time}
    FROM priced
    """,
    """
    INSERT INTO billing_parts (billing_id, position, record_type, record_id, cost_nanos, rate, billed_seconds,
        call_seconds, source)
    WITH charges AS (
        SELECT id AS i, record_type AS kind, direction, cost_nanos, duration, (duration + 59) / 60 AS minutes, status
        FROM telnyx_billing
    ), lines AS (
        SELECT i, 0 AS position, 'sip-trunking' AS part, duration,
            minutes * CASE direction WHEN 'outbound' THEN 5000000 ELSE 3500000 END AS nanos
        FROM charges WHERE kind = 'call' AND (status = 'exact' OR i % 2 = 0)
        UNION ALL SELECT i, 1, 'call-control', duration, minutes * 2000000 FROM charges
            WHERE kind = 'call' AND status = 'exact'
        UNION ALL SELECT i, 2, 'recording', duration, minutes * 2000000 FROM charges
            WHERE kind = 'call' AND status = 'exact' AND i % 5 = 0
        UNION ALL SELECT i, 3, 'amd', 0, 2000000 FROM charges
            WHERE kind = 'call' AND status = 'exact' AND i % 11 = 0
        UNION ALL SELECT i, 0, CASE kind WHEN 'sms' THEN 'messaging' ELSE 'inference' END, 0, cost_nanos FROM charges
            WHERE kind <> 'call'
    )
    SELECT i, position, part, {uuid}, nanos, '0.005', duration, duration, 'detail_records_api'
    FROM lines ORDER BY i, position
    """,
    """
    INSERT INTO charge_rollups (day, phone_number, record_type, currency, slot, cost_nanos, exact_nanos,
        charge_count, exact_count)
    SELECT {day}, phone_number,
        CASE record_type WHEN 'other' THEN 'other' ELSE record_type || '_' || direction END, currency, 0,
        SUM(cost_nanos), SUM(CASE status WHEN 'exact' THEN cost_nanos ELSE 0 END),
        COUNT(*), SUM(CASE status WHEN 'exact' THEN 1 ELSE 0 END)
    FROM telnyx_billing GROUP BY 1, 2, 3, 4
    """,
)
"""Charges with their parts and sums, one statement for each table."""

RECORDS = (
    """
    INSERT INTO billing_entries (billing_id, kind, amount_nanos, cost_after_nanos, source, posted_at)
    SELECT id, CASE status WHEN 'exact' THEN 'exact' ELSE 'estimate' END, cost_nanos, cost_nanos, source, billing_date
    FROM telnyx_billing
    """,
    """
    INSERT INTO detail_records (record_type, record_id, cluster_id, record_time, first_observed_at, currency,
        cost_nanos, home_kind, home_record_id)
    SELECT line.record_type, line.record_id, charge.cluster_id, charge.billing_date, charge.billing_date,
        charge.currency, line.cost_nanos, charge.record_type, charge.record_id
    FROM telnyx_billing AS charge JOIN billing_parts AS line ON line.billing_id = charge.id
    """,
    """
    INSERT INTO telnyx_calls (id, telnyx_call_id, telnyx_session_id, cluster_id, call_control_id, call_leg_id,
        from_number, to_number, direction, status, duration, currency, cost_nanos, started_at, answered_at, ended_at,
        hangup_cause, merged_into, created_at, updated_at)
    SELECT id, record_id, 'session-' || record_id, cluster_id, record_id, 'leg-' || record_id,
        CASE direction WHEN 'outbound' THEN phone_number ELSE contact END,
        CASE direction WHEN 'outbound' THEN contact ELSE phone_number END,
        direction, 'completed', duration, currency, cost_nanos, billing_date, billing_date, billing_date,
        'normal_clearing', NULL, created_at, updated_at
    FROM telnyx_billing WHERE record_type = 'call'
    """,
    """
    INSERT INTO anchors (anchor, cluster_id)
    SELECT 'leg:' || record_id, cluster_id FROM telnyx_billing WHERE record_type = 'call'
    UNION ALL SELECT 'leg:' || call_leg_id, cluster_id FROM telnyx_calls
    UNION ALL SELECT 'session:' || telnyx_session_id, cluster_id FROM telnyx_calls
    UNION ALL SELECT 'message:' || record_id, cluster_id FROM telnyx_billing WHERE record_type = 'sms'
    UNION ALL SELECT 'record:' || record_id, cluster_id FROM telnyx_billing WHERE record_type = 'other'
    """,
    """
    INSERT INTO record_rollups (record_type, day, currency, slot, cost_nanos, record_count)
    SELECT record_type, {day}, currency, 0, SUM(cost_nanos), COUNT(*)
    FROM (SELECT record_type, record_time AS billing_date, currency, cost_nanos FROM detail_records) AS records
    GROUP BY 1, 2, 3
    """,
)
"""What charges come from and belong to: their entries, detail records, call legs, the ids by which they are found."""
