// Converts an offset in a text to its line and column, and gives the text of a line. Knows no format.

export class LineIndex {
  private readonly text: string;
  /** Offset of each line's first character. */
  private readonly starts: number[] = [0];

  constructor(text: string) {
    this.text = text;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.starts.push(at + 1);
  }

  /** Line and column both count from 1; columns are UTF-16 units. */
  placeOf(offset: number): { readonly line: number; readonly column: number } {
    const { starts } = this;
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle]! <= offset) low = middle + 1;
      else high = middle;
    }
    return { line: low, column: offset - starts[low - 1]! + 1 };
  }

  /** The text of a line without its line end; empty beyond the last line. */
  lineText(line: number): string {
    const start = this.starts[line - 1];
    if (start === undefined) return '';
    return this.text.slice(start, (this.starts[line] ?? this.text.length + 1) - 1).replace(/\r$/, '');
  }
}
