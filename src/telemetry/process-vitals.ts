// State of the whole process in the gateway's block: memory, CPU time, start, open files. Written by the supervisor at each scrape.

import { descriptorLimit, openDescriptors } from '../base/descriptor-limit.ts';
import { residentBytes } from '../base/resident-bytes.ts';
import { GatewayCell } from './metric-families.ts';

const MICROS_PER_MS = 1_000;

/** Computed once: programs that watch the start time take each change of it for a restart. */
const startedAtMs = Math.round(Date.now() - process.uptime() * 1_000);

/** Writes the present values; `offset` is that of the gateway's block. */
export function sampleProcess(cells: Float64Array, offset: number): void {
  const { user, system } = process.cpuUsage();
  cells[offset + GatewayCell.residentBytes] = residentBytes();
  cells[offset + GatewayCell.cpuMs] = (user + system) / MICROS_PER_MS;
  cells[offset + GatewayCell.startMs] = startedAtMs;
  const limit = descriptorLimit();
  cells[offset + GatewayCell.openDescriptors] = openDescriptors();
  cells[offset + GatewayCell.descriptorsMax] = Number.isFinite(limit) ? limit : 0;
}
