// Compiles a reply of the configuration to one that exchanges send. Values of its fields become the bytes of their UTF-8, like its body.

import { utf8AsLatin1 } from '../base/latin1.ts';
import type { ReplyConfig } from '../config/config.ts';
import type { Reply } from '../exchange/response.ts';

export function compileReply({ status, headers, body }: ReplyConfig): Reply {
  return { status, headers: headers.map(({ name, value }) => [name, utf8AsLatin1(value)] as const), body };
}
