// Which content types are worth compressing. Does not compress.

/** How many results are remembered; a backend sends few different types. */
const REMEMBERED_MAX = 256;

export class ContentTypes {
  private readonly exact: ReadonlySet<string>;
  /** `text/` for `text/*`; `endings` has `+json` for `*+json`. */
  private readonly beginnings: readonly string[];
  private readonly endings: readonly string[];
  private readonly remembered: Map<string, boolean>;

  constructor(types: readonly string[]) {
    const lower = types.map(type => type.toLowerCase());
    this.exact = new Set(lower);
    this.beginnings = lower.filter(type => type.endsWith('/*')).map(type => type.slice(0, -1));
    this.endings = lower.filter(type => type.startsWith('*+')).map(type => type.slice(1));
    this.remembered = new Map();
  }

  /** Whether the value of a Content-Type field, with or without parameters, is one of the types. */
  has(contentType: string): boolean {
    const known = this.remembered.get(contentType);
    if (known !== undefined) return known;
    const answer = this.find(contentType);
    if (this.remembered.size >= REMEMBERED_MAX) this.remembered.clear();
    this.remembered.set(contentType, answer);
    return answer;
  }

  private find(contentType: string): boolean {
    const semicolonAt = contentType.indexOf(';');
    const type = (semicolonAt === -1 ? contentType : contentType.slice(0, semicolonAt)).trim().toLowerCase();
    // gRPC compresses its messages individually and depends on their frames.
    if (type.startsWith('application/grpc')) return false;
    return (
      this.exact.has(type) ||
      this.beginnings.some(beginning => type.startsWith(beginning)) ||
      this.endings.some(ending => type.endsWith(ending))
    );
  }
}
