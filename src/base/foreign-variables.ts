// Finds variables in the syntax of nginx, Envoy, HAProxy and Caddy in templates, where they would be literal text. Fills in nothing.

/** A variable as written, and the one of this language that has its value; `meant` is empty when none has. */
export interface ForeignVariable {
  readonly letters: string;
  readonly meant: string;
}

/** By the name of an nginx variable, or of a placeholder of Caddy without `http.request.`. */
const meanings: Readonly<Record<string, string>> = {
  remote_addr: 'client.ip',
  binary_remote_addr: 'client.ip',
  client_ip: 'client.ip',
  remote_host: 'client.ip',
  'remote.host': 'client.ip',
  host: 'host',
  http_host: 'host',
  hostport: 'host',
  server_name: 'host',
  scheme: 'scheme',
  request_method: 'method',
  method: 'method',
  uri: 'path',
  'uri.path': 'path',
  document_uri: 'path',
  args: 'query',
  query_string: 'query',
  'uri.query': 'query',
  query: 'query',
  request_id: 'requestId',
  uuid: 'requestId',
};

const nginx =
  /\$((?:http|cookie|arg|ssl|upstream|proxy|server|remote|binary_remote|request|document|query|time|sent_http|realip)_[a-z0-9_]+|host|scheme|uri|args|is_args|hostname|msec|status)\b/;
const envoy = /%(?:(REQ)\(([^)]*)\)|([A-Z][A-Z_]{3,})(?:\([^)]*\))?)(?::[0-9]+)?%/;
const haproxy = /%\[([a-z][a-z_.]*)(?:\(([A-Za-z0-9-]+)[^)]*\))?[^\]]*\]/;
const caddy =
  /\{(?:http\.request\.([a-z0-9_.-]+)|(remote_host|remote_port|client_ip|hostport|uri|upstream_hostport)|http\.reverse_proxy\.[a-z_.]+)\}/i;

/** The first such variable of `text`; undefined when there is none. */
export function foreignVariable(text: string): ForeignVariable | undefined {
  const ofNginx = nginx.exec(text);
  if (ofNginx !== null) return { letters: ofNginx[0], meant: meaningOf(ofNginx[1]!) };
  const ofEnvoy = envoy.exec(text);
  if (ofEnvoy !== null) return { letters: ofEnvoy[0], meant: envoyMeaning(ofEnvoy[2], ofEnvoy[3] ?? '') };
  const ofHaproxy = haproxy.exec(text);
  if (ofHaproxy !== null) return { letters: ofHaproxy[0], meant: haproxyMeaning(ofHaproxy[1]!, ofHaproxy[2] ?? '') };
  const ofCaddy = caddy.exec(text);
  if (ofCaddy === null) return undefined;
  const name = (ofCaddy[1] ?? ofCaddy[2] ?? '').toLowerCase();
  // Because: there it is the path with the query, for which there is no variable here.
  return { letters: ofCaddy[0], meant: name === 'uri' ? '' : meaningOf(name) };
}

function meaningOf(name: string): string {
  if (Object.hasOwn(meanings, name)) return meanings[name]!;
  const [, kind, rest] = /^(http_|header\.|cookie_|cookie\.)(.+)$/.exec(name) ?? [];
  if (kind === undefined) return '';
  return kind.startsWith('cookie') ? `cookie.${rest}` : `header.${rest!.replaceAll('_', '-')}`;
}

function envoyMeaning(field: string | undefined, name: string): string {
  if (field === undefined) return name.startsWith('DOWNSTREAM_REMOTE_ADDRESS') ? 'client.ip' : '';
  const pseudo: Readonly<Record<string, string>> = {
    ':authority': 'host',
    ':path': 'path',
    ':method': 'method',
    ':scheme': 'scheme',
  };
  const wanted = field.split('?')[0]!.toLowerCase();
  return pseudo[wanted] ?? (/^[a-z0-9-]+$/.test(wanted) ? `header.${wanted}` : '');
}

function haproxyMeaning(fetch: string, argument: string): string {
  if (fetch === 'src') return 'client.ip';
  if (/^(?:req\.)?f?hdr$/.test(fetch))
    return argument.toLowerCase() === 'host' ? 'host' : `header.${argument.toLowerCase()}`;
  if (fetch === 'path' || fetch === 'method' || fetch === 'query') return fetch;
  return fetch === 'req.cook' || fetch === 'cook' ? `cookie.${argument}` : '';
}
