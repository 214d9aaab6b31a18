// Error codes of RST_STREAM and GOAWAY (RFC 9113 section 7).

export const ErrorCode = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const;

/** The name of an error code as in the RFC, such as `PROTOCOL_ERROR`; hexadecimal for an unknown code. */
export function errorName(code: number): string {
  const name = Object.entries(ErrorCode).find(([, value]) => value === code)?.[0];
  return name === undefined ? `0x${code.toString(16)}` : name.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase();
}
