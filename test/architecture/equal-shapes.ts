// Types that config/ and the room that uses them both define. Neither may import the other (see import-direction.ts), and compile/ passes
// one as the other, so a setting missing on one side would be checked and then have no effect. Here `tsc` compares them.

import type { AffinityConfig, ConcurrencyConfig, SheddingConfig } from '../../src/config/admission-config.ts';
import type * as config from '../../src/config/config.ts';
import type {
  BreakerConfig,
  HealthCheckConfig,
  OutlierConfig,
  RetryConfig,
} from '../../src/config/resilience-config.ts';
import type { StoreConfig } from '../../src/config/store-config.ts';
import type { SheddingSpec } from '../../src/exchange/admission/shedder.ts';
import type { Plan } from '../../src/exchange/identity/consumer.ts';
import type { ListedConsumer } from '../../src/exchange/identity/consumer-directory.ts';
import type { Limits, Paths } from '../../src/exchange/snapshot.ts';
import type { ListenerTlsSpec, UpstreamTlsSpec } from '../../src/net/tls/tls-specs.ts';
import type { MatchSpec, RewriteSpec } from '../../src/route/match.ts';
import type { StoreSpec } from '../../src/store/store-spec.ts';
import type { GateSpec } from '../../src/upstream/admission/gate.ts';
import type { AffinitySpec } from '../../src/upstream/affinity.ts';
import type { BalanceName } from '../../src/upstream/balance/balancer.ts';
import type { BreakerSpec } from '../../src/upstream/breaker/breaker.ts';
import type { EndpointSpec } from '../../src/upstream/endpoint.ts';
import type { ProbeSpec } from '../../src/upstream/health/prober.ts';
import type { OutlierSpec } from '../../src/upstream/outlier/outlier-watch.ts';
import type { PoolSettings } from '../../src/upstream/pool.ts';
import type { RetrySpec } from '../../src/upstream/retry/retry-policy.ts';
import type { HashOn } from '../../src/upstream/upstream.ts';

/** A type with all its members resolved, whatever it extends or is composed of. */
type Flat<Shape> = Shape extends object ? { [Key in keyof Shape]: Flat<Shape[Key]> } : Shape;

/** Whether two types are identical, not only assignable: a key that is optional on one side only makes them different. */
type Equal<One, Other> =
  (<Probe>() => Probe extends Flat<One> ? 1 : 2) extends <Probe>() => Probe extends Flat<Other> ? 1 : 2 ? true : false;

/** A compiler error here names the pair that is no longer equal. */
export type EqualShapes = AllTrue<{
  affinity: Equal<AffinityConfig, AffinitySpec>;
  balance: Equal<config.BalanceName, BalanceName>;
  breaker: Equal<BreakerConfig, BreakerSpec>;
  concurrency: Equal<ConcurrencyConfig, GateSpec>;
  consumer: Equal<config.ConsumerConfig, ListedConsumer>;
  endpoint: Equal<config.EndpointConfig, Omit<EndpointSpec, 'address'>>;
  hashOn: Equal<config.HashOnConfig, HashOn>;
  healthCheck: Equal<Omit<HealthCheckConfig, 'intervalMs' | 'unhealthyAfter' | 'healthyAfter'>, ProbeSpec>;
  limits: Equal<config.LimitsConfig, Limits>;
  listenerTls: Equal<config.ListenerTlsConfig, ListenerTlsSpec>;
  match: Equal<config.MatchConfig, MatchSpec>;
  outlier: Equal<OutlierConfig, OutlierSpec>;
  paths: Equal<config.PathsConfig, Paths>;
  plan: Equal<config.PlanConfig, Plan>;
  pool: Equal<config.PoolConfig, PoolSettings>;
  retry: Equal<RetryConfig, RetrySpec>;
  rewrite: Equal<config.RewriteConfig, RewriteSpec>;
  shedding: Equal<SheddingConfig, SheddingSpec>;
  store: Equal<StoreConfig, StoreSpec>;
  upstreamTls: Equal<config.UpstreamTlsConfig, UpstreamTlsSpec>;
}>;

type AllTrue<Pairs extends Record<keyof Pairs, true>> = Pairs;
