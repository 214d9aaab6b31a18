// A page for people with places for what is known of one refusal: `${status}`. Knows no protocol, and reads no file.

/** What a page may name. */
export const pageVariables = ['status', 'title', 'code', 'requestId'] as const;

export type PageVariable = (typeof pageVariables)[number];
export type PageValues = Readonly<Record<PageVariable, string>>;

/** A placeholder, with a second `$` where the text itself is meant. Everything else in `${...}`, as in scripts, stays as it is. */
const placeholder = /\$(\$?)\{([A-Za-z][A-Za-z0-9]*)\}/g;

export class PageTemplate {
  /** Fixed text and placeholders in turn, beginning with text. */
  private readonly texts: readonly string[];
  private readonly variables: readonly PageVariable[];
  /** Placeholders that stand for nothing, with the offset of each. */
  readonly unknown: readonly { readonly name: string; readonly offset: number }[];

  constructor(source: string) {
    const texts: string[] = [];
    const variables: PageVariable[] = [];
    const unknown: { name: string; offset: number }[] = [];
    let text = '';
    let end = 0;
    for (const { 0: whole, 1: dollar, 2: name, index } of source.matchAll(placeholder)) {
      text += source.slice(end, index);
      end = index + whole.length;
      const variable = dollar === '' ? pageVariables.find(each => each === name) : undefined;
      if (variable === undefined) {
        if (dollar === '') unknown.push({ name: name!, offset: index });
        text += dollar === '' ? whole : whole.slice(1);
        continue;
      }
      texts.push(text);
      variables.push(variable);
      text = '';
    }
    this.texts = [...texts, text + source.slice(end)];
    this.variables = variables;
    this.unknown = unknown;
  }

  /** The page as HTML. The values are plain text, and are escaped. */
  fill(values: PageValues): string {
    let page = this.texts[0]!;
    for (const [at, variable] of this.variables.entries()) page += escaped(values[variable]) + this.texts[at + 1]!;
    return page;
  }
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that is safe between tags and inside quoted attributes. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, letter => entities[letter]!);
}
