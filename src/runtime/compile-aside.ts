// A worker's configurations: the one that serves, and the one that is being compiled beside it. Touches no traffic.

import { type CompileContext, type Compiled, compileSnapshot } from '../compile/compile-snapshot.ts';
import { decodeConfig } from './config-transfer.ts';
import type { PrepareOrder, PrepareReport } from './messages.ts';
import { runSliced } from './run-sliced.ts';

/** What a worker compiles with, whatever the configuration. */
type StandingContext = Pick<CompileContext, 'definitions' | 'pools' | 'worker'>;

export class CompileAside {
  private readonly context: StandingContext;
  private serving: Compiled | null = null;
  private prepared: Compiled | null = null;
  private order: PrepareOrder | null = null;

  constructor(context: StandingContext) {
    this.context = context;
  }

  /** Decodes and compiles in slices. Rejects when a newer order came meanwhile. */
  async prepare(order: PrepareOrder): Promise<PrepareReport> {
    this.order = order;
    this.prepared = null;
    const { value, totalMs, longestSliceMs } = await runSliced(this.steps(order), () => this.order !== order);
    const { compiled, problems, decodedElements } = value;
    this.prepared = compiled;
    return { problems, decodedElements, keptRoutes: compiled?.keptRoutes ?? 0, totalMs, longestSliceMs };
  }

  /** What was prepared serves from now on. Throws when nothing was. */
  commit(): Compiled {
    if (this.prepared === null) throw new Error('there is no configuration to put to use');
    this.serving = this.prepared;
    this.abort();
    return this.serving;
  }

  /** Forgets what was prepared, or stops preparing it. */
  abort(): void {
    this.prepared = null;
    this.order = null;
  }

  private *steps({ transfer, routeOffsets, upstreamOffsets, eventOffsets }: PrepareOrder) {
    const { serving } = this;
    const { config, decodedElements } = yield* decodeConfig(transfer, serving?.config ?? null);
    const result = yield* compileSnapshot(config, serving, {
      ...this.context,
      routeOffsets,
      upstreamOffsets,
      eventOffsets,
    });
    return { ...result, decodedElements };
  }
}
