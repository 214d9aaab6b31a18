// URLs of servers that the gateway trusts: an issuer, its keys, an introspection endpoint. https, unless the server is on this machine.

import { z } from 'zod';

/** Whether traffic to this URL is protected from being read or changed in transit: https, or http to a loopback address. */
export function isSafeUrl(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.[0-9]+\.[0-9]+\.[0-9]+$/.test(host);
}

/** What is wrong with a URL in the configuration; undefined when nothing is. The message shows no part of the URL. */
function serverUrlError(text: string): string | undefined {
  // Because: the URL parser trims surrounding white space and adds missing slashes, while an issuer is compared character by character; and
  // the parser takes a comma behind the host as a part of the host name.
  const url = /^https?:\/\/[^\s,;/]+(?:[/?]\S*)?$/i.test(text) ? URL.parse(text) : null;
  if (url === null) return 'expected a URL that begins with https:// or http://, such as https://idp.example.com';
  if (url.username !== '' || url.password !== '') return 'a password has no place in a URL: it would be logged';
  if (url.hash !== '') return 'a URL of a server has no fragment';
  return undefined;
}

export const serverUrl = z.string().superRefine((text, context) => {
  const message = serverUrlError(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message, continue: false });
});
