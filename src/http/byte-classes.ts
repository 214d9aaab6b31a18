// Tables for the parsers: which bytes are allowed in which part of an HTTP message (RFC 9110 section 5.6.2, RFC 3986).

/** 1 for bytes that may stand in a token (RFC 9110 section 5.6.2), that is, in methods and header names. */
export const tokenByte = new Uint8Array(256);
for (const letter of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  tokenByte[letter.charCodeAt(0)] = 1;
}

/** 1 for bytes that may stand in a field value: HTAB, SP, visible ASCII and obs-text (RFC 9110 section 5.5). */
export const valueByte = new Uint8Array(256);
valueByte[0x09] = 1;
for (let byte = 0x20; byte < 0x100; byte++) if (byte !== 0x7f) valueByte[byte] = 1;

/** Classes of bytes in a request target. */
export const TargetByte = {
  illegal: 0,
  plain: 1,
  /** These four, `/` `.` `%` and `\`, mean that a path may need normalisation; `/` and `.` only after a `/`. */
  slash: 2,
  dot: 3,
  percent: 4,
  backslash: 5,
  question: 6,
} as const;

/** The `TargetByte` class of each byte. `#`, white space, control bytes and bytes outside ASCII are illegal. */
export const targetByte = new Uint8Array(256);
for (let byte = 0x21; byte < 0x7f; byte++) targetByte[byte] = TargetByte.plain;
targetByte[0x23] = TargetByte.illegal;
targetByte[0x2f] = TargetByte.slash;
targetByte[0x2e] = TargetByte.dot;
targetByte[0x25] = TargetByte.percent;
targetByte[0x5c] = TargetByte.backslash;
targetByte[0x3f] = TargetByte.question;

/** Value of a hexadecimal digit, 255 for any other byte. */
export const hexValue = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 10; digit++) hexValue[0x30 + digit] = digit;
for (let digit = 0; digit < 6; digit++) hexValue[0x41 + digit] = hexValue[0x61 + digit] = 10 + digit;
