// One task at a time: a reload, a worker's replacement and a drain must not act on the workers at once. Knows nothing of the tasks.

export class TurnQueue {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs `task` when the tasks before it have ended, successfully or not. Resolves or rejects as the task does. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.last.then(task, task);
    this.last = mine.catch(() => {});
    return mine;
  }
}
