// URLs of servers that are trusted: an issuer, its keys, an introspection endpoint. https, unless it is this machine.

import { z } from 'zod';

/** Whether what is sent there can be read or changed in transit. */
export function isSafeUrl(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.[0-9]+\.[0-9]+\.[0-9]+$/.test(host);
}

/** What is wrong with a URL in the configuration; undefined when nothing is. Shows nothing of it. */
function serverUrlError(text: string): string | undefined {
  // Because: URL puts white space around it right, and slashes that are too few, while an issuer is compared letter for letter; and it
  // takes a comma behind the host for a part of its name.
  const url = /^https?:\/\/[^\s,;/]+(?:[/?]\S*)?$/i.test(text) ? URL.parse(text) : null;
  if (url === null) return 'expected a URL such as https://idp.example.com';
  if (url.username !== '' || url.password !== '') return 'a password has no place in a URL: it would be logged';
  if (url.hash !== '') return 'a URL of a server has no fragment';
  return undefined;
}

export const serverUrl = z.string().superRefine((text, context) => {
  const message = serverUrlError(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message, continue: false });
});
