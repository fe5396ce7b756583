// The earlier system's way: one process of plain Node, and seven statements on PostgreSQL for each webhook.
//
//     node server.mjs PORT PUBLIC_KEY DATABASE_URL
//
// Each commits for itself, as `pool.query` does: on two cores that was faster than BEGIN and COMMIT around them.
import crypto from "node:crypto";
import http from "node:http";

import { Pool } from "./wire.mjs";

const [port, publicKey, databaseUrl] = process.argv.slice(2);
const POOL_SIZE = 10;
const ED25519_DER_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const MAX_SKEW_S = 300;
const WEBHOOKS = "/api/telnyx/webhooks/calls";

const key = crypto.createPublicKey({
  key: Buffer.concat([ED25519_DER_PREFIX, Buffer.from(publicKey, "base64")]),
  format: "der",
  type: "spki",
});

const TABLES = [
  `CREATE TABLE raw_events (event_id text PRIMARY KEY, event_type text, occurred_at timestamptz,
     body jsonb, processed_at timestamptz)`,
  `CREATE TABLE telnyx_calls (telnyx_call_id text PRIMARY KEY, telnyx_session_id text, from_number text,
     to_number text, status text, hangup_cause text, updated_at timestamptz)`,
  `CREATE TABLE telnyx_billing (record_id text, record_type text, cost numeric, currency text,
     billing_date timestamptz, description text, metadata jsonb, PRIMARY KEY (record_type, record_id))`,
  `CREATE TABLE reconcile_jobs (telnyx_call_id text PRIMARY KEY, telnyx_session_id text, status text,
     next_run_at timestamptz)`,
];

const INSERT_EVENT = [
  "event",
  `INSERT INTO raw_events (event_id, event_type, occurred_at, body) VALUES ($1, $2, $3, $4)
   ON CONFLICT DO NOTHING`,
];
const FIND_CALL = ["call", "SELECT status FROM telnyx_calls WHERE telnyx_call_id = $1"];
const UPSERT_CALL = [
  "upsert",
  `INSERT INTO telnyx_calls VALUES ($1, $2, $3, $4, $5, $6, now()) ON CONFLICT (telnyx_call_id) DO UPDATE
   SET status = excluded.status, hangup_cause = coalesce(excluded.hangup_cause, telnyx_calls.hangup_cause),
       updated_at = now()`,
];
const FIND_BILLING = ["billing", "SELECT cost FROM telnyx_billing WHERE record_type = 'call' AND record_id = $1"];
const INSERT_BILLING = [
  "bill",
  `INSERT INTO telnyx_billing VALUES ($1, 'call', $2, 'USD', $3, $4, '{"estimated": true}')`,
];
const UPDATE_BILLING = [
  "rebill",
  `UPDATE telnyx_billing SET cost = $2, billing_date = $3, description = $4
   WHERE record_type = 'call' AND record_id = $1`,
];
const INSERT_JOB = [
  "job",
  `INSERT INTO reconcile_jobs VALUES ($1, $2, 'pending', now() + interval '5 seconds') ON CONFLICT DO NOTHING`,
];
const MARK_EVENT = ["processed", "UPDATE raw_events SET processed_at = now() WHERE event_id = $1"];

async function keep(pool, event, body) {
  const { payload } = event;
  const call = payload.call_control_id;
  const ask = ([name, sql], ...values) => pool.query(name, sql, values);
  await ask(INSERT_EVENT, event.id, event.event_type, event.occurred_at, body);
  await ask(FIND_CALL, call);
  const status = event.event_type.replace("call.", "");
  await ask(
    UPSERT_CALL, call, payload.call_session_id, payload.from ?? null, payload.to ?? null, status,
    payload.hangup_cause ?? null,
  );
  const isBilled = (await ask(FIND_BILLING, call)) > 0;
  const cost = payload.total_cost ?? "0.015";
  await ask(
    isBilled ? UPDATE_BILLING : INSERT_BILLING, call, cost, event.occurred_at,
    `Call to ${payload.to ?? ""} [estimated]`,
  );
  await ask(INSERT_JOB, call, payload.call_session_id);
  await ask(MARK_EVENT, event.id);
}

function isSigned(headers, body) {
  const timestamp = headers["telnyx-timestamp"];
  const signature = Buffer.from(headers["telnyx-signature-ed25519"] ?? "", "base64");
  const isFresh = Math.abs(Date.now() / 1000 - Number(timestamp)) <= MAX_SKEW_S;
  return isFresh && crypto.verify(null, Buffer.concat([Buffer.from(`${timestamp}|`), body]), key, signature);
}

function readBody(request) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.on("error", reject);
  });
}

async function take(pool, request) {
  if (request.method === "GET") return 200;
  const body = await readBody(request);
  if (request.url !== WEBHOOKS || !isSigned(request.headers, body)) return 401;
  const event = JSON.parse(body).data;
  await keep(pool, event, body.toString());
  return 200;
}

const answers = { 200: '{"success":true}', 401: '{"error":"not signed by Telnyx"}', 500: '{"error":"not kept"}' };

const pool = new Pool(databaseUrl, POOL_SIZE);
await pool.ready;
for (const [index, sql] of TABLES.entries()) await pool.query(`table${index}`, sql, []);
http
  .createServer(async (request, response) => {
    let status = 500;
    try {
      status = await take(pool, request);
    } catch (error) {
      console.error(error);
    }
    const answer = answers[status];
    response.writeHead(status, { "content-type": "application/json", "content-length": answer.length });
    response.end(answer);
  })
  .listen(Number(port), "127.0.0.1");
