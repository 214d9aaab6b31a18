// One thing at a time: a reload, a worker's replacement and a drain must not work on the workers at once. Knows none of them.

export class TurnQueue {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs `task` when those before it are done, whatever became of them. Resolves or rejects as the task does. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.last.then(task, task);
    this.last = mine.catch(() => {});
    return mine;
  }
}
