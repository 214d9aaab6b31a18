// What the driver leaves undone about connections that it makes: it waits without end for a server that accepts one and does not greet
// it, works in another database where the one that was asked for is refused, and keeps to itself why none comes about.

import type { Redis } from 'ioredis';
import type { RedisClient } from './redis-client.ts';
import { refusalCode } from './refusal-code.ts';

/** Hears by what code a connection does not come about, and an empty text when one has. */
type TroubleListener = (trouble: string) => void;

/** Also of each server of a cluster. A greeting may take `greetingMsMax`: a new connection is tried behind it. */
export function guardConnections(client: RedisClient, greetingMsMax: number, onTrouble: TroubleListener): void {
  guard(client, greetingMsMax, onTrouble);
  // Because: the driver gives the connections of a cluster up for good when they end, and makes them anew when they are needed.
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
      // Because: the driver waits for a server that reads its file, and tells nobody.
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
  // Because: an event without a listener would end the process.
  client.on('error', (error: Error) => {
    const code = codeOf(error);
    if (!isSelection(error)) {
      if (code !== '') onTrouble(code);
      return;
    }
    onTrouble(`its database cannot be selected: ${code}`);
    // The driver would go on in database 0, which may be somebody else's.
    client.disconnect(true);
  });
}

/** Whether a server that is connected to answers, and has not read its file yet. Without an answer it stays open. */
async function isLoading(client: RedisClient): Promise<boolean> {
  if (client.status !== 'connect' || client.isCluster) return false;
  return /^loading:1/m.test(await client.info('persistence').catch(() => ''));
}

/** Whether the server refuses the database. */
function isSelection(error: Error & { readonly command?: { readonly name?: string } }): boolean {
  return refusalCode(error) !== null && error.command?.name === 'select';
}

/** `WRONGPASS`, `ECONNREFUSED`, `CERT_HAS_EXPIRED`: messages name addresses. Empty for what follows from another error. */
function codeOf(error: Error): string {
  // What a cluster says is that none of its servers could be asked; each has its reason.
  if ('lastNodeError' in error && error.lastNodeError instanceof Error) return codeOf(error.lastNodeError);
  return refusalCode(error) ?? ('code' in error && typeof error.code === 'string' ? error.code : '');
}
