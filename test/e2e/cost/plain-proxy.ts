// What the cost tests measure: a gateway with default settings, metrics and access log on, in front of one backend, and requests
// as a browser and an API client send them.

/** Configuration without listeners and admin, as startGateway expects it. */
export function gatewayConfig(backendPort: number): string {
  return `accessLog: { path: /dev/null }
upstreams:
  backend:
    endpoints: ["http://127.0.0.1:${backendPort}"]
    pool: { maxConnections: 100 }
routes:
  - { name: api, match: { path: /api/* }, to: backend }
  - { name: any, match: { path: /* }, to: backend }
`;
}

const fields = [
  'Host: api.example.com',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Accept: application/json, text/plain, */*',
];

export const getRequest = `${['GET /api/items/7 HTTP/1.1', ...fields].join('\r\n')}\r\n\r\n`;

const body = JSON.stringify({ id: 7, name: 'Ada Lovelace', tags: ['a', 'b'] });

export const postRequest = `${[
  'POST /api/items HTTP/1.1',
  ...fields,
  'Content-Type: application/json',
  `Content-Length: ${body.length}`,
].join('\r\n')}\r\n\r\n${body}`;
