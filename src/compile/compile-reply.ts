// From a reply of the configuration to one that is given: values of its fields as bytes of UTF-8, as its body is.

import { utf8AsLatin1 } from '../base/latin1.ts';
import type { ReplyConfig } from '../config/config.ts';
import type { Reply } from '../exchange/response.ts';

export function compileReply({ status, headers, body }: ReplyConfig): Reply {
  return { status, headers: headers.map(({ name, value }) => [name, utf8AsLatin1(value)] as const), body };
}
