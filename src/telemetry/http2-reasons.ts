// The reasons for which the gateway ends HTTP/2 connections and streams of clients, as they are counted. A list.

export const http2Reasons = [
  /** The connection broke a rule of RFC 9113. */
  'protocol',
  'flow_control',
  'frame_size',
  'compression',
  'stream_closed',
  /** A stream broke a rule: it is reset, and the connection goes on. */
  'stream',
  /** A malformed message (RFC 9113 section 8.1.1). */
  'malformed',
  /** More streams than were allowed. */
  'refused_stream',
  'rapid_reset',
  'frame_flood',
  'ping_flood',
  'settings_flood',
  'continuation_flood',
  /** The client took no bytes of its responses. */
  'stalled',
  'preface_timeout',
  'header_timeout',
  'ping_timeout',
] as const;

export type Http2Reason = (typeof http2Reasons)[number];
