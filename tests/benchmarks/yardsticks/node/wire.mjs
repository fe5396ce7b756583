// The least of PostgreSQL's protocol that a server needs: connections in a pool, statements prepared once on each.
// It stands in for the package `pg`, which cannot be assumed to be there, and does less than that does: no types, no
// errors but the first, no TLS, trust authentication only.
import net from "node:net";

function message(type, ...parts) {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(type ? 5 : 4);
  if (type) head.write(type, 0, "latin1");
  head.writeInt32BE(body.length + 4, head.length - 4);
  return Buffer.concat([head, body]);
}

const zeroEnded = (word) => Buffer.from(`${word}\0`);

function int16(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

const parse = (name, sql) => message("P", zeroEnded(name), zeroEnded(sql), int16(0));
const EXECUTE = message("E", zeroEnded(""), int32(0));
const SYNC = message("S");

function bind(name, values) {
  const parts = [zeroEnded(""), zeroEnded(name), int16(0), int16(values.length)];
  for (const value of values) {
    if (value === null) {
      parts.push(int32(-1));
    } else {
      const bytes = Buffer.from(value);
      parts.push(int32(bytes.length), bytes);
    }
  }
  return message("B", ...parts, int16(0));
}

class Connection {
  constructor(url) {
    this.received = Buffer.alloc(0);
    this.waiting = [];
    this.rows = 0;
    this.error = null;
    this.prepared = new Set();
    this.socket = net.connect(Number(url.port), url.hostname);
    this.socket.setNoDelay(true);
    this.socket.on("data", (data) => this.take(data));
    const words = ["user", url.username, "database", url.pathname.slice(1), ""].map(zeroEnded);
    this.ready = this.answer();
    this.socket.write(message("", int32(196608), ...words));
  }

  // Resolves to the number of rows once the server is ready for the next question.
  answer() {
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  query(name, sql, values) {
    const parts = this.prepared.has(name) ? [] : [parse(name, sql)];
    this.prepared.add(name);
    this.socket.write(Buffer.concat([...parts, bind(name, values), EXECUTE, SYNC]));
    return this.answer();
  }

  take(data) {
    let rest = this.received.length ? Buffer.concat([this.received, data]) : data;
    while (rest.length >= 5) {
      const length = rest.readInt32BE(1) + 1;
      if (rest.length < length) break;
      this.takeMessage(String.fromCharCode(rest[0]), rest.subarray(5, length));
      rest = rest.subarray(length);
    }
    this.received = rest;
  }

  takeMessage(type, body) {
    if (type === "D") this.rows += 1;
    else if (type === "E") this.error = new Error(body.toString().replaceAll("\0", " "));
    else if (type === "Z") {
      const { resolve, reject } = this.waiting.shift();
      if (this.error) reject(this.error);
      else resolve(this.rows);
      this.rows = 0;
      this.error = null;
    }
  }
}

export class Pool {
  constructor(url, size) {
    this.free = Array.from({ length: size }, () => new Connection(new URL(url)));
    this.queue = [];
    this.ready = Promise.all(this.free.map((connection) => connection.ready));
  }

  // On whichever connection is free first.
  async query(name, sql, values) {
    const connection = this.free.pop() ?? (await new Promise((resolve) => this.queue.push(resolve)));
    try {
      return await connection.query(name, sql, values);
    } finally {
      const next = this.queue.shift();
      if (next) next(connection);
      else this.free.push(connection);
    }
  }
}
