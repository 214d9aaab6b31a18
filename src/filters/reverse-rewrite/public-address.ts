// What an upstream's address of itself is for clients: URLs, and the scope of cookies. Knows no exchange and no filter.

/** The two sides of one exchange. */
export interface Sides {
  /** The scheme that the client uses. */
  readonly scheme: 'http' | 'https';
  /** The host that the client asked for, with a port if it gave one, in lower case. Empty when it gave none. */
  readonly asked: string;
  /** The hosts by which the upstream may call itself, in the same form. */
  readonly own: readonly string[];
  /** The prefix that was removed from the path, without a slash at its end; empty for none. */
  readonly prefix: string;
}

/** A URL with a host, with or without a scheme (RFC 3986 section 4.2: `//host/path` is one, too). */
const withHost = /^(?:(https?):)?\/\/([^/?#]*)(.*)$/is;
/** What browsers take for slashes in front of a host, or skip there: such a path alone would lead to another site. */
const slashesInFront = /^[/\\\t]+/;

/**
 * The URL reference of a response's head as the client needs it: a path of the upstream with the prefix, without its host. A reference
 * to another site, and one that is relative to the client's own URL, stay as they are.
 */
export function publicReference(reference: string, sides: Sides): string {
  const { asked, own, prefix } = sides;
  const parts = withHost.exec(reference);
  if (parts === null) return reference.startsWith('/') ? prefix + reference : reference;
  const [, scheme = '', authority = '', rest = ''] = parts;
  const named = withoutPort(authority.toLowerCase(), scheme);
  const isAsked = asked !== '' && named === withoutPort(asked, scheme);
  if (!isAsked && !own.some(host => withoutPort(host, scheme) === named)) return reference;
  const path = `/${rest.replace(slashesInFront, '')}`;
  if (!isAsked) return prefix + path;
  // An upstream that knows the public host may know the public path as well.
  const whole = isUnder(path, prefix) ? path : prefix + path;
  // The upstream sends a client that came in plain text to TLS: without the host, the client would stay, and be sent again.
  return scheme.toLowerCase() === 'https' && sides.scheme === 'http' ? `${scheme}://${authority}${whole}` : whole;
}

/** Whether a path lies under the prefix: `/api` and `/api/x` under `/api`, but not `/apix`. */
function isUnder(path: string, prefix: string): boolean {
  if (prefix === '' || !path.startsWith(prefix)) return false;
  return path.length === prefix.length || '/?#'.includes(path[prefix.length]!);
}

/** Without the port that the scheme has by itself; a reference without a scheme has the client's, so either may be left out. */
function withoutPort(authority: string, scheme: string): string {
  const own = scheme === '' ? /:(?:80|443)$/ : scheme.toLowerCase() === 'https' ? /:443$/ : /:80$/;
  return authority.replace(own, '');
}

/** A `Set-Cookie` value that the client keeps and sends back: without the upstream's domain, for the public path. */
export function publicCookie(cookie: string, sides: Sides): string {
  const [pair = '', ...attributes] = cookie.split(';');
  const kept = attributes.flatMap(attribute => {
    const [, word = '', value = ''] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/.exec(attribute) ?? [];
    const name = word.toLowerCase();
    if (name === 'domain' && isDomainOfUpstreamOnly(value, sides)) return [];
    return name === 'path' && value.length > 1 && value.startsWith('/')
      ? [` Path=${sides.prefix}${value}`]
      : [attribute];
  });
  return [pair, ...kept].join(';');
}

/** Whether only the upstream belongs to the domain: a client that asked for another host drops such a cookie (RFC 6265 section 5.3). */
function isDomainOfUpstreamOnly(value: string, { asked, own }: Sides): boolean {
  const domain = value.toLowerCase().replace(/^\./, '');
  return !belongsTo(asked, domain) && own.some(host => belongsTo(host, domain));
}

function belongsTo(authority: string, domain: string): boolean {
  const host = authority.replace(/:\d*$/, '');
  return host === domain || host.endsWith(`.${domain}`);
}
