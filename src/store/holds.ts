// Who still needs a store when no configuration has it any more: until then it is not closed.

export class Holds {
  private held = 0;
  private waiting: (() => void)[] = [];

  /** Call what it returns once. */
  hold(): () => void {
    this.held++;
    return () => {
      if (--this.held > 0) return;
      for (const resolve of this.waiting.splice(0)) resolve();
    };
  }

  /** Resolves when nobody holds it. */
  async none(): Promise<void> {
    if (this.held > 0) await new Promise<void>(resolve => this.waiting.push(resolve));
  }
}
