// The methods that are passed on, in any protocol.

/**
 * Methods that are passed on: those that llhttp, and so every Node behind us, knows. What is not among them, `get` in
 * lower case too (RFC 9110 section 9.1), is taken for different things by different backends. CONNECT asks for a tunnel
 * past every route, and is not served.
 */
export const knownMethods = new Set<string>(
  (
    'GET HEAD POST PUT PATCH DELETE OPTIONS TRACE ACL BIND CHECKOUT COPY LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR ' +
    'MKCOL MOVE NOTIFY PROPFIND PROPPATCH PURGE QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE UNBIND UNLINK UNLOCK UNSUBSCRIBE'
  ).split(' '),
);
