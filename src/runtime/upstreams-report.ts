// The states of all upstreams for the admin's /upstreams: asked of every worker, added up, with what discovery knows beside them.

import { feedsOfUpstream } from '../compile/upstream-members.ts';
import type { UpstreamConfig } from '../config/config.ts';
import type { FeedDesk } from './feeds/feed-desk.ts';
import type { UpstreamState } from './messages.ts';
import type { UpstreamsReport } from './status.ts';
import { addUpstreamStates } from './upstream-sum.ts';
import type { WorkerCrew } from './worker-crew.ts';

const ANSWER_TIMEOUT_MS = 1_000;

/** `configs` are the upstreams that serve. A worker that does not answer within a second is left out. */
export async function upstreamsReport(
  { workers }: Pick<WorkerCrew, 'workers'>,
  configs: readonly UpstreamConfig[],
  feeds: Pick<FeedDesk, 'describe'>,
): Promise<UpstreamsReport> {
  const asked = workers.map(worker => worker.call('upstreams', null, ANSWER_TIMEOUT_MS));
  const results = await Promise.allSettled(asked);
  const states = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
  const withDiscovery = (state: UpstreamState): UpstreamState => {
    const config = configs.find(({ name }) => name === state.name);
    const needs = config === undefined ? [] : feedsOfUpstream(config);
    const discovery = needs.map(need => feeds.describe(need)).filter(each => each !== null);
    return discovery.length === 0 ? state : { ...state, discovery };
  };
  return { upstreams: addUpstreamStates(states).map(withDiscovery), workers: states.length };
}
