// What a configuration asks for in a line of the access log beyond the fixed fields: the query, and headers of the request.

import type { RequestHead } from '../http/request-head.ts';
import { jsonString } from '../telemetry/json-text.ts';

export interface AccessExtras {
  readonly query: boolean;
  /** Names of request headers in lower case. */
  readonly headers: readonly string[];
}

/** The members of the line's JSON object, each with a comma in front. As they went upstream: without what filters have taken out. */
export function extraPart({ query, headers }: AccessExtras, request: Pick<RequestHead, 'query' | 'headers'>): string {
  const text = query ? `,"query":${jsonString(request.query)}` : '';
  if (headers.length === 0) return text;
  const members: string[] = [];
  for (const name of headers) {
    const value = request.headers.getJoined(name);
    if (value !== undefined) members.push(`${jsonString(name)}:${jsonString(value)}`);
  }
  return `${text},"headers":{${members.join(',')}}`;
}
