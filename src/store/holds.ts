// Counts what still needs a store that no configuration has any more; the store is closed only when nothing does.

export class Holds {
  private held = 0;
  private waiting: (() => void)[] = [];

  /** Holds the store open until the returned function is called; call it once. */
  hold(): () => void {
    this.held++;
    return () => {
      if (--this.held > 0) return;
      for (const resolve of this.waiting.splice(0)) resolve();
    };
  }

  /** Resolves when nothing holds the store. */
  async none(): Promise<void> {
    if (this.held > 0) await new Promise<void>(resolve => this.waiting.push(resolve));
  }
}
