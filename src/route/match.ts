// What a route requires of a request, as configured. Structurally equal to the types of the same content in src/config/config.ts, where it is
// said why, so that compile/ passes those straight in. No behaviour here.

/** A condition on a header, query parameter or cookie. Regular expressions match the whole value. */
export type ValueMatch =
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'regex'; readonly source: string }
  | { readonly kind: 'present' }
  | { readonly kind: 'absent' };

export interface NamedMatch {
  /** Lower case for headers, as written otherwise. */
  readonly name: string;
  readonly match: ValueMatch;
}

/** A condition on a field of a JSON body: a scalar, or a regular expression on its text. */
export interface BodyMatch {
  /** `['a', 'b', 0]` for `$.a.b[0]`. */
  readonly path: readonly (string | number)[];
  readonly match: ValueMatch | { readonly kind: 'scalar'; readonly value: string | number | boolean | null };
}

/** Conditions that must all hold. Equal to `MatchConfig`. */
export interface MatchSpec {
  /** Lower case, without a port; empty matches every host. `*.example.com` matches one or more labels in front. */
  readonly hosts: readonly string[];
  /** See path-pattern.ts. */
  readonly path: string;
  /** Upper case; empty matches every method. */
  readonly methods: readonly string[];
  readonly headers: readonly NamedMatch[];
  readonly query: readonly NamedMatch[];
  readonly cookies: readonly NamedMatch[];
  readonly body: readonly BodyMatch[];
}

/** Equal to `RewriteConfig`: what goes upstream instead of the path and the host received; empty keeps them. */
export interface RewriteSpec {
  readonly stripPrefix: string;
  readonly path: string;
  readonly host: string;
}
