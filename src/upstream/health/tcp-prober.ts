// The health check that only opens a connection.

import { connect } from 'node:net';
import { connectPlace } from '../../net/connect-place.ts';
import { type ProbeOutcome, ProbeReason, type ProbeSpec, type ProbeTarget } from './prober.ts';

export function probeTcp(target: ProbeTarget, spec: ProbeSpec): Promise<ProbeOutcome> {
  return new Promise(resolve => {
    const socket = connect(connectPlace(target.address ?? target.host, spec.port ?? target.port));
    const end = (reason: number) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ reason, status: 0 });
    };
    // Because: checks run in the supervisor, which has no timer wheel.
    const timer = setTimeout(() => end(ProbeReason.timedOut), spec.timeoutMs);
    socket.once('connect', () => end(ProbeReason.passed));
    socket.on('error', () => end(ProbeReason.noConnection));
  });
}
