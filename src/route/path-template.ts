// Text with parameters in braces, cut into pieces once. What the pieces are filled with is in rewrite.ts and template.ts.

/** Literal text and names in turn: `/v2/{id}/x` is `['/v2/', 'id', '/x']`; literals are at even places. */
export type TemplatePieces = readonly string[];

const brace = /\{([A-Za-z_][A-Za-z0-9_-]*\*?)\}/;

/** Cuts a template; a string is what is wrong, for the operator. Names may end in `*`. */
export function templatePieces(template: string): TemplatePieces | string {
  const pieces = template.split(brace);
  const stray = pieces.find((piece, i) => i % 2 === 0 && /[{}]/.test(piece));
  return stray === undefined ? pieces : `\`${template}\` has a brace that belongs to no parameter`;
}
