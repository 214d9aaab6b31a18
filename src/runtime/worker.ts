// Entry of a worker thread: answers the supervisor's calls. What each call does is in worker-core.ts and the files beside it.

import { parentPort } from 'node:worker_threads';
import { messageOf } from '../base/message-of.ts';
import type { CallMessage, CallName, LogLine, WorkerMessage } from './messages.ts';
import { findOwnModulesQuickly } from './own-modules.ts';

if (parentPort === null) throw new Error('worker.ts is the entry of a worker thread');
const port = parentPort;
findOwnModulesQuickly();
const { WorkerCore } = await import('./worker-core.ts');
const say = (message: WorkerMessage) => port.postMessage(message);
const core = new WorkerCore(
  (level, message, fields = {}, isRecord = false) =>
    say({ kind: 'log', level, message, fields, isRecord } satisfies LogLine),
  (key, hint) => say({ kind: 'nudge', key, hint }),
);

port.on('message', (call: CallMessage) => {
  void answer(call);
});

async function answer<Name extends CallName>({ id, name, ask }: CallMessage<Name>): Promise<void> {
  try {
    say({ kind: 'answer', id, answer: await core.calls[name](ask) });
  } catch (error) {
    say({ kind: 'failure', id, reason: messageOf(error) });
  }
}
