// Parses text with placeholders: `${name}`. Does not know which names are valid; the user of the template does.

/** A piece of fixed text, or a variable's name. */
export type TemplatePart = { readonly text: string } | { readonly variable: string };

/**
 * The parts of a template, with adjacent text merged. `$${` stands for a literal `${`. Throws a TypeError with a message for the operator
 * when a placeholder is empty or not closed.
 */
export function parseTemplate(template: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let text = '';
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf('${', at);
    if (open === -1) break;
    if (template[open - 1] === '$' && open > at) {
      text += `${template.slice(at, open - 1)}\${`;
      at = open + 2;
      continue;
    }
    const close = template.indexOf('}', open);
    if (close === -1)
      throw new TypeError(`"\${" is not closed in ${JSON.stringify(template)}; write "$\${" for a literal "\${"`);
    const variable = template.slice(open + 2, close);
    if (variable === '') throw new TypeError(`"\${}" names no variable in ${JSON.stringify(template)}`);
    text += template.slice(at, open);
    if (text !== '') parts.push({ text });
    text = '';
    parts.push({ variable });
    at = close + 1;
  }
  text += template.slice(at);
  if (text !== '') parts.push({ text });
  return parts;
}
