// The health check that asks a gRPC service for its status (grpc.health.v1.Health/Check). Encodes and decodes the two messages by hand:
// each has one field.

import type { ClientContext } from '../../net/tls/client-tls.ts';
import { askH2 } from './h2-question.ts';
import { type ProbeOutcome, ProbeReason, type ProbeSpec, type ProbeTarget } from './prober.ts';

/** A value of HealthCheckResponse.ServingStatus. */
const SERVING = 1;
/** Prefix of a gRPC message: one byte that says whether the message is compressed, and four of its length. */
const PREFIX_BYTES = 5;
/** Tag of `service` in HealthCheckRequest: field 1, a string. */
const SERVICE_TAG = 0x0a;
/** Tag of `status` in HealthCheckResponse: field 1, a varint. */
const STATUS_TAG = 0x08;

const UNKNOWN = 2;
/** At most two digits: no gRPC status has more, and cells have no room for more. */
const statusPattern = /^\d{1,2}$/;

export async function probeGrpc(
  target: ProbeTarget,
  spec: ProbeSpec,
  tls: ClientContext | null,
): Promise<ProbeOutcome> {
  const { outcome, headers, trailers, body } = await askH2(target, spec, tls, {
    method: 'POST',
    path: '/grpc.health.v1.Health/Check',
    fields: [
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
      ['grpc-timeout', `${Math.ceil(spec.timeoutMs)}m`],
    ],
    body: checkRequest(spec.service),
    isEnough: given => given !== 200,
  });
  const { reason, status } = outcome;
  if (reason !== ProbeReason.passed) return outcome;
  if (status !== 200) return { reason: ProbeReason.status, status };
  // A response without a message carries its status in the head. A missing or non-numeric status counts as UNKNOWN.
  const told = trailers?.get('grpc-status') ?? headers?.get('grpc-status') ?? '';
  const grpcStatus = statusPattern.test(told) ? Number(told) : UNKNOWN;
  if (grpcStatus !== 0) return { reason: ProbeReason.grpcStatus, status: grpcStatus };
  return { reason: servingStatus(body) === SERVING ? ProbeReason.passed : ProbeReason.notServing, status };
}

function checkRequest(service: string): Buffer {
  const name = Buffer.from(service);
  // proto3 omits an empty name, the default. Names are under 128 bytes, so that one byte holds the length.
  // Because: checks run in the supervisor, and these are a few bytes.
  const message = name.length === 0 ? name : Buffer.concat([Buffer.of(SERVICE_TAG, name.length), name]);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  // Because: as above.
  return Buffer.concat([prefix, message]);
}

/** The status in a response; 0 (UNKNOWN) when the message has none or is malformed. */
function servingStatus(body: Buffer): number {
  const isPlain = body.length === PREFIX_BYTES + 2 && body[0] === 0 && body.readUInt32BE(1) === 2;
  return isPlain && body[PREFIX_BYTES] === STATUS_TAG ? body[PREFIX_BYTES + 1]! : 0;
}
