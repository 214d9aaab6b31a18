// Makes up for what the driver leaves undone about its connections: it waits without limit for a server that accepts a connection and does
// not greet, works in database 0 when the configured one is refused, and does not report why no connection comes about.

import type { Redis } from 'ioredis';
import type { RedisClient } from './redis-client.ts';
import { refusalCode } from './refusal-code.ts';

/** Called with the code for which a connection fails, and with an empty text when one is ready. */
type TroubleListener = (trouble: string) => void;

/** Guards all connections, in a cluster those to each server. A greeting may take `greetingMsMax`; then the connection is made anew. */
export function guardConnections(client: RedisClient, greetingMsMax: number, onTrouble: TroubleListener): void {
  guard(client, greetingMsMax, onTrouble);
  // Because: the driver makes the connections of a cluster when they are needed, and new ones in place of those that end.
  if (client.isCluster) client.on('+node', (node: Redis) => guard(node, greetingMsMax, onTrouble));
}

function guard(client: RedisClient, greetingMsMax: number, onTrouble: TroubleListener): void {
  let timer: NodeJS.Timeout | undefined;
  client.on('connect', () => {
    clearTimeout(timer);
    let why = 'it accepts connections and does not answer';
    const giveUp = () => {
      if (client.status !== 'connect') return;
      onTrouble(why);
      client.disconnect(true);
    };
    timer = setTimeout(() => {
      timer = setTimeout(giveUp, greetingMsMax / 2).unref();
      // Because: the driver waits silently for a server that is still loading its file.
      void isLoading(client).then(loads => {
        if (loads) why = 'LOADING';
      });
    }, greetingMsMax / 2).unref();
  });
  client.on('ready', () => {
    clearTimeout(timer);
    onTrouble('');
  });
  client.on('close', () => clearTimeout(timer));
  client.on('sentinelError', (error: Error) => onTrouble(sentinelTrouble(error)));
  // Because: an `error` event without a listener would end the process.
  client.on('error', (error: Error) => {
    const code = codeOf(error);
    if (!isSelection(error)) {
      if (code !== '') onTrouble(code);
      return;
    }
    onTrouble(`its database cannot be selected: ${code}`);
    // The driver would go on in database 0, which may belong to somebody else.
    client.disconnect(true);
  });
}

/** Whether a connected server answers that it is still loading its file. Stays pending until an answer comes or the connection ends. */
async function isLoading(client: RedisClient): Promise<boolean> {
  if (client.status !== 'connect' || client.isCluster) return false;
  return /^loading:1/m.test(await client.info('persistence').catch(() => ''));
}

/** Why a Sentinel gave no master. The driver puts what it was told into its own message, which names addresses. */
function sentinelTrouble({ message }: Error): string {
  if (/invalid reply|No such master/.test(message)) return 'the Sentinels know no master of this name';
  const code = /\b(NOAUTH|WRONGPASS|NOPERM|ECONNREFUSED|ETIMEDOUT|ENOTFOUND)\b/.exec(message)?.[1];
  return `no Sentinel answers${code === undefined ? '' : `: ${code}`}`;
}

/** Whether the error is the server's refusal to select the database. */
function isSelection(error: Error & { readonly command?: { readonly name?: string } }): boolean {
  return refusalCode(error) !== null && error.command?.name === 'select';
}

/** A code such as `WRONGPASS`, `ECONNREFUSED`, `CERT_HAS_EXPIRED`, since messages name addresses. Empty for errors that have none. */
function codeOf(error: Error): string {
  // The error of a cluster says that none of its servers could be asked; the reason is in the error of a server.
  if ('lastNodeError' in error && error.lastNodeError instanceof Error) return codeOf(error.lastNodeError);
  return refusalCode(error) ?? ('code' in error && typeof error.code === 'string' ? error.code : '');
}
