// Names of the parameters in a route's path, and those that a template asks for. What they match is in route/.

/** Of `/users/{id}`, `/files/{path*}`, and the named groups of `~regex`. */
export function parametersOf(path: string): string[] {
  const pattern = path.startsWith('~') ? /\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>/g : /\{([A-Za-z_][A-Za-z0-9_-]*)\*?\}/g;
  return [...path.matchAll(pattern)].map(match => match[1]!);
}

/** Names in braces that a template asks for. */
export function parametersAskedFor(template: string): string[] {
  return [...template.matchAll(/\{([A-Za-z_][A-Za-z0-9_-]*)\*?\}/g)].map(match => match[1]!);
}
