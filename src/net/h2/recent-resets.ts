// Streams that we reset lately: what the peer had sent before it knew is passed over (RFC 9113 section 5.1). A ring, nothing more.

const REMEMBERED = 128;

export class RecentResets {
  private ids: Int32Array | null;
  private next: number;

  constructor() {
    this.ids = null;
    this.next = 0;
  }

  add(streamId: number): void {
    this.ids ??= new Int32Array(REMEMBERED);
    this.ids[this.next] = streamId;
    this.next = (this.next + 1) % REMEMBERED;
  }

  has(streamId: number): boolean {
    return this.ids?.includes(streamId) ?? false;
  }
}
