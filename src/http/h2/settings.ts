// Reads and checks the peer's SETTINGS (RFC 9113 section 6.5, RFC 8441), and encodes the gateway's own as a payload.

import { ErrorCode } from './error-code.ts';
import { WINDOW_DEFAULT, WINDOW_MAX } from './flow-window.ts';
import { FRAME_BYTES_DEFAULT, FRAME_BYTES_LIMIT, readUint32, writeUint32 } from './frame.ts';

export const Setting = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
  enableConnectProtocol: 0x8,
} as const;

export const SETTING_BYTES = 6;

/** The settings that the peer has announced; the default values until then. */
export class PeerSettings {
  headerTableBytes = 4096;
  pushEnabled = true;
  concurrentStreamsMax = Infinity;
  initialWindow: number = WINDOW_DEFAULT;
  frameBytesMax: number = FRAME_BYTES_DEFAULT;
  headerListBytesMax = Infinity;
  connectProtocol = false;

  /** Applies a payload of whole settings. Returns 0, or the error code with which the connection must end. Ignores unknown settings. */
  apply(bytes: Buffer, start: number, end: number): number {
    for (let at = start; at < end; at += SETTING_BYTES) {
      const value = readUint32(bytes, at + 2);
      switch ((bytes[at]! << 8) | bytes[at + 1]!) {
        case Setting.headerTableSize:
          this.headerTableBytes = value;
          break;
        case Setting.enablePush:
          if (value > 1) return ErrorCode.protocolError;
          this.pushEnabled = value === 1;
          break;
        case Setting.maxConcurrentStreams:
          this.concurrentStreamsMax = value;
          break;
        case Setting.initialWindowSize:
          if (value > WINDOW_MAX) return ErrorCode.flowControlError;
          this.initialWindow = value;
          break;
        case Setting.maxFrameSize:
          if (value < FRAME_BYTES_DEFAULT || value > FRAME_BYTES_LIMIT) return ErrorCode.protocolError;
          this.frameBytesMax = value;
          break;
        case Setting.maxHeaderListSize:
          this.headerListBytesMax = value;
          break;
        case Setting.enableConnectProtocol:
          // RFC 8441 section 3: once enabled, it cannot be disabled again.
          if (value > 1 || (value === 0 && this.connectProtocol)) return ErrorCode.protocolError;
          this.connectProtocol = value === 1;
          break;
      }
    }
    return ErrorCode.noError;
  }
}

/** Encodes the payload of a SETTINGS frame. Ids must be below 256. */
export function settingsPayload(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(settings.length * SETTING_BYTES);
  let at = 0;
  for (const [id, value] of settings) {
    payload[at + 1] = id;
    at = writeUint32(payload, at + 2, value);
  }
  return payload;
}
