// Calls tasks once at the end of the event loop's turn, after every readable socket has been read. Knows no protocol.

/** A task that completes at the end of a turn what it gathered during the turn. */
export interface TurnEndTask {
  onTurnEnd(): void;
}

/** One per thread. Costs nothing while no task is added. */
export class TurnEnd {
  private tasks: TurnEndTask[];
  private running: TurnEndTask[];

  constructor() {
    this.tasks = [];
    this.running = [];
  }

  /** Calls `task` once, at the end of this turn; a task that is added during those calls is called in the next turn. */
  add(task: TurnEndTask): void {
    if (this.tasks.push(task) === 1) setImmediate(this.run);
  }

  private readonly run = (): void => {
    const { tasks } = this;
    this.tasks = this.running;
    this.running = tasks;
    for (let i = 0; i < tasks.length; i++) tasks[i]!.onTurnEnd();
    tasks.length = 0;
  };
}
