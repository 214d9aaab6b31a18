// Gathers the outgoing bytes of one thread, so that a message leaves in one write. Knows sockets and field lines, no protocol.

import type { Socket } from 'node:net';
import { writeLatin1 } from '../base/latin1.ts';
import { fieldLine } from '../http/field-block.ts';
import { WriteOutcome, type WriteOwner, writeNow } from './direct-write.ts';
import { secureWriterOf } from './tls/secure-writer.ts';

/** A connection whose bytes the outbox may hold. */
export interface Sender {
  readonly socket: Socket;
  /** The bytes were handed to the socket; `full`: send no more before `onDrain`. */
  onSent(full: boolean): void;
  onDrain(): void;
  /** The peer takes no more bytes. Bytes that it sent before can still be read; a sender that has no use for them destroys the socket. */
  onWriteFailed(): void;
}

const CAPACITY = 96 * 1024;
/** Bytes of a field line besides its name and value: colon, space and line end. */
const FIELD_SIGNS = 4;
/** The most buffers kept for reuse after slow peers have held them. */
const SPARES_MAX = 8;

/**
 * One buffer per thread. `begin(sender)` reserves it for this sender, after sending the bytes of the one before. `flush()` sends;
 * every callback of the event loop ends with it. Bytes are copied in, so that callers may reuse their buffers at once.
 */
export class Outbox implements WriteOwner<Sender> {
  private buffer: Buffer;
  private length: number;
  private sender: Sender | null;
  private readonly spares: Buffer[];

  constructor() {
    this.buffer = Buffer.allocUnsafeSlow(CAPACITY);
    this.length = 0;
    this.sender = null;
    this.spares = [];
  }

  begin(sender: Sender): void {
    if (this.sender === sender) return;
    if (this.sender !== null) this.flush();
    this.sender = sender;
  }

  /** Appends latin1 text. When it does not fit any more, the bytes gathered so far are sent first. */
  text(text: string): void {
    if (this.length + text.length > CAPACITY) {
      this.flushKeepingSender();
      if (text.length > CAPACITY) {
        this.sendDirectly(Buffer.from(text, 'latin1'));
        return;
      }
    }
    this.length += writeLatin1(this.buffer, text, this.length);
  }

  /** Appends a field line of a head, in latin1. */
  field(name: string, value: string): void {
    if (this.length + name.length + value.length + FIELD_SIGNS > CAPACITY) {
      this.text(fieldLine(name, value));
      return;
    }
    const { buffer } = this;
    let at = this.length;
    at += writeLatin1(buffer, name, at);
    buffer[at] = 0x3a;
    buffer[at + 1] = 0x20;
    at += 2;
    at += writeLatin1(buffer, value, at);
    buffer[at] = 0x0d;
    buffer[at + 1] = 0x0a;
    this.length = at + 2;
  }

  /** Appends a copy of `bytes[start, end)`. */
  bytes(bytes: Buffer, start: number, end: number): void {
    const size = end - start;
    if (this.length + size > CAPACITY) {
      this.flushKeepingSender();
      if (size > CAPACITY) {
        this.sendDirectly(Buffer.from(bytes.subarray(start, end)));
        return;
      }
    }
    bytes.copy(this.buffer, this.length, start, end);
    this.length += size;
  }

  /** Sends the gathered bytes. */
  flush(): void {
    const { sender } = this;
    if (sender === null) return;
    this.sender = null;
    this.send(sender);
  }

  private flushKeepingSender(): void {
    const { sender } = this;
    if (sender === null) return;
    this.send(sender);
    this.sender = sender;
  }

  private send(sender: Sender): void {
    const { length } = this;
    if (length === 0) return;
    this.length = 0;
    const { socket } = sender;
    if (socket.destroyed) return;
    const { buffer } = this;
    const outcome = writeNow(socket, buffer, length, this, sender);
    if (outcome === WriteOutcome.sent) {
      sender.onSent(false);
      return;
    }
    if (outcome === WriteOutcome.full) {
      sender.onSent(true);
      return;
    }
    if (outcome === WriteOutcome.pending) {
      this.buffer = this.spares.pop() ?? Buffer.allocUnsafeSlow(CAPACITY);
      sender.onSent(true);
      return;
    }
    if (outcome === WriteOutcome.failed) {
      sender.onWriteFailed();
      return;
    }
    const full = !socket.write(buffer.subarray(0, length));
    // Bytes that the kernel did not take at once still lie in this buffer: leave it to the socket and go on with another.
    if (socket.writableLength > 0) {
      this.retire(socket, this.buffer);
      this.buffer = this.spares.pop() ?? Buffer.allocUnsafeSlow(CAPACITY);
    }
    sender.onSent(full);
  }

  onWritten(sender: Sender, buffer: Buffer | null, failed: boolean): void {
    if (buffer !== null) this.takeBack(buffer);
    if (failed) sender.onWriteFailed();
    else sender.onDrain();
  }

  private takeBack(buffer: Buffer): void {
    if (buffer.length === CAPACITY && this.spares.length < SPARES_MAX) this.spares.push(buffer);
  }

  private sendDirectly(bytes: Buffer): void {
    const { sender } = this;
    if (sender === null || sender.socket.destroyed) return;
    const { socket } = sender;
    if (secureWriterOf(socket) === undefined) {
      sender.onSent(!socket.write(bytes));
      return;
    }
    const outcome = writeNow(socket, bytes, bytes.length, this, sender);
    if (outcome === WriteOutcome.failed) sender.onWriteFailed();
    else sender.onSent(outcome !== WriteOutcome.sent);
  }

  /** Takes the buffer back once the socket has sent all of it. If the socket dies first, the garbage collector gets the buffer. */
  private retire(socket: Socket, buffer: Buffer): void {
    // The callback of an empty write comes once everything written before has left.
    socket.write('', error => {
      if ((error === null || error === undefined) && this.spares.length < SPARES_MAX) this.spares.push(buffer);
    });
  }
}
