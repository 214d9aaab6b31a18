// Blanks comments and the contents of strings and regular expressions with spaces; every offset stays the same.
// Lets the rules search code by pattern without matching prose. A scanner, not a parser.

/** What precedes a `/` that begins a regular expression rather than a division. */
const beforeRegex = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|delete|throw))\s*$/;

/**
 * Quotes stay, so that a string is still recognisable; line ends stay, so that line numbers hold.
 * Code inside `${}` stays.
 */
export function blankOut(text: string): string {
  let code = '';
  let at = 0;
  /** Depth of braces within each open `${`, the innermost last. */
  const templates: number[] = [];

  const skipTo = (end: number) => {
    code += text.slice(at, end).replace(/[^\n]/g, ' ');
    at = end;
  };
  const copy = () => {
    code += text[at];
    at++;
  };
  const endOf = (closing: RegExp, from: number) => {
    closing.lastIndex = from;
    return closing.exec(text)?.index ?? text.length;
  };
  /** Blanks from after the backtick or the closing brace to the next `${` or the end of the template. */
  const template = () => {
    skipTo(endOf(/(?<!\\)(?:\\\\)*(?:`|\$\{)/g, at));
    while (text[at] === '\\') skipTo(at + 2);
    if (text[at] === '$') {
      copy();
      templates.push(0);
    }
    if (at < text.length) copy();
  };

  while (at < text.length) {
    const here = text[at]!;
    if (text.startsWith('//', at)) skipTo(endOf(/$/gm, at));
    else if (text.startsWith('/*', at)) skipTo(endOf(/\*\//g, at + 2) + 2);
    else if (here === "'" || here === '"') {
      copy();
      while (at < text.length && text[at] !== here && text[at] !== '\n') skipTo(at + (text[at] === '\\' ? 2 : 1));
      if (at < text.length) copy();
    } else if (here === '`') {
      copy();
      template();
    } else if (here === '/' && beforeRegex.test(code.slice(-40))) {
      copy();
      for (let inClass = false; at < text.length && text[at] !== '\n'; ) {
        if (text[at] === '/' && !inClass) break;
        if (text[at] === '[') inClass = true;
        else if (text[at] === ']') inClass = false;
        skipTo(at + (text[at] === '\\' ? 2 : 1));
      }
      if (at < text.length) copy();
    } else {
      const depth = templates.length - 1;
      if (depth >= 0 && here === '{') templates[depth]!++;
      else if (depth >= 0 && here === '}' && templates[depth]!-- === 0) {
        templates.pop();
        copy();
        template();
        continue;
      }
      copy();
    }
  }
  return code;
}
