// Finds out that a connection on which a client only listens has gone silent. Nothing is sent over it, so that nothing would fail: without
// questions it could wait for hours for the messages of a server that is gone or has been replaced.

import type { RedisClient } from './redis-client.ts';

const ASK_EVERY_MS = 1_000;
/** How many times in a row a question may be found unanswered. A busy server may take a while. */
const UNANSWERED_MAX = 2;

/** Asks again and again, and has the connection made anew when no answer comes. Returns a function that stops this. */
export function keepHearing(client: RedisClient): () => void {
  // Because: a cluster's client finds out by itself, as it looks for moved slots, and its own questions go over other connections.
  if (client.isCluster) return () => {};
  let unanswered = 0;
  const timer = setInterval(() => {
    if (client.status !== 'ready') {
      unanswered = 0;
    } else if (unanswered > UNANSWERED_MAX) {
      unanswered = 0;
      client.disconnect(true);
    } else if (unanswered++ === 0) {
      const heard = () => {
        unanswered = 0;
      };
      // A refusal is an answer as well. When the connection ends, the next one begins anew.
      client.ping().then(heard, heard);
    }
  }, ASK_EVERY_MS).unref();
  return () => clearInterval(timer);
}
