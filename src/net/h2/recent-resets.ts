// The ids of the last streams that we reset, in a ring: frames that the peer sent before it saw the reset are ignored
// (RFC 9113 section 5.1).

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
