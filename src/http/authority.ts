// The grammar of hosts with an optional port (RFC 3986 section 3.2), as Host and `:authority` carry them.

const authorityForm = /^(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9._~-]{0,253}))(?::[0-9]{1,5})?$/;

/** Whether text is a host (name or address) with an optional port up to 65535. User information is refused (RFC 9110 section 7.2). */
export function isAuthority(text: string): boolean {
  if (!authorityForm.test(text)) return false;
  const colon = text.lastIndexOf(':');
  return colon === -1 || colon < text.lastIndexOf(']') || Number(text.slice(colon + 1)) <= 65_535;
}
