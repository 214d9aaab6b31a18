// What a route requires of a request, as configured. The types are structurally equal to those in src/config/config.ts, which says
// why, so that compile/ passes configuration objects in unchanged. No behaviour here.

/** A condition on a value: of a header, query parameter, cookie or body field. Regular expressions must match the whole value. */
export type ValueMatch =
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'regex'; readonly source: string }
  | { readonly kind: 'present' }
  | { readonly kind: 'absent' };

export interface NamedMatch {
  /** In lower case for a header, as written for a query parameter or cookie. */
  readonly name: string;
  readonly match: ValueMatch;
}

/** A condition on a field of a JSON body: equal to a scalar with its type, or a `ValueMatch` on the field's text. */
export interface BodyMatch {
  /** `['a', 'b', 0]` for `$.a.b[0]`. */
  readonly path: readonly (string | number)[];
  readonly match: ValueMatch | { readonly kind: 'scalar'; readonly value: string | number | boolean | null };
}

/** The conditions of a route, which must all hold. Structurally equal to `MatchConfig`. */
export interface MatchSpec {
  /** Host patterns in lower case, without a port; empty matches every host. `*.example.com` matches one or more labels in front. */
  readonly hosts: readonly string[];
  /** Path pattern; see path-pattern.ts. */
  readonly path: string;
  /** Methods in upper case; empty matches every method. */
  readonly methods: readonly string[];
  readonly headers: readonly NamedMatch[];
  readonly query: readonly NamedMatch[];
  readonly cookies: readonly NamedMatch[];
  readonly body: readonly BodyMatch[];
  /** Names of the listeners at which the route holds; every one when left out. */
  readonly listeners?: readonly string[] | undefined;
  /** CIDR blocks of the clients for which the route holds; every client when left out. */
  readonly clients?: readonly string[] | undefined;
}

/** Path and host to send upstream instead of those received; an empty text changes nothing. Structurally equal to `RewriteConfig`. */
export interface RewriteSpec {
  readonly stripPrefix: string;
  readonly path: string;
  readonly host: string;
}
