// Generates docs/errors.md: every code that a refusal can carry, from the table that the gateway itself uses.

import { type FaultKind, type FaultSource, faultKinds } from '../src/base/fault.ts';

const parts: { source: FaultSource; title: string; text: string }[] = [
  {
    source: 'downstream',
    title: 'The request',
    text: 'The client sent something that is not accepted. Sending it again unchanged gets the same response.',
  },
  {
    source: 'gateway',
    title: 'The gateway',
    text: 'The gateway has no route or no capacity for the request, failed itself, or could not reach something that it needs.',
  },
  {
    source: 'upstream',
    title: 'The upstream',
    text: 'The service behind the gateway could not be reached, was too slow, or sent something that is not passed on.',
  },
];

export function errorReference(): string {
  const kinds = Object.entries<FaultKind>(faultKinds);
  return `${introduction}${parts
    .map(({ source, title, text }) => {
      const rows = kinds.filter(([, kind]) => kind.source === source).map(([code, kind]) => row(code, kind));
      return `\n## ${title}\n\n${text}\n\n${head}\n${rows.join('\n')}\n`;
    })
    .join('')}`;
}

const introduction = `# Errors

Every refusal is an \`application/problem+json\` document (RFC 9457) with \`type\`, \`title\`, \`status\`, \`detail\`, \`code\` and \`requestId\`,
and carries a \`Proxy-Status\` header (RFC 9209). The codes below are stable: clients and dashboards may depend on them.
The access log has the same code in its field \`code\`. [How to find the cause](guide/debugging.md).
`;

const head = '| code | status | Proxy-Status error | meaning |\n| --- | --- | --- | --- |';

function row(code: string, kind: FaultKind): string {
  const proxyStatus = kind.proxyStatus === '' ? '' : `\`${kind.proxyStatus}\``;
  return `| <a id="${code}"></a>\`${code}\` | ${kind.status} ${kind.title} | ${proxyStatus} | ${kind.meaning.replaceAll('|', '\\|')} |`;
}
