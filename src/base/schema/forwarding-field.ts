// The fields that tell an upstream which way a request came. Only the gateway writes them; no identity service and no claim may.

/** X-Forwarded-User and the others that tell who calls are not among them: identity services give these names to what they found out. */
export const forwardingField =
  /^(?:forwarded|via|x-forwarded-(?!(?:user|email|groups|preferred-username|access-token)$).*)$/i;
