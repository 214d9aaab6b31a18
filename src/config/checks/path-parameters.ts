// Names of the parameters in a route's path, and of those that a template uses. What they match is decided in route/.

/** The parameters of `/users/{id}` and `/files/{path*}`, and the named groups of `~regex`. */
export function parametersOf(path: string): string[] {
  const pattern = path.startsWith('~') ? /\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>/g : /\{([A-Za-z_][A-Za-z0-9_-]*)\*?\}/g;
  return [...path.matchAll(pattern)].map(match => match[1]!);
}

/** The names in braces that a template uses. */
export function parametersAskedFor(template: string): string[] {
  return [...template.matchAll(/\{([A-Za-z_][A-Za-z0-9_-]*)\*?\}/g)].map(match => match[1]!);
}
