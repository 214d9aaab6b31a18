// Splits text with parameters in braces into pieces, once. rewrite.ts and template.ts say what the parameters are replaced by.

/** Literal texts and parameter names in turn, literals at even indexes: `['/v2/', 'id', '/x']` for `/v2/{id}/x`. */
export type TemplatePieces = readonly string[];

const brace = /\{([A-Za-z_][A-Za-z0-9_-]*\*?)\}/;

/** Splits a template. Names may end in `*`. A returned string is an error message for the operator. */
export function templatePieces(template: string): TemplatePieces | string {
  const pieces = template.split(brace);
  const stray = pieces.find((piece, i) => i % 2 === 0 && /[{}]/.test(piece));
  return stray === undefined ? pieces : `\`${template}\` has a brace that belongs to no parameter`;
}
