import { dlopen, FFIType, ptr } from "bun:ffi";

const { i32, u32, u64_fast: size, ptr: pointer } = FFIType;

/** The few system calls of a TCP client, of Linux on 64 bits. */
const signatures = {
  socket: { args: [i32, i32, i32], returns: i32 },
  connect: { args: [i32, pointer, u32], returns: i32 },
  send: { args: [i32, pointer, size, i32], returns: FFIType.i64_fast },
  recv: { args: [i32, pointer, size, i32], returns: FFIType.i64_fast },
  close: { args: [i32], returns: i32 },
  epoll_create1: { args: [i32], returns: i32 },
  epoll_ctl: { args: [i32, i32, i32, pointer], returns: i32 },
  epoll_wait: { args: [i32, pointer, i32, i32], returns: i32 },
} as const;

const afInet = 2;
const sockStream = 1;
const epollIn = 1;
const epollAdd = 1;
const msgTrunc = 0x20;
const msgDontWait = 0x40;
const msgNoSignal = 0x4000;
/** struct epoll_event of x86-64 is packed; other machines align its data. */
const eventBytes = process.arch === "x64" ? 12 : 16;
const maxEvents = 256;

/** Sockets without an event loop of JavaScript's: nothing is copied, allocated or scheduled that need not be. */
export interface RawSockets {
  /** A connected socket that `wait` reports on. Throws when it cannot be had. */
  connect(hostname: string, port: number): number;
  /** Throws unless all was taken: requests are small. */
  send(socket: number, bytes: Uint8Array): void;
  /** Reads what is there into the buffer: its length, 0 at the end of the connection, undefined when there is nothing. */
  receive(socket: number, into: Uint8Array): number | undefined;
  /** Throws away what is there, at most so many bytes, without copying it (tcp(7), MSG_TRUNC); results as `receive`. */
  discard(socket: number, bytes: number): number | undefined;
  /** Sockets that have something to be read; blocks this whole process until there are some or the time is over. */
  wait(milliseconds: number): readonly number[];
  close(socket: number): void;
}

/** Undefined where there is no libc to be called: then `Bun.connect` has to do. */
export function openRawSockets(): RawSockets | undefined {
  const libc = openLibc();
  return libc === undefined ? undefined : createRawSockets(libc);
}

function openLibc() {
  if (process.platform !== "linux") return undefined;
  const musl = `libc.musl-${process.arch === "x64" ? "x86_64" : "aarch64"}.so.1`;
  for (const name of ["libc.so.6", musl]) {
    try {
      return dlopen(name, signatures).symbols;
    } catch {
      // The other one, then.
    }
  }
  return undefined;
}

/** What went wrong is not asked: an error is reported once, and then the connection is at its end. */
function received(result: number | bigint): number | undefined {
  return Number(result) < 0 ? undefined : Number(result);
}

function createRawSockets(libc: NonNullable<ReturnType<typeof openLibc>>): RawSockets {
  const epoll = libc.epoll_create1(0);
  const events = new DataView(new ArrayBuffer(eventBytes * maxEvents));
  return {
    connect: (hostname, port) => {
      const socket = libc.socket(afInet, sockStream, 0);
      if (libc.connect(socket, ptr(encodeAddress(hostname, port)), 16) !== 0)
        throw new Error(`no connection to ${hostname}:${port}`);
      const event = new DataView(new ArrayBuffer(eventBytes));
      event.setUint32(0, epollIn, true);
      event.setInt32(eventBytes - 8, socket, true);
      if (libc.epoll_ctl(epoll, epollAdd, socket, ptr(event)) !== 0)
        throw new Error("a socket cannot be waited for");
      return socket;
    },
    send: (socket, bytes) => {
      const sent = Number(libc.send(socket, ptr(bytes), bytes.length, msgNoSignal));
      if (sent !== bytes.length) throw new Error("a request could not be sent");
    },
    receive: (socket, into) => received(libc.recv(socket, ptr(into), into.length, msgDontWait)),
    discard: (socket, bytes) => received(libc.recv(socket, null, bytes, msgDontWait | msgTrunc)),
    wait: (milliseconds) => {
      const count = libc.epoll_wait(epoll, ptr(events), maxEvents, milliseconds);
      return Array.from({ length: Math.max(0, count) }, (_, at) =>
        events.getInt32(at * eventBytes + eventBytes - 8, true),
      );
    },
    close: (socket) => void libc.close(socket),
  };
}

/** struct sockaddr_in. */
function encodeAddress(hostname: string, port: number): Uint8Array {
  const address = new DataView(new ArrayBuffer(16));
  address.setUint16(0, afInet, true);
  address.setUint16(2, port, false);
  for (const [at, part] of hostname.replace("localhost", "127.0.0.1").split(".").entries())
    address.setUint8(4 + at, Number(part));
  return new Uint8Array(address.buffer);
}
