// Reads a file of endpoints, as `discover: { file: ... }` names it: in the language of the configuration, `endpoints: [...]` and nothing
// else. Reads no disk; src/upstream/discovery watches the file.

import { z } from 'zod';
import { expected } from '../base/schema/found.ts';
import type { EndpointConfig, LocatedProblem, Problem, UpstreamConfig } from './config.ts';
import { readDocument } from './documents/read-document.ts';
import { SourceFile } from './documents/source-file.ts';
import { SourcePlaces } from './documents/source-places.ts';
import { ReadError } from './documents/yaml.ts';
import { noPieces } from './load-cache.ts';
import { checkValue } from './problems/schema-problems.ts';
import { endpointSchema } from './schemas/endpoint-schema.ts';
import { schemeMisfit } from './schemas/protocol-misfit.ts';

const schema = z.strictObject({
  endpoints: z.array(endpointSchema, expected('a list of endpoints such as [http://10.0.0.1:8080]')),
});

/**
 * Every endpoint in the text of a file. Throws an Error with the first problem, its line and column, and the number of others; one that does
 * not fit the upstream's protocol is a problem.
 */
export function readEndpointFile(
  text: string,
  file: string,
  protocol: UpstreamConfig['protocol'],
): readonly EndpointConfig[] {
  const read = readDocument(text, file, noPieces);
  if (read instanceof ReadError)
    throw failure([new SourceFile(file, text, {}).problemAtOffset(read.offset, read.message)]);
  const source = new SourceFile(file, text, read.settings, new SourcePlaces(text, read.places));
  const checked = checkValue(schema, read.settings);
  const problems = checked.ok ? misfits(checked.value.endpoints, protocol) : checked.problems;
  if (checked.ok && problems.length === 0) return checked.value.endpoints;
  throw failure(problems.map(({ path, message, at }) => source.problemAt(path, message, 'error', at ?? 'value')));
}

function misfits(endpoints: readonly EndpointConfig[], protocol: UpstreamConfig['protocol']): Problem[] {
  return endpoints.flatMap(({ tls }, at): Problem[] => {
    const message = schemeMisfit(protocol, tls);
    return message === null ? [] : [{ path: ['endpoints', at], message, severity: 'error' }];
  });
}

function failure([first, ...more]: readonly LocatedProblem[]): Error {
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return new Error(`line ${first!.line}, column ${first!.column}: ${first!.message}${others}`);
}
