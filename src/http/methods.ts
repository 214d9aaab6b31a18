// The request methods that the gateway passes on, in any HTTP version.

/**
 * The methods that llhttp knows, and so every Node server upstream. Backends disagree about any other method, including `get`
 * in lower case (methods are case-sensitive, RFC 9110 section 9.1). CONNECT is missing on purpose: it asks for a tunnel past
 * every route.
 */
export const knownMethods = new Set<string>(
  (
    'GET HEAD POST PUT PATCH DELETE OPTIONS TRACE ACL BIND CHECKOUT COPY LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR ' +
    'MKCOL MOVE NOTIFY PROPFIND PROPPATCH PURGE QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE UNBIND UNLINK UNLOCK UNSUBSCRIBE'
  ).split(' '),
);
